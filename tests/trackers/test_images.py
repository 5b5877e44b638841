"""The host for pictures: what is sent to it, what its answers mean. And the proof of an announce address."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support_sites import IMAGE_KEY
from tests.support_trackers import Stage, half, says
from trackers import open_images, prove_announce
from trackers.errors import NotAuthorised, Refused, SettingsError, TrackerError, Unavailable
from trackers.sandbox import Sandbox
from trackers.secret import Secret

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
KEY = Secret(IMAGE_KEY)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as one:
        yield one


def test_chevereto_has_the_key_in_a_header_and_the_picture_under_a_name_of_ours(stage: Stage) -> None:
    stage.plays(says('{"status_code": 200, "image": {"url": "https://pictures.example/x.png"}}'))
    assert open_images("chevereto", stage.url, KEY).put(PNG, "Ünsafe.PNG") == "https://pictures.example/x.png"
    (asked,) = stage.asked
    assert (asked.line, asked.headers["x-api-key"]) == ("POST /api/1/upload HTTP/1.1", KEY.reveal())
    assert b'name="source"; filename="cover.png"' in asked.body


def test_ptpimg_has_the_key_in_the_form_and_answers_with_a_code(stage: Stage) -> None:
    stage.plays(says('[{"code": "a1b2c3", "ext": "png"}]'))
    assert open_images("ptpimg", stage.url, KEY).put(PNG, "cover.png") == f"{stage.url}/a1b2c3.png"
    assert KEY.reveal().encode() in stage.asked[0].body
    assert KEY.reveal() not in stage.asked[0].line


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        (says("{}", 403), Refused),
        (says("{}", 429), Unavailable),
        (says("<html>", 502), Unavailable),
        (says("<html>"), Unavailable),
        (says('{"image": {"url": "javascript:1"}}'), Unavailable),
        (says('[{"code": "../x", "ext": "png"}]'), Unavailable),
        (half, Unavailable),
    ],
)
def test_what_was_not_hosted_says_why_and_shows_no_key(stage: Stage, part: object, kind: type[TrackerError]) -> None:
    stage.plays(part)  # type: ignore[arg-type]
    with pytest.raises(TrackerError) as caught:
        open_images("chevereto", stage.url, KEY).put(PNG, "cover.png")
    assert type(caught.value) is kind
    assert KEY.reveal() not in repr(caught.value) + caught.value.text
    assert len(stage.asked) == 1


def test_what_is_no_picture_is_not_sent(stage: Stage) -> None:
    with pytest.raises(Refused):
        open_images("chevereto", stage.url, KEY).put(b"MZ", "cover.png")
    assert stage.asked == []


@pytest.mark.parametrize(
    ("type", "url"), [("chevereto", "http://pictures.example"), ("chevereto", None), ("imgx", None)]
)
def test_a_host_needs_a_known_type_and_https(type: str, url: str | None) -> None:
    with pytest.raises(SettingsError):
        open_images(type, url, KEY)


def test_an_announce_address_is_proved_by_a_torrent_that_nobody_has() -> None:
    with Sandbox() as sandbox:
        good = f"{sandbox.url}/announce/redacted/{sandbox.account('redacted').passkey}/announce"
        prove_announce(Secret(good))
        sandbox.change_passkey("redacted")
        with pytest.raises(NotAuthorised) as caught:
            prove_announce(Secret(good))
        assert good.split("/")[-2] not in caught.value.text
        assert sandbox.peers("redacted", "0" * 40) == []


@pytest.mark.parametrize("part", [says("<html>"), says("", 502), half])
def test_what_is_no_tracker_is_told(stage: Stage, part: object) -> None:
    stage.plays(part)  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        prove_announce(Secret(f"{stage.url}/{KEY.reveal()}/announce"))
