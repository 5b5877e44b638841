"""What every uploader must do, whatever its dialect: inherited by one test class a tracker, against the sandbox.

Time is virtual for both sides, so limits are met and waited for at no cost; deadlines are real and short.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import bencode2
import pytest

from tests.support_sandbox import Hands
from tests.support_trackers import form, opened, upload
from trackers.base import Absent, Found, Receipt, Upload, Uploader
from trackers.content import Content
from trackers.errors import NotAuthorised, Refused, TrackerError, Unavailable, Unconfirmed
from trackers.sandbox import Fault, Keys, Sandbox
from trackers.secret import Secret

NOWHERE = Receipt("999999")


@dataclass
class World:
    """A sandbox, and our uploader at one of its sites."""

    sandbox: Sandbox
    site: str
    clock: Hands
    folder: Path
    first: Content
    secrets: Callable[[Keys], dict[str, Secret]]
    tracker: Any = None

    def other(self, user: str, limits: Path | None = None, **settings: object) -> Any:
        """An uploader of an account, with settings of its own."""
        keys, url = self.secrets(self.sandbox.account(self.site, user)), self.sandbox.url_of(self.site)
        return opened(f"sandbox-{self.site}", url, limits, clock=self.clock, secrets=keys, **settings)

    def prepared(self, tracker: Uploader, one: Content | None = None, **set: object) -> Upload:
        """What the loop would send in an account's name."""
        flag, what = self.sandbox.store(self.site).flag, one or self.first
        return upload(form(tracker, what, **set), what, flag, tracker.account())

    def fail(self, kind: str, **how: Any) -> None:
        self.sandbox.fail(self.site, Fault(kind, **how))

    def asked(self) -> list[str]:
        """The actions that were asked for so far, in order."""
        return [seen.action for seen in self.sandbox.requests(self.site)]


class UploaderContract:
    """A subclass names its `site` and what it publishes; a fixture does the rest."""

    site: ClassVar[str]
    contents: ClassVar[Mapping[str, tuple[Content, dict[str, object]]]]  # by the name of its snapshot, with its `set`
    account_asks: ClassVar[list[str]]  # the actions of the site that `account` asks for
    names_us: ClassVar[bool] = True  # whether the site says who we are
    in_maintenance: ClassVar[type[TrackerError]] = Unconfirmed  # some say it before anything of them runs
    most_asked: ClassVar[int] = 5  # for an upload and a look after it, all that goes before included
    whose: ClassVar[bool | None] = True  # what `find` says of an upload of ours: None where the site does not tell

    @property
    def first(self) -> Content:
        """What most tests publish: the first of `contents`."""
        return next(iter(self.contents.values()))[0]

    def secrets(self, keys: Keys) -> dict[str, Secret]:
        """What an account's uploader is given."""
        return {"api_key": Secret(keys.api_key)}

    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[World]:
        clock = Hands()
        with Sandbox(clock=clock) as sandbox:
            world = World(sandbox, self.site, clock, tmp_path, self.first, self.secrets)
            world.tracker = world.other("uploader", tmp_path / "limits", deadline=2.0)
            yield world

    # who we are

    def test_the_account_says_who_we_are_and_where_to_announce(self, world: World) -> None:
        account, keys = world.tracker.account(), world.sandbox.account(self.site)
        assert account.user == (keys.user if self.names_us else "")
        assert keys.passkey in account.announce.reveal()
        assert account.announce.reveal().startswith(f"{world.sandbox.url}/announce/")
        assert world.asked() == self.account_asks

    @pytest.mark.parametrize("verb", ["account", "similar", "find", "upload", "registered"])
    def test_T20_a_revoked_key_is_used_once(self, world: World, verb: str) -> None:
        one = world.prepared(world.tracker)
        before = len(world.asked())
        world.sandbox.revoke(self.site)
        asked: dict[str, tuple[object, ...]] = {
            "account": (), "similar": (one.form,), "find": (one, None), "upload": (one,), "registered": (NOWHERE,),
        }  # fmt: skip
        with pytest.raises(NotAuthorised):
            getattr(world.tracker, verb)(*asked[verb])
        assert len(world.asked()) == before + 1
        assert world.sandbox.torrents(self.site, "uploader") == []

    # one upload, from the first look to the torrent that is seeded

    def test_a_release_goes_from_the_first_look_to_the_registered_torrent(self, world: World) -> None:
        tracker = world.tracker
        one = world.prepared(tracker)
        assert tracker.similar(one.form) == []
        assert isinstance(tracker.find(one, None), Absent)
        receipt = tracker.upload(one)
        assert receipt.infohash in (one.infohash, None)
        assert receipt.url
        found = tracker.find(one, None)
        assert isinstance(found, Found)
        assert (found.ours, found.receipt.torrent_id) == (self.whose, receipt.torrent_id)
        torrent = bencode2.bdecode(tracker.registered(receipt))
        self.same(torrent[b"info"], bencode2.bdecode(one.info))
        assert torrent[b"announce"].decode() == one.account.announce.reveal()
        (post,) = world.sandbox.posts(self.site)
        assert [pair for pair in post.fields if pair in one.form.fields] == self.sent(one)

    def sent(self, one: Upload) -> list[tuple[str, str]]:
        """What of a form goes with the upload itself."""
        return list(one.form.fields)

    def same(self, registered: Any, ours: Any) -> None:
        """That the site's torrent is ours."""
        assert registered == ours

    def test_every_form_of_the_snapshots_is_taken_as_it_is(self, world: World) -> None:
        refused = {}
        for number, (name, (what, set)) in enumerate(self.contents.items()):
            if "groupid" in set:
                continue
            one = replace(what, name=what.name if what.single else f"{what.name} {number}")
            prepared = world.prepared(world.tracker, one, **set)
            attached = tuple((part.key, part.path, b"a log") for part in prepared.form.attachments)
            try:
                world.tracker.upload(replace(prepared, attached=attached))
            except TrackerError as error:
                refused[name] = repr(error)
        assert refused == {}

    # endings nobody can read

    @pytest.mark.parametrize("kind", ["lost", "half", "hang"])
    def test_an_upload_whose_answer_went_wrong_is_found_afterwards(self, world: World, kind: str) -> None:
        one = world.prepared(world.tracker)
        world.fail(kind, action="upload")
        tracker = self.impatient(world) if kind == "hang" else world.tracker
        with pytest.raises(Unconfirmed):
            tracker.upload(one)
        found = world.tracker.find(one, None)
        assert isinstance(found, Found)
        assert found.ours is self.whose
        assert len(world.sandbox.posts(self.site)) == 1

    @pytest.mark.parametrize("kind", ["reset", "empty", "html", "bad-gateway", "silence"])
    def test_an_upload_that_was_not_processed_is_not_found_afterwards(self, world: World, kind: str) -> None:
        one = world.prepared(world.tracker)
        world.fail(kind, action="upload")
        tracker = self.impatient(world) if kind == "silence" else world.tracker
        with pytest.raises(Unconfirmed):
            tracker.upload(one)
        assert isinstance(world.tracker.find(one, None), Absent)

    def impatient(self, world: World) -> Any:
        return world.other("uploader", deadline=0.3)

    def test_an_upload_that_is_stored_late_is_found_when_it_is(self, world: World) -> None:
        one = world.prepared(world.tracker)
        world.fail("late", action="upload", seconds=300.0)
        with pytest.raises(Unconfirmed):
            world.tracker.upload(one)
        assert isinstance(world.tracker.find(one, None), Absent)
        world.clock.wait(301)
        assert isinstance(world.tracker.find(one, None), Found)

    def test_T16_a_success_that_stored_nothing_is_seen_to_be_absent(self, world: World) -> None:
        one = world.prepared(world.tracker)
        world.fail("phantom", action="upload")
        receipt = world.tracker.upload(one)
        assert isinstance(world.tracker.find(one, None), Absent)
        with pytest.raises(Unavailable):
            world.tracker.registered(receipt)

    # limits and outages

    @pytest.mark.parametrize(
        ("kind", "how"),
        [
            ("rate-limit-exceeded", {}),
            ("too-many-requests", {}),
            ("too-many-requests", {"retry_after": "45"}),
            ("login", {}),
            ("revoked", {}),
        ],
    )
    def test_what_was_said_before_processing_is_proved_not_processed(
        self, world: World, kind: str, how: dict[str, Any]
    ) -> None:
        one = world.prepared(world.tracker)
        world.fail(kind, action="upload", **how)
        with pytest.raises((Unavailable, NotAuthorised)) as caught:
            world.tracker.upload(one)
        if isinstance(caught.value, Unavailable):
            assert world.tracker.opening() > 0
            assert caught.value.retry_at == pytest.approx(world.clock.now() + world.tracker.opening())
        if "retry_after" in how:
            assert world.tracker.opening() == pytest.approx(float(how["retry_after"]))
        assert world.sandbox.torrents(self.site, "uploader") == []

    @pytest.mark.parametrize(
        ("kind", "meant"),
        [
            ("maintenance", Unconfirmed),
            ("login-page", Unconfirmed),
            ("moved", Unconfirmed),
            ("huge", Unconfirmed),
            ("too-large", Refused),
        ],
    )
    def test_T7_T8_T9_T14_T19_T20_T21_each_end_of_an_upload_has_its_meaning(
        self, world: World, kind: str, meant: type[TrackerError]
    ) -> None:
        one = world.prepared(world.tracker)
        world.fail(kind, action="upload")
        with pytest.raises(TrackerError) as caught:
            world.tracker.upload(one)
        assert type(caught.value) is (self.in_maintenance if kind == "maintenance" else meant)
        if kind in ("login-page", "moved"):
            assert isinstance(caught.value, Unconfirmed)
            assert caught.value.stops_lane
        assert isinstance(world.tracker.find(one, None), Absent)
        assert len(world.asked()) <= self.most_asked  # nothing was followed

    def test_looks_in_a_row_never_meet_the_sites_limit(self, world: World) -> None:
        one = world.prepared(world.tracker)
        for _ in range(15):
            assert isinstance(world.tracker.find(one, None), Absent)
        assert world.tracker.held_up() == world.tracker.limiter.waited > 0

    def test_T21_an_outage_of_the_site_is_told_and_over_when_it_is(self, world: World) -> None:
        one = world.prepared(world.tracker)
        world.sandbox.stop()
        with pytest.raises(Unavailable):
            world.tracker.upload(one)
        with pytest.raises(Unavailable):
            world.tracker.find(one, None)

    # secrets

    @pytest.mark.parametrize("kind", ["", "revoked", "html", "lost"])
    def test_no_secret_is_in_anything_that_is_told(self, world: World, kind: str) -> None:
        keys = world.sandbox.account(self.site)
        told = []
        account = world.tracker.account()
        one = world.prepared(world.tracker)
        if kind:
            world.fail(kind, action="upload")
        for _ in range(2):
            try:
                told.append(repr(world.tracker.upload(one)))
            except TrackerError as error:
                told.append("".join(traceback.format_exception(error)) + repr(vars(error)))
        told += [repr(account), repr(one), repr(one.form.as_json()), repr(world.tracker.find(one, None))]
        told += [path.read_text() for path in (world.folder / "limits").iterdir()]
        assert not any(keys.api_key in text or keys.passkey in text for text in told)

    def test_a_form_holds_no_secret(self, world: World) -> None:
        account = world.tracker.account()
        made = form(world.tracker, world.first)
        assert isinstance(account.announce, Secret)
        assert account.announce.reveal() not in repr(made)
