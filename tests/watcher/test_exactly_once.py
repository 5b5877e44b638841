"""No doubled upload and no lost job, over many runs of a hostile site in virtual time; and mutants that must fail."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from random import Random

import pytest

from tests.support_loop import Model, World, world
from trackers.base import Absent, CannotTell, Found, Receipt, Upload
from watcher.jobs import State

pytestmark = pytest.mark.no_cover  # so many runs of what other tests cover: tracing them would double the time

FATES = (("lost", 0.0), ("dropped", 0.0), ("unsent", 0.0), ("limited", 30.0), ("well", 0.0))
ENDS = (State.UPLOADED, State.HELD, State.DUPLICATE)


def hostile(world: World, random: Random) -> None:
    """Draw what the site does: answers lost, commits up to 300 s late, a search that lags up to 120 s."""
    site = world.sites["RED"]
    site.refuses_same_hash = random.random() < 0.5
    site.search_lag = random.choice((0.0, random.uniform(0, 120)))
    if random.random() < 0.3:
        site.blind = world.clock.running() + random.uniform(0, 7200)
    site.fates = [random.choice((*FATES, ("late", random.uniform(0, 300)))) for _ in range(random.randint(1, 3))]


def run(folder: Path, seed: int) -> tuple[bool, bool]:
    """One release through one hostile site, with restarts and outages drawn in between: (doubled, lost)."""
    random = Random(seed)
    with world(folder / str(seed), seed=seed) as one:
        hostile(one, random)
        one.release(f"Album {seed}")
        for _ in range(random.randint(0, 12)):
            one.turn(random.randint(1, 4))
            drawn = random.random()
            if drawn < 0.25:
                one.restart()
            elif drawn < 0.35:
                one.sites["RED"].down = not one.sites["RED"].down
        one.sites["RED"].down = False
        one.until(one.settled, hours=96)
        job = one.job()
        explained = job.state is State.UPLOADED or (job.state in ENDS and bool(job.code and job.why))
        return one.doubled(), not explained


def check(folder: Path, seeds: range) -> tuple[int, int]:
    """How many of the runs doubled an upload, and how many lost a job."""
    runs = [run(folder, seed) for seed in seeds]
    return sum(twice for twice, _ in runs), sum(lost for _, lost in runs)


@pytest.mark.parametrize("part", range(4))
def test_no_upload_is_doubled_and_no_job_is_lost(tmp_path: Path, part: int) -> None:
    assert check(tmp_path, range(part * 250, (part + 1) * 250)) == (0, 0)


@pytest.mark.long
@pytest.mark.parametrize("part", range(40))
def test_no_upload_is_doubled_and_no_job_is_lost_in_ten_thousand_runs(tmp_path: Path, part: int) -> None:
    assert check(tmp_path, range(10_000 + part * 250, 10_000 + (part + 1) * 250)) == (0, 0)


def once_is_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(import_module("watcher.uploader.reconcile"), "PASSES", 1)
    patch.setattr(World, "set_rules", _with_quiet(World.set_rules, 0))


def a_minute_is_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(World, "set_rules", _with_quiet(World.set_rules, 60))


def _with_quiet(set_rules: Callable[..., None], quiet: float) -> Callable[..., None]:
    def mutant(self: World, **settings: object) -> None:
        set_rules(self, **{**settings, "quiet": quiet})

    return mutant


def no_canary(patch: pytest.MonkeyPatch) -> None:
    """An answer that shows nothing is taken for an absence."""
    find = Model.find

    def mutant(self: Model, upload: Upload, known: Receipt | None) -> Found | Absent | CannotTell:
        found = find(self, upload, known)
        return Absent("none") if isinstance(found, CannotTell) else found

    patch.setattr(Model, "find", mutant)


def naive(patch: pytest.MonkeyPatch) -> None:
    """What every peer does: no answer, so send again."""

    def again(job: object, code: str, why: str) -> dict[str, object]:
        return {"state": State.QUEUED, "code": code, "why": why}

    patch.setattr(import_module("watcher.uploader.publish"), "unconfirmed", again)


@pytest.mark.parametrize("mutant", [naive, once_is_enough, a_minute_is_enough, no_canary])
def test_the_mutants_double_uploads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mutant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    mutant(monkeypatch)
    assert any(run(tmp_path, seed)[0] for seed in range(200))
