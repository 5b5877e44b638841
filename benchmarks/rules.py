"""Rules: 500 of them against one release, loading them, and a hostile pattern. Ratios in one run; nothing absolute.

python benchmarks/rules.py
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import re2
import yaml

from watcher.config import parse
from watcher.release import Fact
from watcher.rules import decide

COUNT = 500
GROUPS = ["YIFY", "EVO", "ETRG", "FGT"]
RESOLUTIONS = ("720p", "1080p", "2160p")
SOURCES = ("WEB-DL", "Blu-ray", "HDTV")

HEAD = """\
version: 1
trackers:
  RED: {type: redacted}
  OPS: {type: orpheus}
seed: {client: none}
rules:
"""
RULE = """\
  - name: rule {n}
    match:
      torrent.category:
        - tv-{n}
        - tv
      video.resolution: {resolution}
      size:
        min: {low} MiB
        max: {high} GiB
      name:
        regex: 's\\d+e\\d+.*group{n}$'
      any:
        - video.source: {source}
        - torrent.tags: [keep-{n}, archive]
        - not:
            group: [YIFY, EVO, ETRG, FGT]
    require:
      scene: false
    upload_to:
      RED: {{}}
      OPS:
        mode: review
        delay: 10m
"""
FACTS = {
    "name": "A.Series.S01E02.1080p.WEB-DL.x264-GRP",
    "size": 2_000_000_000,
    "group": "GRP",
    "torrent.category": "tv",
    "torrent.tags": ["archive"],
    "video.resolution": "1080p",
    "video.source": "WEB-DL",
}


def rules_text() -> bytes:
    """A file of 500 rules of which none matches FACTS, written out at length."""
    rows = [
        RULE.format(n=n, resolution=RESOLUTIONS[n % 3], source=SOURCES[n % 3], low=n % 200, high=1 + n % 60)
        for n in range(COUNT)
    ]
    return (HEAD + "".join(rows)).encode()


def bare() -> list[Callable[[Mapping[str, Any]], bool]]:
    """The same conditions as plain closures over plain values: no unknown, no units, no reasons."""
    return [_closure(n) for n in range(COUNT)]


def _closure(n: int) -> Callable[[Mapping[str, Any]], bool]:
    options = re2.Options()
    options.case_sensitive = False
    categories, resolution = frozenset((f"tv-{n}", "tv")), RESOLUTIONS[n % 3]
    low, high = (n % 200) * 2**20, (1 + n % 60) * 2**30
    search = re2.compile(rf"s\d+e\d+.*group{n}$", options).search
    source, tags, groups = (
        SOURCES[n % 3].lower(),
        frozenset((f"keep-{n}", "archive")),
        frozenset(map(str.lower, GROUPS)),
    )

    def category_in(release: Mapping[str, Any]) -> bool:
        return release["torrent.category"] in categories

    def resolution_is(release: Mapping[str, Any]) -> bool:
        return bool(release["video.resolution"] == resolution)

    def size_between(release: Mapping[str, Any]) -> bool:
        return bool(low <= release["size"] <= high)

    def name_matches(release: Mapping[str, Any]) -> bool:
        return search(release["name"]) is not None

    def source_is(release: Mapping[str, Any]) -> bool:
        return bool(release["video.source"] == source)

    def tagged(release: Mapping[str, Any]) -> bool:
        return not tags.isdisjoint(release["torrent.tags"])

    def group_fine(release: Mapping[str, Any]) -> bool:
        return release["group"] not in groups

    some = (source_is, tagged, group_fine)

    def one_of(release: Mapping[str, Any]) -> bool:
        for test in some:  # noqa: SIM110 - faster than any(), and the anchor is to be as good as it can be
            if test(release):
                return True
        return False

    row = (category_in, resolution_is, size_between, name_matches, one_of)

    def matches(release: Mapping[str, Any]) -> bool:
        for test in row:  # noqa: SIM110
            if not test(release):
                return False
        return True

    return matches


def plain() -> dict[str, Any]:
    """FACTS as bare closures want them: folded beforehand."""
    return {
        key: value.lower()
        if isinstance(value, str)
        else [one.lower() for one in value]
        if isinstance(value, list)
        else value
        for key, value in FACTS.items()
    }


def compare(what: str, ours: Callable[[], object], anchor: Callable[[], object], rounds: int, target: float) -> bool:
    """One line of the table: both in turn, and of each the round that nothing else on the machine disturbed."""
    pairs = [(seconds(ours), seconds(anchor)) for _ in range(rounds)]
    first, second = (min(column) * 1e3 for column in zip(*pairs, strict=True))
    ratio = first / second
    fine = ratio <= target
    print(f"{what:<48} {first:>9.3f} ms {second:>9.3f} ms {ratio:>6.2f} x  target {target} x  {verdict(fine)}")
    return fine


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def verdict(fine: bool) -> str:
    """The last word of a line."""
    return "ok" if fine else "MISSED"


def deciding() -> bool:
    """500 rules against one release, and with the reasons for every rule."""
    config, closures = parse(rules_text()), bare()
    facts = {name: Fact(value, "benchmark") for name, value in FACTS.items()}
    release = plain()

    def loop() -> int | None:
        for number, test in enumerate(closures):
            if test(release):
                return number
        return None

    if decide(config.rules, facts).rule is not None or loop() is not None:
        raise SystemExit("the two must agree")
    fine = compare("decide: 500 rules, none matches", lambda: decide(config.rules, facts), loop, 500, 1.5)
    return (
        compare("  with every reason of every rule", lambda: decide(config.rules, facts).reasons, loop, 50, 40) and fine
    )


def loading() -> bool:
    """Reading 500 rules, against PyYAML's C loader on the same bytes."""
    text = rules_text()
    what = f"load: 500 rules, {len(text) // 1024} KiB, {text.count(10)} lines"
    return compare(what, lambda: parse(text), lambda: yaml.load(text, Loader=yaml.CSafeLoader), 15, 2.0)


def hostile() -> bool:
    """How long a pattern that ruins backtracking engines keeps another thread from its ticks."""
    head = HEAD.split("rules:")[0]
    text = head + "rules:\n  - {name: hostile, match: {name: {regex: '(a*)*(a|aa)+b(a+)+$'}}, upload_to: {}}\n"
    config = parse(text.encode())
    facts = {"name": Fact("a" * 65536, "benchmark")}
    gaps, done = [0.0], threading.Event()

    def tick() -> None:
        last = time.perf_counter()
        while not done.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    ticker = threading.Thread(target=tick)
    ticker.start()
    for _ in range(20):
        decide(config.rules, facts)
    done.set()
    ticker.join()
    fine = max(gaps) < 0.2
    print(f"hostile pattern, 64 KiB: longest gap of a ticker {max(gaps) * 1e3:.1f} ms, target 200 ms  {verdict(fine)}")
    return fine


if __name__ == "__main__":
    raise SystemExit(0 if all([deciding(), loading(), hostile()]) else 1)
