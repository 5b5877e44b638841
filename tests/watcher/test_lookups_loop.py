"""Numbers of titles through the real loop, against the sandbox in virtual time: found, chosen, waited for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support_lookups import HASH
from tests.support_loop import World
from tests.support_video import mkv
from trackers import open_lookup, open_tracker
from trackers.base import Uploader
from trackers.lookups import Service
from trackers.sandbox import Fault, Sandbox
from trackers.secret import Secret
from watcher.config import TrackerConfig, parse
from watcher.config.lookups import LookupConfig
from watcher.jobs import State
from watcher.release import Fact, File, Release

RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {{client: none}}
lookups: {{{lookups}}}
trackers:
  EXM: {{type: sandbox-unit3d, url: '{url}', mode: {mode}, quiet: 1800s, ids: [{ids}]}}
  TWO: {{type: sandbox-nebulance, url: '{two}', mode: upload, quiet: 1800s}}
rules:
  - {{name: videos, match: {{kind: [movie, tv]}}, require: {{{require}}}, upload_to: {{{to}}}}}
"""
FILM = "The.Loopback.2019.1080p.WEB-DL.H.264-LOCAL"
SLACK = "Slack.Water.2024.1080p.WEB-DL.H.264-LOCAL"
OFFICE = "Tidal.Office.S01E02.1080p.WEB-DL.H.264-LOCAL"
PORTS = "Ports.of.Call.S01E02.1080p.WEB-DL.H.264-LOCAL"
KEYS = "c4n4ry-{}-key-0f6a"


class Video(World):
    """Videos for trackers that want numbers; `services` are those that rules.yaml names."""

    def __init__(self, folder: Path, *services: str, **rules: str) -> None:
        self.named = services
        self.given = {"ids": "tmdb", "require": "", "to": "EXM: {}", "mode": "upload"} | rules
        self.keys: dict[str, str] = {}
        super().__init__(folder)

    def set_rules(self, **rules: Any) -> None:
        if not hasattr(self, "sandbox"):
            keys = {type: (KEYS.format(type), "") for type in ("sonarr", "radarr", "tmdb", "tvdb")}
            self.sandbox = Sandbox(clock=self.clock, keys=keys)
            self.sandbox.start()
        lookups = ", ".join(f"{one}: {{url: '{self.sandbox.url_of(one)}'}}" for one in self.named)
        urls = {"url": self.sandbox.url_of("unit3d"), "two": self.sandbox.url_of("nebulance")}
        self.config = parse(RULES.format(lookups=lookups, **urls, **(self.given | rules)).encode(), "rules.yaml")

    def _opened(self, config: TrackerConfig) -> Uploader:
        account = self.sandbox.account(config.type.removeprefix("sandbox-"))
        key = {"api_key": Secret(account.api_key), "passkey": Secret(account.passkey)}
        settings = {**config.settings, "deadline": 60.0}
        limits = self.folder / "state" / "limits"
        return open_tracker(config.type, settings, key, name=config.name, clock=self.clock, limits=limits)

    def _lookup(self, config: LookupConfig) -> Service:
        key = {"api_key": Secret(self.keys.get(config.name) or KEYS.format(config.type))}
        state = self.folder / "state"
        return open_lookup(config.type, config.url, key, name=config.name, clock=self.clock, state=state)

    def video(self, name: str = FILM, infohash: str = "", **ids: object) -> None:
        folder = self.folder / "content" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.mkv").write_bytes(mkv() + name.encode())
        files = tuple(File(one.name, one.stat().st_size) for one in sorted(folder.iterdir()))
        facts = {f"ids.{base}": Fact(value, "name") for base, value in ids.items()}
        now = int(self.clock.now())
        self.intake.seen(
            Release("rips", "folder", name, str(folder), files, infohash=infohash, completed=now, facts=facts)
        )

    def fetched(self, service: str, title: str, number: int = 0) -> None:
        titles = [one for one in self.sandbox.library.titles if one.title == title]
        self.sandbox.library.fetched.setdefault((service, HASH.upper()), []).append(titles[number])

    def asked(self, service: str) -> int:
        return len(self.sandbox.requests(service))

    def sent(self) -> Mapping[str, str]:
        (post,) = self.sandbox.posts("unit3d")
        return dict(post.fields)

    def written(self) -> str:
        return "".join(path.read_text() for path in (self.folder / "state").glob("journal*.jsonl"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Any]:
    made: list[Video] = []

    def one(*services: str, **rules: str) -> Video:
        made.append(Video(tmp_path, *services, **rules))
        return made[-1]

    yield one
    for each in made:
        each.journal.close()
        each.sandbox.stop()


def test_what_radarr_fetched_goes_out_with_its_numbers(world: Any) -> None:
    one = world("radarr", "tmdb")
    one.fetched("radarr", "The Loopback")
    one.video(infohash=HASH)
    one.until(one.settled)
    assert one.job("EXM").state is State.UPLOADED
    assert (one.sent()["tmdb"], one.sent()["imdb"]) == ("720001", "7200010")
    assert one.asked("tmdb") == 0
    facts = json.loads(json.dumps(one.bench.release(one.job("EXM"))["looked"]))
    assert facts == {"radarr": {"ids.tmdb": 720001, "ids.imdb": "tt7200010"}}


def test_what_the_content_tells_itself_is_asked_nowhere(world: Any) -> None:
    one = world("radarr", "tmdb")
    one.video(tmdb=1, infohash=HASH)
    one.until(one.settled)
    assert one.sent()["tmdb"] == "1"
    assert (one.asked("radarr"), one.asked("tmdb")) == (0, 0)


def test_candidates_and_all_else_that_is_missing_are_told_at_once(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # without ffmpeg
    one = world("tmdb", mode="upload, types: {remux: 2}, screenshots: 3")
    one.video(SLACK)
    one.until(one.settled)
    why = str(one.job("EXM").why)
    assert one.job("EXM").code == "ids-unclear"
    for words in (
        "several titles fit: ",
        "720021",
        "720031",
        "'types' has no number for web-dl",
        "no host for pictures",
    ):
        assert words in why


def test_without_services_the_form_says_what_it_lacks(world: Any) -> None:
    one = world()
    one.video()
    one.until(one.settled)
    assert (one.job("EXM").state, one.job("EXM").code) == (State.HELD, "form")


def test_a_film_is_told_by_its_title_and_year(world: Any) -> None:
    one = world("radarr", "tmdb")
    one.video()
    one.until(one.settled)
    assert (one.sent()["tmdb"], one.sent()["imdb"]) == ("720001", "7200010")


def test_a_film_that_two_may_be_is_held_until_a_person_chooses(world: Any) -> None:
    one = world("tmdb")
    one.video(SLACK)
    one.until(one.settled)
    job = one.job("EXM")
    assert (job.state, job.code) == (State.HELD, "ids-unclear")
    for shown in (
        "several titles fit",
        "Slack Water (2024) tmdb 720021 https://www.themoviedb.org/movie/720021",
        "720031",
    ):
        assert shown in job.why
    assert job.resume == f"seedpost queue edit --release {job.job} ids.tmdb=…"
    one.command("edit", job.job, set={"ids.tmdb": 720031})
    one.until(one.settled)
    assert one.sent()["tmdb"] == "720031"


def test_a_person_tells_all_trackers_of_a_release_at_once(world: Any) -> None:
    one = world("tmdb", "tvdb", to="EXM: {}, TWO: {}")
    one.video(OFFICE)
    one.until(one.settled)
    assert {job.code for job in one.jobs()} == {"ids-unclear"}
    one.command("edit", *(job.job for job in one.jobs()), set={"ids.tmdb": 710031})
    one.until(one.settled)
    assert one.sent()["tmdb"] == "710031"
    assert one.job("TWO").state is State.UPLOADED


def test_every_episode_of_a_series_asks_once(world: Any) -> None:
    one = world("tmdb")
    one.video(PORTS)
    one.until(one.settled)
    first = one.asked("tmdb")
    one.restart()
    one.video(PORTS.replace("E02", "E03"))
    one.until(one.settled)
    assert one.asked("tmdb") == first > 0
    assert {job.state for job in one.jobs()} == {State.UPLOADED}


def test_a_service_that_is_down_keeps_the_job_waiting_and_loses_it_no_try(world: Any) -> None:
    one = world("tmdb")
    one.sandbox.fail("tmdb", Fault("bad-gateway", action="*", times=6))
    one.video()
    one.turn()
    job = one.job("EXM")
    assert (job.state, job.code, job.rest.get("tries")) == (State.QUEUED, "look-up", None)
    assert "waits for tmdb" in job.why
    assert "502" in job.why
    one.until(one.settled)
    assert one.sent()["tmdb"] == "720001"


def test_a_service_that_is_down_delays_nobody_who_does_not_need_it(world: Any) -> None:
    one = world("tmdb")
    one.sandbox.fail("tmdb", Fault("bad-gateway", action="*", times=0))
    one.video()
    one.video(SLACK, tmdb=720021)
    one.until(lambda: len(one.sandbox.posts("unit3d")) == 1)
    assert one.sent()["tmdb"] == "720021"


def test_a_limit_of_the_service_is_waited_for(world: Any) -> None:
    one = world("tmdb")
    one.sandbox.fail("tmdb", Fault("too-many-requests", action="*", retry_after="120"))
    one.video()
    began = one.clock.now()
    one.until(one.settled)
    assert one.sent()["tmdb"] == "720001"
    assert one.clock.now() - began >= 120


def test_a_wrong_key_is_told_once_and_then_the_service_is_left_in_peace(world: Any) -> None:
    one = world("tmdb")
    one.keys["tmdb"] = KEYS.format("wrong")
    one.video()
    one.video(SLACK)
    one.turn(400)
    assert one.asked("tmdb") == 1
    assert {(job.state, job.code) for job in one.jobs()} == {(State.QUEUED, "look-up")}
    record = one.journal.ledger.breakers["lookup:tmdb"]
    assert (record["tracker"], record["code"]) == ("tmdb", "key-refused")
    assert "seedpost resume tmdb" in record["why"]
    assert "c4n4ry" not in one.written()
    del one.keys["tmdb"]
    one.manager.reload()
    one.turn(5)
    assert one.asked("tmdb") == 1
    one.journal.append([{"type": "command", "do": "resume", "tracker": "tmdb", "with": {}}])
    one.until(one.settled)
    assert one.job("EXM").state is State.UPLOADED
    assert "lookup:tmdb" in one.written()


def test_what_waits_for_a_stopped_service_leaves_the_journal_in_peace_and_goes_on_with_it(world: Any) -> None:
    one = world("tmdb")
    one.keys["tmdb"] = KEYS.format("wrong")
    one.video()
    one.turn(3)
    before = one.written().count('"state":"queued"')
    one.turn(900)  # half an hour
    assert one.written().count('"state":"queued"') == before
    del one.keys["tmdb"]
    one.journal.append([{"type": "command", "do": "resume", "tracker": "tmdb", "with": {}}])
    one.turn(5)
    assert one.job("EXM").state is State.UPLOADED
    assert one.sent()["tmdb"] == "720001"


def test_a_person_needs_no_service_that_is_stopped(world: Any) -> None:
    one = world("tmdb")
    one.keys["tmdb"] = KEYS.format("wrong")
    one.video()
    one.turn(3)
    one.command("edit", one.job("EXM").job, set={"ids.tmdb": 720001})
    one.until(one.settled)
    assert one.sent()["tmdb"] == "720001"


def test_a_service_is_paused_and_resumed_by_its_name(world: Any) -> None:
    one = world("tmdb")
    one.turn()
    one.journal.append([{"type": "command", "do": "pause", "tracker": "tmdb", "with": {}}])
    one.video()
    one.turn(5)
    assert (one.job("EXM").code, one.asked("tmdb")) == ("look-up", 0)
    assert "waits for tmdb: paused by hand" in one.job("EXM").why
    one.journal.append([{"type": "command", "do": "resume", "tracker": None, "with": {}}])
    one.turn(5)
    assert one.job("EXM").state is State.UPLOADED


def test_without_a_key_the_job_waits_and_goes_on_when_one_is_stored(world: Any) -> None:
    one = world("tmdb")
    one.keys["tmdb"] = "0123456789abcdef0123456789abcdef"
    one.video()
    one.turn(3)
    assert (one.job("EXM").code, one.asked("tmdb")) == ("look-up", 0)
    assert "API Read Access Token" in one.job("EXM").why
    del one.keys["tmdb"]
    one.manager.reload()
    one.turn(5)
    assert one.job("EXM").state is State.UPLOADED


def test_two_that_say_different_things_are_a_persons_to_judge(world: Any) -> None:
    one = world("radarr")
    one.fetched("radarr", "The Loopback", 1)
    one.video(infohash=HASH, imdb="tt7200010")
    one.until(one.settled)
    job = one.job("EXM")
    assert (job.state, job.code) == (State.HELD, "ids-unclear")
    assert "imdb is tt7200010 by what is known, tt7200110 by radarr" in job.why
    assert one.bench.release(job).get("looked") is None
    one.command("edit", job.job, set={"ids.imdb": "tt7200010", "ids.tmdb": 720001})
    one.until(one.settled)
    assert one.sent()["tmdb"] == "720001"


def test_a_number_of_another_data_base_leads_to_the_one_that_is_wanted(world: Any) -> None:
    one = world("tmdb")
    one.video(SLACK, imdb="tt7200210")
    one.until(one.settled)
    assert one.sent()["tmdb"] == "720021"


def test_what_sonarr_knows_lets_tmdb_tell_the_rest(world: Any) -> None:
    one = world("sonarr", "tmdb")
    title = next(title for title in one.sandbox.library.titles if title.year == 2019 and title.kind == "tv")
    known = replace(title, ids={"tvdb": title.ids["tvdb"]})
    one.sandbox.library.fetched["sonarr", HASH.upper()] = [known]
    one.sandbox.library.titles.append(known)
    one.video(OFFICE, infohash=HASH)
    one.until(one.settled)
    assert one.sent()["tmdb"] == "710031"


def test_what_two_titles_fit_at_one_service_is_told_by_no_other(world: Any) -> None:
    one = world("tmdb", "tvdb")
    titles = one.sandbox.library.titles
    british = next(title for title in titles if title.title == "Tidal Office")
    titles[titles.index(british)] = replace(british, ids={"tmdb": british.ids["tmdb"]})  # TheTVDB does not know it
    one.video(OFFICE)
    one.until(one.settled)
    job = one.job("EXM")
    assert (job.code, one.asked("tvdb")) == ("ids-unclear", 0)
    assert "several titles fit" in job.why


def test_what_nobody_can_tell_is_held_with_what_the_form_wants(world: Any) -> None:
    one = world("tmdb")
    one.video("Unheard.Of.2001.1080p.WEB-DL.H.264-LOCAL")
    one.until(one.settled)
    job = one.job("EXM")
    assert (job.state, job.code) == (State.HELD, "ids-unclear")
    assert "tmdb can't tell: EXM wants its number at TMDB" in job.why


def test_a_number_that_only_a_rule_wants_is_looked_for_too(world: Any) -> None:
    one = world("tmdb", require="any: [{ids.imdb: {exists: true}}]")
    one.video(tmdb=720001)
    one.until(one.settled)
    assert one.job("EXM").state is State.UPLOADED
    assert one.sent()["imdb"] == "7200010"


def test_what_a_service_refuses_to_search_is_a_persons_to_tell(world: Any) -> None:
    one = world("tmdb")
    one.sandbox.fail("tmdb", Fault("answer", action="*", status=422, body="{}", times=0))
    one.video()
    one.until(one.settled)
    assert (one.job("EXM").state, one.job("EXM").code) == (State.HELD, "ids-unclear")


def test_a_service_that_is_taken_out_of_the_rules_leaves_no_stop_behind(world: Any) -> None:
    one = world("tmdb")
    one.keys["tmdb"] = KEYS.format("wrong")
    one.video()
    one.turn(3)
    one.named = ()
    one.set_rules()
    one.until(one.settled)
    assert one.journal.ledger.breakers["lookup:tmdb"]["breaker"] == "closed"
    assert one.job("EXM").code == "form"


def test_no_key_of_a_service_is_on_disk(world: Any, tmp_path: Path) -> None:
    from tests.support_canaries import leaks

    one = world("sonarr", "radarr", "tmdb", "tvdb", ids="tmdb, tvdb")
    one.video(PORTS, infohash=HASH)
    one.until(one.settled)
    assert one.job("EXM").state is State.UPLOADED
    tokens = [*one.sandbox._services["tvdb"].tokens]
    assert leaks(tmp_path / "state", [*map(KEYS.format, one.named), *tokens]) == []


def test_a_persons_number_voids_what_services_told_of_another_title(world: Any) -> None:
    one = world("radarr", "tmdb", mode="review")
    one.fetched("radarr", "The Loopback", 1)
    one.video(infohash=HASH)
    one.turn(3)
    job = one.job("EXM")
    assert (one.bench.content(job).ids.tmdb, one.bench.content(job).ids.imdb) == (720011, "tt7200110")
    one.command("edit", job.job, set={"ids.tmdb": 720001})
    job = one.job("EXM")
    assert (one.bench.content(job).ids.tmdb, one.bench.content(job).ids.imdb) == (720001, None)
    one.command("approve", job.job)
    one.until(one.settled)
    assert (one.sent()["tmdb"], one.sent()["imdb"]) == ("720001", "0")


def test_a_service_that_means_another_title_than_a_person_is_not_heard(world: Any) -> None:
    one = world("radarr", "tmdb", ids="tmdb, imdb", mode="review")
    one.fetched("radarr", "The Loopback", 1)
    one.video(infohash=HASH)
    one.turn(3)
    one.command("edit", one.job("EXM").job, set={"ids.tmdb": 720001})
    one.turn(3)
    content = one.bench.content(one.job("EXM"))
    assert (content.ids.tmdb, content.ids.imdb) == (720001, "tt7200010")
    assert one.bench.release(one.job("EXM"))["looked"] == {"tmdb": {"ids.imdb": "tt7200010"}}
    one.command("approve", one.job("EXM").job)
    one.until(one.settled)
    assert (one.sent()["tmdb"], one.sent()["imdb"]) == ("720001", "7200010")


class TestBeforeAnApproval:
    """A person who approves sees the form as it would be sent: its numbers are asked for while it waits."""

    def held(self, one: Any) -> Any:
        one.turn(3)
        job = one.job("EXM")
        assert (job.state, job.code) == (State.HELD, "review")
        return job

    def test_its_numbers_are_there_before_anybody_looks(self, world: Any) -> None:
        one = world("tmdb", mode="review")
        one.video()
        job = self.held(one)
        assert one.bench.content(job).ids.imdb == "tt7200010"
        asked = one.asked("tmdb")
        one.turn(5)
        assert one.asked("tmdb") == asked
        one.command("approve", job.job)
        one.until(one.settled)
        assert one.sent()["tmdb"] == "720001"

    def test_what_may_be_meant_stands_beside_the_question_and_nothing_goes_out(self, world: Any) -> None:
        one = world("tmdb", mode="review")
        one.video(SLACK)
        job = self.held(one)
        assert "several titles fit: Slack Water (2024) tmdb 720021" in job.why
        assert job.resume == f"seedpost queue approve {job.job}"
        one.turn(5)
        assert self.held(one).why == job.why
        one.command("edit", job.job, set={"ids.tmdb": 720021})
        job = self.held(one)
        asked = one.asked("tmdb")
        one.command("approve", job.job)
        one.until(one.settled)
        assert (one.sent()["tmdb"], one.asked("tmdb")) == ("720021", asked)

    def test_a_service_that_is_away_is_asked_again_later(self, world: Any) -> None:
        one = world("tmdb", mode="review")
        one.sandbox.fail("tmdb", Fault("bad-gateway", action="*", times=1))
        one.video()
        job = self.held(one)
        assert (one.bench.content(job).ids.tmdb, one.asked("tmdb")) == (None, 1)
        one.clock.wait(301)
        one.turn(2)
        assert one.bench.content(job).ids.tmdb == 720001
        assert self.held(one).why == job.why

    def test_one_that_is_not_worked_on_keeps_no_other_from_its_numbers(self, world: Any) -> None:
        one = world("tmdb", mode="review")
        one.video(SLACK)
        one.video()
        left, wanted = one.jobs()
        one.manager._only = [wanted.job]
        one.turn(3)
        assert one.bench.content(wanted).ids.tmdb == 720001
        assert one.journal.ledger.jobs[left.job].seq == left.seq

    def test_without_services_nothing_is_looked_at(self, world: Any) -> None:
        one = world(mode="review")
        one.video()
        self.held(one)
