"""The facts of a release and what the rules make of them. Reads the disk, writes nothing."""

from __future__ import annotations

from pathlib import Path

from watcher.config import Config
from watcher.identify import identify
from watcher.release import Fact, Release
from watcher.rules import Decision, decide


def decided(release: Release, config: Config) -> tuple[dict[str, Fact], Decision]:
    """The facts of a release, read from its files, and what the rules make of them."""
    facts: dict[str, Fact] = {
        "from": Fact(release.from_, "file"),
        "client": Fact(release.client or None, "torrent"),
        "path": Fact(release.path, "file"),
        **identify(Path(release.path), release.files, single=release.single),
        **release.facts,
    }
    return facts, decide(config.rules, facts)
