"""A lost answer and a person's word, through the real command line: each site, both ways, no POST without proof."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from tests.support_films import Site, site
from tests.watcher.test_tv_sites import TvWorld, tv_world
from trackers.sandbox import Fault
from watcher.cli import cli
from watcher.cli.options import Place
from watcher.errors import USAGE, SeedpostError
from watcher.jobs import State


class Case(NamedTuple):
    """A site as it is set up. `stored`: the fault after which the upload stands there, and no look-up proves it."""

    opens: Callable[[Path], AbstractContextManager[Site | TvWorld]]
    stored: str
    asks_first: bool = True  # whether the site can be asked before a person's word counts


CASES = {
    "UNIT3D with moderators": Case(lambda folder: site(folder), "search-down"),
    "UNIT3D without": Case(lambda folder: site(folder, moderated=False), "search-down"),
    "BTN with a key": Case(lambda folder: tv_world(folder, "BTN"), "lost"),
    "BTN without": Case(lambda folder: tv_world(folder, "BTN", keyed=False), "lost", asks_first=False),
    "NBL": Case(lambda folder: tv_world(folder, "NBL"), "lost"),
}


class Person:
    """Who types commands beside the loop."""

    def __init__(self, case: Case, world: Any) -> None:
        self.case, self.world = case, world
        self.site = "unit3d" if isinstance(world, Site) else world.site

    def loses(self, kind: str) -> None:
        """An upload whose answer nobody can read; until it waits for somebody or something."""
        self.world.sandbox.fail(self.site, Fault(kind, action="upload"))
        self.world.film() if isinstance(self.world, Site) else self.world.episode()
        self.world.until(lambda: self.job.state is State.UNCONFIRMED or self.job.open)

    def types(self, *words: str) -> str:
        """A command, in the words of the shell; what came of it once the loop has obeyed it."""
        state = ["--state", str(self.world.folder / "state"), "--json"]
        run = CliRunner().invoke(cli, [*words, *state], obj=Place(), catch_exceptions=False)
        seq = max(int(one["seq"]) for one in self.world.journal.refresh() if one.get("type") == "command")
        assert json.loads(run.output)["command"] == seq
        return str(self.world.answer(seq)["result"])

    @property
    def job(self) -> Any:
        return self.world.mine()

    def ours(self) -> list[Any]:
        return self.world.sandbox.torrents(self.site, "uploader")  # type: ignore[no-any-return]


@pytest.fixture(params=CASES)
def person(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Person]:
    case = CASES[request.param]
    with case.opens(tmp_path) as world:
        yield Person(case, world)


def test_it_is_uploaded_by_a_persons_word_and_sent_once(person: Person) -> None:
    person.loses(person.case.stored)
    (torrent,) = person.ours()
    page = f"torrents/{torrent.id}" if person.site == "unit3d" else f"torrents.php?id=3&torrentid={torrent.id}"
    address = f"https://tracker.example/{page}"
    assert person.types("queue", "resolve", person.job.job, "--uploaded", address, "--yes") == "done"
    person.world.until(person.world.settled)
    assert (person.job.state, person.job.torrent_id) == (State.UPLOADED, str(torrent.id))
    assert person.world.posts() == 1


def test_it_is_absent_by_a_persons_word_and_sent_again(person: Person) -> None:
    person.loses("bad-gateway")
    assert person.types("queue", "resolve", person.job.job, "--absent", "--yes") == "done"
    person.world.until(person.world.settled)
    assert (person.job.state, person.world.posts(), len(person.ours())) == (State.UPLOADED, 2, 1)
    assert '"proof":"by hand"' in (person.world.folder / "state" / "journal.jsonl").read_text()


def test_what_the_site_shows_is_not_absent_whoever_says_so(person: Person) -> None:
    person.loses(person.case.stored)
    if person.site == "unit3d":
        person.world.sandbox.moderate("unit3d", person.ours()[0].id, "approved")
    told = person.types("queue", "resolve", person.job.job, "--absent", "--yes")
    assert told == ("refused" if person.case.asks_first else "done")  # without a key the word is all there is
    person.world.turn(5)
    assert person.world.posts() == (1 if person.case.asks_first else 2)


@pytest.mark.parametrize("words", [(), ("--absent", "--uploaded", "7"), ("--uploaded", "ID"), ("--uploaded", "…")])
def test_one_of_both_has_to_be_said(tmp_path: Path, words: tuple[str, ...]) -> None:
    with site(tmp_path) as one:
        person = Person(CASES["UNIT3D with moderators"], one)
        person.loses("bad-gateway")
        with pytest.raises(SeedpostError) as caught:
            person.types("queue", "resolve", person.job.job, *words, "--yes")
        assert caught.value.exit_code == USAGE
