"""The filter: no secret leaves in any spelling, and what is no secret stays readable."""

from __future__ import annotations

import base64
import html
import json
import string
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackers.secret import Secret
from watcher.logs.filter import FILTER, MASK, SHORT, Filter, redact

# Eight canaries, each odd in its own way: hex, mixed case, URL-unsafe, accents, quotes, long, digits, base64's signs
CANARIES = (
    "5f2b8c1e9d04a7f36c1b2e8d9a0f4c77",
    "pBoensFupfovaqkmegGDcGmFyxiBbbDz",
    "p@ss w/rd&more=100%?#",
    "contraseña-größe-Ж-鍵",
    "quote\"back\\slash'tick<&>",
    "WE5WUU5ta2ZIZGE2c0tUQVJ1VTJOLWxf" * 3,
    "9081726354",
    "ab+/cd==ef+/",
)
SPELLINGS = {
    "plain": str,
    "quoted": lambda value: quote(value, safe=""),
    "quoted but for slashes": quote,
    "form": quote_plus,
    "lower-case percent": lambda value: quote(value, safe="").lower() if value.islower() else quote(value, safe=""),
    "all percent": lambda value: "".join(f"%{byte:02x}" for byte in value.encode()),
    "percent twice": lambda value: quote(quote(value, safe=""), safe=""),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 for addresses": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "base64 in lines": lambda value: base64.encodebytes(value.encode()).decode(),
    "hex": lambda value: value.encode().hex(),
    "upper-case hex": lambda value: value.encode().hex().upper(),
    "JSON": lambda value: json.dumps(value)[1:-1],
    "JSON not ASCII": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "PHP's JSON": lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
    "JSON in JSON": lambda value: json.dumps(json.dumps(value)[1:-1])[1:-1],
    "repr": lambda value: repr(value)[1:-1],
    "repr of bytes": lambda value: repr(value.encode())[2:-1],
    "HTML": html.escape,
    "folded": lambda value: value[: len(value) // 2] + "\n    " + value[len(value) // 2 :],
}
# Any text of six characters or more that is not made of the mask or of what surrounds it in the tests
VALUES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="*"), min_size=SHORT, max_size=60
)


def learned(*values: str) -> Filter:
    found = Filter()
    for value in values:
        found.add(value)
    return found


@pytest.mark.parametrize("value", CANARIES)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_canary_leaves_in_any_spelling(spelling, value):
    written = SPELLINGS[spelling](value)
    left = learned(*CANARIES).redact(f"before {written} after")
    assert value not in left
    assert written.rstrip("=\n") not in left
    assert MASK in left
    assert left.startswith("before ")
    assert left.endswith(" after")


def test_the_same_scan_finds_a_planted_leak():
    assert CANARIES[0] in learned(*CANARIES[1:]).redact(f"planted {CANARIES[0]}")


@given(value=VALUES, spelling=st.sampled_from(sorted(SPELLINGS)))
def test_no_secret_leaves_in_any_spelling(value, spelling):
    written = SPELLINGS[spelling](value)
    left = learned(value).redact(f"{{'x': '{written}', 'y': 1}}")
    assert value not in left
    assert written.rstrip("=\n") not in left


@given(value=VALUES, before=st.binary(max_size=12), after=st.binary(max_size=12), address=st.booleans())
def test_a_secret_inside_longer_base64_is_removed_wherever_it_stands(value, before, after, address):
    encode = base64.urlsafe_b64encode if address else base64.b64encode
    written = encode(before + value.encode() + after).decode()
    first, last = -(-len(before) * 8 // 6), (len(before) + len(value.encode())) * 8 // 6
    assert written[first:last] not in learned(value).redact(f"Basic-like {written} end")


@given(st.text(alphabet=string.ascii_letters + string.digits + " .,:;()/-_", max_size=300))
def test_text_without_a_secret_comes_back_as_it_is(text):
    if "announce" not in text.lower() and "authorization" not in text.lower() and "cookie" not in text.lower():
        assert learned(*CANARIES).redact(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("GET /announce?passkey=abc123&port=1", "GET /announce?passkey=***&port=1"),
        ("torrents.php?torrent_pass=q1w2&id=5", "torrents.php?torrent_pass=***&id=5"),
        ("authkey=WE5WUU5t-_x;next", "authkey=***;next"),
        ("https://x.example/api?apikey=k1&t=2", "https://x.example/api?apikey=***&t=2"),
        ("u=https%3A%2F%2Fx%2Fy%3Fpasskey%3Dabc%26b%3D1", "u=https%3A%2F%2Fx%2Fy%3Fpasskey%3D***%26b%3D1"),
        ('{"authkey":"WE5W","passkey":"pBoe","id":2}', '{"authkey":"***","passkey":"***","id":2}'),
        ("{'api_key': 'abc'}", "{'api_key': '***'}"),
        ("https://t.example/0123456789abcdef0123456789abcdef/announce", "https://t.example/***/announce"),
        (
            "https:\\/\\/t.example\\/0123456789abcdef0123456789abcdef\\/announce",
            "https:\\/\\/t.example\\/***\\/announce",
        ),
        ("t.example/announce/0123456789abcdef0123456789abcdef", "t.example/announce/***"),
        ("t.example/announce.php/0123456789abcdef0123456789abcdef", "t.example/announce.php/***"),
        ("%2F0123456789abcdef0123456789abcdef%2Fannounce", "%2F***%2Fannounce"),
        ("Authorization: token 1234.abcd", "Authorization: ***"),
        ("{'Authorization': 'Bearer abc', 'User-Agent': 'x'}", "{'Authorization': '***', 'User-Agent': 'x'}"),
        ("Cookie: SID=abc; other=1", "Cookie: ***"),
        ("http://admin:adminadmin@127.0.0.1:8080/", "http://***@127.0.0.1:8080/"),
        ("http://admin:p@ss@127.0.0.1/", "http://***@127.0.0.1/"),
        ("smb://:secret@host/", "smb://***@host/"),
    ],
)
def test_what_looks_like_a_secret_is_removed_though_nobody_registered_it(text, left):
    assert Filter().redact(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "infohash=0123456789abcdef0123456789abcdef01234567",
        "job 5f0c9a1e77d2 on redacted.sh: group 12 has 3 torrents",
        "secret red.api_key is missing: seedpost secrets set red.api_key",
        "password: the client refused it",
        "https://redacted.sh/torrents.php?id=1&torrentid=2",
        "100% of 20 %, %zz and 5%20",
        "rsid=5 inside=6",
        "",
    ],
)
def test_what_a_person_needs_to_read_stays(text):
    assert learned(*CANARIES).redact(text) == text


def test_the_key_inside_a_secret_address_is_a_secret_and_its_host_is_not():
    known = learned(
        "https://a-very-long-hostname/5f2b8c1e9d04a7f36c1b2e8d9a0f4c77/announce",
        "tgram://123456789:AAbbCCddEEffGGhh1122/77",
    )
    assert (
        known.redact("key 5f2b8c1e9d04a7f36c1b2e8d9a0f4c77 at a-very-long-hostname")
        == f"key {MASK} at a-very-long-hostname"
    )
    assert "AAbbCCddEEffGGhh1122" not in known.redact("token AAbbCCddEEffGGhh1122")


def test_a_short_secret_is_removed_where_it_stands_alone_and_leaves_words_readable():
    known = learned("admin", "ab", "")
    assert (
        known.redact("user admin, administrator, badmin (admin) ab")
        == f"user {MASK}, administrator, badmin ({MASK}) ab"
    )


def test_a_secret_that_begins_another_leaves_no_rest_of_it():
    assert learned("abcdef", "abcdefghij").redact("abcdefghij abcdef") == f"{MASK} {MASK}"


def test_a_secret_of_spaces_does_not_eat_indentation():
    assert learned("        ").redact("        x") == "        x"
    assert learned("\n\n\n\n\n\n").redact("a\nb") == "a\nb"


def test_a_secret_of_several_lines_is_removed_whole_and_folded():
    cookies = "# Netscape\n.example\tTRUE\tsession\tabcdef0123456789\n.example\tTRUE\tkeep\tzzz"
    known = learned(cookies)
    assert "abcdef0123456789" not in known.redact(f"got {cookies}!")
    assert "abcdef0123456789" not in known.redact("got " + cookies.replace("\n", "\n   "))
    assert "abcdef0123456789" not in known.redact(json.dumps({"x": cookies}))


def test_every_secret_made_registers_itself():
    Secret("made-just-now-7431")
    assert redact("x made-just-now-7431 y") == f"x {MASK} y"


def test_a_secret_that_is_not_utf8_is_removed_too():
    known = learned("caf\udce9-password", "lone\ud800surrogate")
    assert known.redact("caf\udce9-password lone\ud800surrogate") == f"{MASK} {MASK}"


def test_adding_a_secret_again_costs_nothing():
    before = len(FILTER._seen)
    for _ in range(3):
        Secret("the-same-value-again")
    assert len(FILTER._seen) <= before + 1
