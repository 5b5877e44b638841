"""Forms as PHP reads them, torrents as the site reads them: for any bytes."""

from __future__ import annotations

import bencode2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support_sandbox import hash_of, info, multipart, torrent
from trackers.sandbox.metainfo import Corrupted, Crashed, read, register
from trackers.sandbox.wire import read_form

NAMES = st.text(st.characters(codec="utf-8", exclude_characters='"\\\r\n', exclude_categories=("Cs",)), min_size=1)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)))


@given(st.lists(st.tuples(NAMES, TEXTS)), st.binary())
def test_a_form_arrives_as_it_was_sent(fields: list[tuple[str, str]], content: bytes) -> None:
    kind, body = multipart(fields, [("file_input", "t.torrent", content)])
    form = read_form(kind, body)
    assert form.fields == tuple(fields)
    part = form.file("file_input")
    assert part is not None and part.whole
    assert (part.filename, part.content) == ("t.torrent", content)


@given(st.data())
def test_a_body_cut_anywhere_never_holds_a_whole_torrent(data: st.DataObject) -> None:
    kind, body = multipart([("title", "A"), ("year", "2024")], [("file_input", "t.torrent", b"d4:infodee")])
    end = body.index(b"d4:infodee") + len(b"d4:infodee") + len(b"\r\n--") + 32  # the next delimiter has arrived
    cut = data.draw(st.integers(0, end - 1))
    part = read_form(kind, body[:cut]).file("file_input")
    assert part is None or (part.content == b"" and not part.whole)


def test_what_only_looks_like_the_boundary_is_content() -> None:
    content = b"x\r\n--0123456789abcdef0123456789abcdefX\r\ny"
    kind, body = multipart([], [("file_input", "t.torrent", content)])
    part = read_form(kind, body).file("file_input")
    assert part is not None and part.content == content


def test_the_path_before_a_file_name_is_dropped() -> None:
    kind, body = multipart([], [("file_input", "C:/music/t.torrent", b"x")])
    part = read_form(kind, body).file("file_input")
    assert part is not None and part.filename == "t.torrent"


def test_brackets_make_a_list_with_or_without_an_index() -> None:
    kind, body = multipart([("a[]", "x"), ("a[]", "y"), ("b[1]", "second"), ("b[0]", "first"), ("c", "plain")], [])
    form = read_form(kind, body)
    assert form.array("a") == ["x", "y"]
    assert form.array("b") == ["first", "second"]
    assert form.array("c") == "plain"
    assert form.array("d") is None


@pytest.mark.parametrize(
    ("kind", "body", "fields"),
    [
        ("application/x-www-form-urlencoded", b"a=1&b=%C3%BC", (("a", "1"), ("b", "ü"))),
        ("application/json", b'{"a": 1, "b": ["x", "y"]}', (("a", "1"), ("b[]", "x"), ("b[]", "y"))),
        ("application/json", b"no json", ()),
        ("text/plain", b"a=1", ()),
        ("multipart/form-data", b"no boundary", ()),
        ("", b"a=1", ()),
    ],
)
def test_other_bodies_are_read_as_php_does(kind: str, body: bytes, fields: tuple[tuple[str, str], ...]) -> None:
    assert read_form(kind, body).fields == fields


BENCODE = st.recursive(
    st.integers(-(2**40), 2**40) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.binary(max_size=8), BENCODE, max_size=6))
def test_what_is_canonical_is_read_as_bencode2_reads_it(value: dict[bytes, object]) -> None:
    data = bencode2.bencode({b"announce": b"x", b"info": value})
    meta = read(data)
    assert meta.info == value
    assert meta.sent == hash_of(data)


@given(st.binary(max_size=200))
def test_any_other_bytes_are_corrupted_or_crash_the_site(data: bytes) -> None:
    try:
        meta = read(data)
    except (Corrupted, Crashed):
        return
    assert isinstance(meta.info, dict)


@pytest.mark.parametrize("cut", range(1, len(torrent()), 97))
def test_a_torrent_cut_short_is_never_taken(cut: int) -> None:
    with pytest.raises((Corrupted, Crashed)):
        read(torrent()[:cut])


def test_depth_and_odd_shapes_crash_instead_of_hanging() -> None:
    deep = b"d4:info" + b"l" * 5000 + b"e" * 5000 + b"e"
    with pytest.raises(Crashed):
        read(deep)
    for rows in (1, [1], [{b"length": 1}]):
        with pytest.raises(Crashed):
            read(torrent(files=rows)).files()


@pytest.mark.parametrize(
    ("changed", "kept", "flags"),
    [
        ({}, True, (True, True)),
        ({"private": 0}, False, (False, True)),
        ({"private": None}, False, (False, True)),
        ({"private": b"1"}, False, (False, True)),
        ({"source": b"ops"}, False, (True, False)),
        ({"source": None}, False, (True, False)),
        ({"entropy": b"x"}, True, (True, True)),
        ({"x cross seed": b"x"}, True, (True, True)),
    ],
)
def test_the_hash_is_kept_only_where_nothing_is_put_right(
    changed: dict[str, object], kept: bool, flags: tuple[bool, bool]
) -> None:
    meta = read(torrent(**changed))
    registered = register(meta, "OPS")
    assert (registered.private, registered.source) == flags
    assert (registered.infohash == meta.sent) is kept


def test_keys_of_cross_seeding_go_only_with_a_wrong_source() -> None:
    extra = {b"x_cross_seed": b"x", b"unique": b"y", b"entropy": b"z"}
    for flag, left in ((b"OPS", set(extra)), (b"RED", {b"entropy"})):
        data = bencode2.bencode({b"info": {**info(source=flag), **extra}})
        registered = bencode2.bdecode(register(read(data), "OPS").info)
        assert set(extra) & set(registered) == left
