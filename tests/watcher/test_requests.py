"""Users' requests: a step after the upload, by a sidecar, a rule or a person, also for what stands already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support_loop import World, world
from tests.support_sites import SITES, SiteWorld, site_world
from trackers.base import Form, Receipt, Upload
from trackers.content import Content
from trackers.errors import Refused, Unavailable
from trackers.sandbox.album import write_album
from watcher.cli.show import show_form, show_forms
from watcher.jobs import State

ACTIONS = {"RED": "requestfill", "OPS": "request_fill"}


@pytest.fixture(params=list(SITES))
def one(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SiteWorld]:
    with site_world(tmp_path, request.param) as site:
        yield site


def uploaded(one: SiteWorld) -> str:
    """An upload that stands; its job."""
    one.album()
    one.until(one.settled)
    assert (one.mine().state, one.mine().rest.get("extras")) == (State.UPLOADED, None)
    return one.mine().job


def test_a_sidecar_s_request_is_filled_after_the_upload(one: SiteWorld) -> None:
    path = write_album(
        one.folder / "content", artist="The Loopbacks", album="First Light", year=2020, tracks=2, media="WEB",
        seconds=0.1,
    )  # fmt: skip
    sidecar = path.with_name(f"{path.name}.seedpost.yaml")
    sidecar.write_text("music.genre: [ambient]\ntrackers:\n  RED: {request: 1}\n  OPS: {request: 1, tags.add: [dub]}\n")
    sidecar.chmod(0o600)
    one.found(path)
    one.until(lambda: one.mine().rest.get("extras"))
    assert one.mine().rest["extras"] == {"request": {"what": "done"}}
    assert str(one.sandbox.store(one.site).wanted[1].torrent_id) == one.mine().torrent_id
    assert one.fields()["tags"] == {"RED": "ambient", "OPS": "ambient,dub"}[one.name]
    assert all(key != "requestid" for key, _ in one.sandbox.posts(one.site)[0].fields)
    assert one.asked().count(ACTIONS[one.name]) == 1


def test_what_follows_an_upload_stands_below_the_form_that_a_person_approves(
    one: SiteWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    one.set_rules(to=f"{one.name}: {{set: {{request: 1}}}}", new_group="review")
    one.album()
    one.until(one.settled)
    assert one.mine().code == "new-group"
    shown = one.journal.load(one.mine().rest["shown"])
    show_form(shown, "the form")
    assert "\nafterwards: request 1\n" in capsys.readouterr().out
    show_forms({"RED": shown, "OPS": shown})
    assert "\nOPS: afterwards: request 1\n" in capsys.readouterr().out


def test_a_request_is_filled_with_what_stands_already(one: SiteWorld) -> None:
    job = uploaded(one)
    answer = one.command("edit", job, set={"request": "1"})
    assert (answer["result"], answer["why"]) == ("done", "request 1 is filled")
    assert one.mine().state is State.UPLOADED and one.mine().torrent_id
    assert one.mine().rest["extras"] == {"request": {"what": "done"}}
    assert str(one.sandbox.store(one.site).wanted[1].torrent_id) == one.mine().torrent_id
    assert one.posts() == 1
    one.turn(3)
    assert one.asked().count(ACTIONS[one.name]) == 1  # and not again by itself


def test_a_request_that_asks_for_something_else_is_refused_with_the_site_s_reason(one: SiteWorld) -> None:
    job = uploaded(one)
    answer = one.command("edit", job, set={"request": "2"})
    assert answer["result"] == "refused" and "is not an allowed" in answer["why"]
    assert one.mine().state is State.UPLOADED and one.mine().rest.get("extras") is None


def test_a_site_that_can_t_be_asked_fills_nothing_and_says_so(one: SiteWorld) -> None:
    job = uploaded(one)
    one.fail("maintenance", action="*", times=0)
    away = one.command("edit", job, set={"request": "1"})
    assert away["result"] == "refused" and f"{one.name} can't be asked now: " in away["why"]
    one.sandbox.clear(one.site)
    one.command("pause")
    assert one.command("edit", job, set={"request": "1"})["why"] == f"{one.name} can't be asked now"
    one.command("resume")
    assert one.command("edit", job, set={"request": "1"})["result"] == "done"


def test_nothing_else_of_what_was_sent_is_edited(one: SiteWorld) -> None:
    job = uploaded(one)
    for change in ({"tags": "x"}, {"request": "1", "tags": "x"}, {"request": "one"}):
        answer = one.command("edit", job, set=change)
        assert answer["result"] == "refused" and "is not edited" in answer["why"]
    assert one.asked().count(ACTIONS[one.name]) == 0


def test_what_is_done_and_seeds_may_still_fill_one_where_the_site_has_requests(tmp_path: Path) -> None:
    filled: list[str] = []

    def fill(upload: Upload, receipt: Receipt, about: str) -> None:
        if about == "9":
            raise Refused("request-not-filled", "somebody filled it")
        filled.append(f"{about} {receipt.torrent_id} {upload.infohash}")

    with world(tmp_path, client="seedbox") as one:
        done = _done(one)
        assert "knows no requests" in one.command("edit", done, set={"request": "7"})["why"]
        one.models["RED"].extras = {"request": fill}
        assert one.command("edit", done, set={"request": "9"})["why"] == "somebody filled it"
        assert one.command("edit", done, set={"request": "7"})["result"] == "done"
        assert filled == [f"7 1 {one.job().infohash}"]
        one.restart()
        assert one.job().state is State.DONE
        assert one.job().rest["after"] == [["request", "7"]]
        assert one.job().rest["extras"] == {"request": {"what": "done"}}


def _done(one: World) -> str:
    one.release()
    one.until(lambda: one.job().state is State.DONE)
    return one.job().job


class TestRetries:
    """What follows an upload is tried again by itself, and given up after a while."""

    @pytest.fixture
    def loop(self, tmp_path: Path) -> Iterator[World]:
        with world(tmp_path, to="RED: {set: {request: 7}}") as one:
            one.models["RED"].compose = composed  # type: ignore[method-assign]
            yield one

    def test_a_request_that_is_not_filled_yet_is_tried_again_and_then_given_up(self, loop: World) -> None:
        tries: list[str] = []

        def never(upload: Upload, receipt: Receipt, about: str) -> None:
            tries.append(about)
            raise Unavailable("request-not-filled", "request 7 is not filled yet")

        loop.models["RED"].extras = {"request": never}
        loop.release()
        loop.until(lambda: _standing(loop).get("what") == "given up", hours=24)
        assert tries == ["7"] * 10
        assert (loop.job().state, _standing(loop)["tries"]) == (State.UPLOADED, 10)

    def test_an_outage_costs_it_no_try(self, loop: World) -> None:
        away = iter([True, True, False])

        def first(upload: Upload, receipt: Receipt, about: str) -> None:
            if next(away):
                raise Unavailable("unreachable", "the site is away")

        loop.models["RED"].extras = {"request": first}
        loop.release()
        loop.until(lambda: bool(_standing(loop)))
        assert _standing(loop) == {"what": "done"}

    def test_a_site_that_knows_none_is_told(self, loop: World) -> None:
        loop.release()
        loop.until(lambda: bool(_standing(loop)))
        assert _standing(loop) == {"what": "given up", "why": "RED knows no request"}


def composed(content: Content, set: Mapping[str, object]) -> Form:
    return Form((("title", content.name),), extras=(("request", str(set["request"])),))


def _standing(one: World) -> Mapping[str, object]:
    known = one.job().rest.get("extras") if one.jobs() else None
    return known["request"] if known else {}  # type: ignore[no-any-return]
