"""Cookies that a browser exported: what is kept, for whom, until when, and what is refused without showing a value."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support_loop import VirtualClock
from trackers.secret import Secret
from watcher.logs import redact
from watcher.secrets import ForOtherHost, Secrets
from watcher.secrets.cookies import imported
from watcher.secrets.errors import SecretError

HOST, NOW = "tracker.example", 1_800_000_000.0
SOON, PAST = int(NOW) + 86_400, int(NOW) - 86_400
NETSCAPE = f"""\
# Netscape HTTP Cookie File
# https://curl.se/docs/http-cookies.html

#HttpOnly_.tracker.example\tTRUE\t/\tTRUE\t{SOON}\tkeeplogged\tc4nary-of-the-session
tracker.example\tFALSE\t/\tFALSE\t0\tcid\tc4nary-of-the-visit
.pictures.example\tTRUE\t/\tFALSE\t{SOON}\tother\tc4nary-of-a-stranger
"""
SESSION = {"domain": ".tracker.example", "name": "keeplogged", "value": "c4nary-of-the-session"}
VISIT = {"domain": "tracker.example", "name": "cid", "value": "c4nary-of-the-visit", "session": True}
OTHER = {"domain": "pictures.example", "name": "other", "value": "c4nary-of-a-stranger"}
JSON = json.dumps([SESSION | {"expirationDate": SOON + 0.5}, VISIT, OTHER])
KEPT = {"cookies": {"keeplogged": "c4nary-of-the-session", "cid": "c4nary-of-the-visit"}, "expires": SOON}


@pytest.mark.parametrize(
    "text",
    [
        NETSCAPE,
        NETSCAPE.replace("\n", "\r\n"),
        NETSCAPE.replace("\t", "   "),
        JSON,
        json.dumps({"cookies": json.loads(JSON)}),
    ],
    ids=["cookies.txt", "from Windows", "pasted with spaces", "JSON", "JSON in an object"],
)
def test_the_cookies_of_the_host_are_kept_and_no_others(text):
    kept = imported(text, HOST, NOW)
    assert json.loads(kept) == KEPT
    assert imported(kept, HOST, NOW) == kept
    assert "c4nary" not in redact(f"sent c4nary-of-the-session and {kept}")


def test_a_cookie_of_the_domain_above_goes_to_the_host_and_one_of_a_suffix_does_not():
    assert json.loads(imported(NETSCAPE, "www.tracker.example", NOW))["cookies"]
    for domain in (".example", "racker.example", "evil-tracker.example", "www.tracker.example"):
        row = f"{domain}\tTRUE\t/\tTRUE\t{SOON}\tname\tvalue"
        with pytest.raises(SecretError, match=r"none is of tracker\.example"):
            imported(row, HOST, NOW)


def test_an_export_of_another_site_names_the_site_it_is_of():
    with pytest.raises(SecretError, match=r"cookies of pictures.example, tracker.example, and none is of site.example"):
        imported(NETSCAPE, "site.example", NOW)


def test_expired_cookies_are_left_out_and_if_all_are_the_day_is_told():
    some = NETSCAPE.replace(str(SOON), str(PAST))
    assert json.loads(imported(some, HOST, NOW)) == {"cookies": {"cid": "c4nary-of-the-visit"}, "expires": None}
    with pytest.raises(SecretError, match=r"expired on 2027-01-14"):
        imported(some.replace("\t0\tcid", f"\t{PAST}\tcid"), HOST, NOW)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no site"),
        ("# Netscape HTTP Cookie File\n", "no site"),
        ("keeplogged=c4nary; cid=c4nary", "line 1 is no line"),
        ("a\tb\tc", "has 3 fields of 7"),
        ("<html>\n", "line 1"),
        ("[", "can't be read"),
        ("[" * 100_000, "can't be read"),
        ("{}", "no list"),
        ("[1]", "no list"),
        ('[{"domain":"tracker.example","name":"a"}]', "cookie 1 is no cookie"),
        (f"{HOST}\tTRUE\t/\tTRUE\tlater\tname\tc4nary", "no number"),
        (f"{HOST}\tTRUE\t/\tTRUE\t0\tna me\tc4nary", "may have"),
        (json.dumps([{"domain": HOST, "name": "a", "value": "c4nary\r\nX-Other: 1"}]), "may have"),
        (json.dumps([{"domain": HOST, "name": "a", "value": "c4nary; b=1"}]), "may have"),
        (json.dumps([{"domain": HOST, "name": "a", "value": "c" * 5000}]), "may have"),
        (json.dumps([{"domain": HOST, "name": f"n{n}", "value": "c"} for n in range(200)]), "200 cookies"),
    ],
)
def test_what_is_no_export_is_refused_by_its_place_and_never_shown(text, why):
    with pytest.raises(SecretError, match=why) as caught:
        imported(text, HOST, NOW)
    assert "c4nary" not in str(caught.value)
    assert "cookies.txt or JSON" in caught.value.hint


WORDS = st.sampled_from(["cookies", "domain", "name", "value", "expires", HOST, "\r\n"])
SHAPES = st.recursive(
    st.none() | st.booleans() | st.floats() | WORDS, lambda c: st.lists(c) | st.dictionaries(WORDS, c), max_leaves=12
)


@given(text=st.one_of(st.text(max_size=200), SHAPES.map(json.dumps)))
def test_no_text_crashes_the_import_and_none_breaks_a_header(text):
    with contextlib.suppress(SecretError):
        for name, value in json.loads(imported(text, HOST, NOW))["cookies"].items():
            assert (name + value).isprintable()


def test_stored_cookies_are_bound_shown_with_their_expiry_and_refused_when_it_is_past(tmp_path):
    clock = VirtualClock()
    late = NETSCAPE.replace(str(SOON), str(int(clock.now()) + 86_400))
    secrets = Secrets(tmp_path / "state", {"HOME": str(tmp_path)}, clock=clock)
    with pytest.raises(SecretError, match="whose cookies"):
        secrets.set("btn.cookies", Secret(late))
    secrets.set("btn.cookies", Secret(late), HOST)
    assert json.loads(secrets.get("btn.cookies", HOST).reveal())["cookies"] == KEPT["cookies"]
    with pytest.raises(ForOtherHost):
        secrets.get("btn.cookies", "elsewhere.example")
    (status,) = secrets.status(["btn.cookies"])
    assert (status.host, status.problem, status.expires[:4]) == (HOST, "", "20" + status.expires[2:4])
    clock.wait(90_000)
    assert "expired" in secrets.status(["btn.cookies"])[0].problem
    with pytest.raises(SecretError, match="expired on"):
        secrets.get("btn.cookies", HOST)


def test_an_export_may_also_lie_in_a_file_that_a_variable_names(tmp_path):
    file = tmp_path / "cookies.txt"
    file.write_text(NETSCAPE.replace(str(SOON), "0"))
    file.chmod(0o600)
    secrets = Secrets(tmp_path / "state", {"SEEDPOST_SECRET_BTN_COOKIES_FILE": str(file)}, clock=VirtualClock())
    assert json.loads(secrets.get("btn.cookies", HOST).reveal())["cookies"] == KEPT["cookies"]
    with pytest.raises(SecretError, match=r"none is of elsewhere\.example"):
        secrets.get("btn.cookies", "elsewhere.example")
