"""RED: the contract, and what is its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support_trackers import Stage, fails, form, half, opened, says, success, upload
from tests.trackers.contract import World
from tests.trackers.contract_gazelle import GazelleContract
from trackers.errors import NotAuthorised, Refused, Unavailable

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


class TestRedacted(GazelleContract):
    site = "redacted"

    def test_a_cover_is_hosted_by_the_site_and_its_address_is_taken(self, world: World) -> None:
        url = world.tracker.host_image(PNG, "Çover.PNG")
        made = form(world.tracker, image=url)
        assert made.get("image") == url
        assert world.tracker.upload(world.prepared(world.tracker, image=url)).torrent_id

    def test_a_dry_run_says_what_the_site_derives_and_stores_nothing(self, world: World) -> None:
        one = world.prepared(world.tracker)
        told = world.tracker.dry_run(one)
        assert (told["title"], told["infohash"]) == ("First Light", one.infohash)
        assert world.sandbox.torrents("redacted", "uploader") == []
        world.tracker.upload(one)
        with pytest.raises(Refused) as caught:
            world.tracker.dry_run(one)
        assert "already exists" in caught.value.text

    def test_a_cover_that_stands_elsewhere_is_taken_over(self, world: World) -> None:
        url = world.tracker.rehost_image("https://covers.example/1.jpg")
        assert url.startswith(world.sandbox.url_of("redacted"))

    def test_a_key_without_the_scope_for_requests_may_still_upload(self, world: World) -> None:
        one = world.prepared(world.tracker)
        receipt = world.tracker.upload(one)
        world.fail("answer", action="requestfill", status=401, body='{"status":"failure","error":"insufficient scope"}')
        with pytest.raises(Refused) as caught:
            world.tracker.extras["request"](one, receipt, "1")
        assert caught.value.code == "request-not-filled"

    def test_a_picture_the_site_does_not_take_is_refused(self, world: World) -> None:
        with pytest.raises(Refused):
            world.tracker.host_image(b"no picture", "cover.png")

    def test_a_key_without_the_scope_is_noticed_before_anything_is_sent(self, world: World) -> None:
        reader = world.other("reader")
        one = world.prepared(world.tracker)
        with pytest.raises(NotAuthorised) as caught:
            reader.find(one, None)
        assert caught.value.code == "denied"
        assert world.sandbox.posts("redacted") == []

    @pytest.mark.parametrize("user", ["limited", "noupload"])
    def test_an_account_without_the_right_stops_the_lane(self, world: World, user: str) -> None:
        tracker = world.other(user)
        with pytest.raises(NotAuthorised) as caught:
            tracker.upload(world.prepared(tracker))
        assert caught.value.code == "no-upload-right"


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as one:
        yield one


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        (half, Unavailable),
        (says("", 502), Unavailable),
        (says("", 401), NotAuthorised),
        (fails("bad credentials", 401), NotAuthorised),
        (fails("Rate limit exceeded", 429), Unavailable),
        (fails("too big", 400), Refused),
        (success([]), Unavailable),
        (success({"url": "javascript:alert(1)"}), Unavailable),
        (success({"url": None}), Unavailable),
    ],
)
def test_a_cover_that_was_not_hosted_says_why(stage: Stage, part: object, kind: type[Exception]) -> None:
    stage.plays(part)  # type: ignore[arg-type]
    tracker = opened("sandbox-redacted", stage.url, None)
    with pytest.raises(kind) as caught:
        tracker.host_image(PNG, "cover.png")
    assert type(caught.value) is kind
    assert len(stage.asked) == 1


def test_a_cover_is_sent_under_a_name_of_ours(stage: Stage) -> None:
    stage.plays(success({"url": "https://pictures.example/1.jpg"}))
    tracker = opened("sandbox-redacted", stage.url, None)
    assert tracker.host_image(PNG, "../Ünsafe\udcff name.JPG") == "https://pictures.example/1.jpg"
    assert b'name="file"; filename="cover.jpg"' in stage.asked[0].body
    assert stage.asked[0].line == "POST /ajax.php?action=upload_image HTTP/1.1"


def test_the_flags_say_that_the_hash_is_kept(stage: Stage) -> None:
    tracker = opened("sandbox-redacted", stage.url, None)
    one = upload(form(tracker), flag="RED")
    for private, source, kept in ((True, True, True), (True, False, False), (False, True, False), (1, 1, False)):
        stage.plays(success({"torrentid": 1, "groupid": 2, "private": private, "source": source}))
        assert (tracker.upload(one).infohash == one.infohash) is kept
