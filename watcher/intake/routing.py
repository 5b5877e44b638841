"""The facts of a release and what the rules make of them. Reads the disk, writes nothing."""

from __future__ import annotations

import shlex
from pathlib import Path

from watcher.config import Config, Sidecar, read_sidecar
from watcher.errors import SeedpostError
from watcher.identify import FactCache, identify
from watcher.release import Fact, Release, beside, overridden
from watcher.rules import Decision, decide, filled

SIDECAR = "sidecar"  # the code of a release whose sidecar can't be used


def decided(release: Release, config: Config, cache: FactCache | None = None) -> tuple[dict[str, Fact], Decision]:
    """The facts of a release, and what the rules make of them. A sidecar that can't be used leaves it undecided: what
    its owner meant is not known."""
    facts, doubt = known(release, config, cache)
    decision = decide(config.rules, facts)
    return facts, Decision(undecided=SIDECAR, why=doubt, explain=decision.explain) if doubt else decision


def known(release: Release, config: Config, cache: FactCache | None = None) -> tuple[dict[str, Fact], str]:
    """The facts of a release, read from its files and its sidecar; and why the sidecar can't be used, if it can't."""
    path, doubt = Path(release.path), ""
    try:
        said = read_sidecar(path, {name: one.form or {} for name, one in config.rules.trackers.items()})
    except SeedpostError as error:
        said, doubt = Sidecar(), f"{error}; mend it, then: seedpost enqueue {shlex.quote(release.path)}"
    kind = str(said.facts["kind"]) if "kind" in said.facts else None
    facts: dict[str, Fact] = {
        "from": Fact(release.from_, "file"),
        "client": Fact(release.client or None, "torrent"),
        "path": Fact(release.path, "file"),
        **identify(path, release.files, single=release.single, cache=cache, kind=kind),
        **release.facts,
    }
    values, unfilled = filled(said.facts, facts)
    facts = overridden(facts, values, "sidecar")
    for name, settings in said.trackers.items():
        own, lacking = filled(settings, facts)
        facts[beside(name)] = Fact(own, "sidecar")
        unfilled += lacking
    return facts, doubt or "; ".join(f"the sidecar's {one.field} wants {one.want}" for one in unfilled)
