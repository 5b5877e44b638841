"""What the running daemon says of itself: counters, stages, `status --verbose`, and Prometheus' text."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support_clock import VirtualClock
from tests.support_rules import HEAD, config, refused
from tests.support_seedpost import Seedpost, an_album, keys_of, rules_of
from trackers.clock import utc_text
from trackers.sandbox import Sandbox
from watcher.config.metrics import MetricsConfig
from watcher.durable import FileSystem
from watcher.errors import INVALID, MISSING, OK, SeedpostError
from watcher.jobs import Ledger
from watcher.logs import overhear
from watcher.metrics import Counters, Exposition, TimedFileSystem, memory
from watcher.metrics.counters import KEPT
from watcher.metrics.exposition import counters, gauges
from watcher.service import view
from watcher.service.scrape import Scrape

START = VirtualClock().wall


def record(state: str, after: float, **keys: object) -> dict[str, object]:
    base = {"type": "job", "job": "j1", "tracker": "RED", "release": "r1", "time": utc_text(START + after)}
    return {**base, "state": state, **keys}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_uploads_errors_and_stages_are_counted_once_each() -> None:
    found = Counters(Ledger())
    found.note({"type": "release", "release": "r1", "completed": int(START), "time": utc_text(START + 2)})
    for state, after, code in (
        ("queued", 2, None), ("queued", 3, "rate-limited"), ("queued", 4, "rate-limited"), ("prepared", 5, None),
        ("sending", 5, None), ("uploaded", 9, None), ("uploaded", 10, None), ("held", 11, "review"),
    ):  # fmt: skip
        found.note(record(state, after, code=code))
    found.note({"type": "tracker", "tracker": "RED"})
    value = found.value()
    assert value["counters"] == {"uploads": {"RED": 1}, "errors": {"RED": {"rate-limited": 1}}}
    stages = value["stages"]
    assert isinstance(stages, dict)
    assert {name: one["last_s"] for name, one in stages.items() if one["count"]} == {
        "decide": 2.0,
        "prepare": 3.0,
        "send": 4.0,
    }


def test_what_is_kept_of_jobs_is_bounded() -> None:
    found = Counters(Ledger())
    for number in range(KEPT + 1):
        found.note(record("queued", 0, job=str(number)))
    found.note(record("prepared", 5, job="0"))
    stages = found.value()["stages"]
    assert isinstance(stages, dict) and stages["prepare"]["count"] == 0


def test_flushes_are_timed_and_memory_is_known(tmp_path: Path) -> None:
    disk = TimedFileSystem()
    assert isinstance(disk, FileSystem) and disk.value()["count"] == 0
    with (tmp_path / "file").open("wb") as file:
        disk.flush(file.fileno())
    said = disk.value()
    assert said["count"] == 1 and said["max_s"] == said["last_s"] == pytest.approx(said["seconds"])
    assert memory()["rss"] > 0 and memory()["peak"] > 0


def test_an_empty_or_older_heartbeat_gives_few_numbers_and_no_error() -> None:
    assert [name for name, _, _, rows in gauges({}) if rows] == ["uploader_stopped"]
    assert [rows for _, _, _, rows in counters({"counters": None})] == [[], [], []]
    assert view.process(None, VirtualClock()) == {}


def test_rules_yaml_says_where_numbers_are_served() -> None:
    assert config("rules: []\n").metrics is None
    assert config("rules: []\nmetrics: {port: 9477}\n").metrics == MetricsConfig(9477, "127.0.0.1")
    (problem,) = refused(HEAD + "rules: []\nmetrics: {port: 0}\n")
    assert "port" in problem.message


def test_a_port_that_is_taken_is_told_and_stops_nothing() -> None:
    heard: list[str] = []
    end = overhear(lambda level, event, fields: heard.append(event))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        scrape = Scrape(dict)
        scrape.follow(MetricsConfig(taken.getsockname()[1]))
    port = free_port()
    scrape.follow(MetricsConfig(port))
    scrape.follow(MetricsConfig(port))
    scrape.follow(None)
    end()
    assert heard == ["metrics.unavailable", "metrics.served"]


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.metrics.exposition.installed", lambda: False)
    with pytest.raises(SeedpostError) as caught:
        Exposition(1, "127.0.0.1", dict)
    assert caught.value.exit_code == MISSING and "seedpost[metrics]" in caught.value.hint


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


def scraped(port: int) -> dict[tuple[str, tuple[str, ...]], float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    assert "Loopbacks" not in text
    families = text_string_to_metric_families(text)
    return {(one.name, tuple(one.labels.values())): one.value for family in families for one in family.samples}


def test_the_daemon_shows_its_numbers_in_status_and_to_prometheus(tmp_path: Path, sandbox: Sandbox) -> None:
    (tmp_path / "rips").mkdir()
    port = free_port()
    rules = rules_of(tmp_path / "rips", sandbox) + f"metrics: {{port: {port}}}\n"
    seedpost = Seedpost(tmp_path, rules, keys_of(sandbox), daemon=True)
    seedpost.start()
    log = seedpost.state / "log" / "seedpost.jsonl"
    seedpost.until(lambda: log.exists() and "source.baseline" in seedpost.events(), "no baseline")
    an_album(tmp_path / "rips")
    seedpost.until(lambda: list(map(str, seedpost.states().values())) == ["uploaded"], "nothing was uploaded")
    beat = seedpost.state / "heartbeat"
    seedpost.until(lambda: json.loads(beat.read_text())["counters"]["uploads"], "not counted")
    found = scraped(port)
    assert found["seedpost_jobs", ("uploaded",)] == found["seedpost_uploads_total", ("RED",)] == 1
    assert found["seedpost_source_up", ("rips",)] == 1 and found["seedpost_lane_stopped", ("", "RED")] == 0
    assert found["seedpost_fsync_seconds_count", ()] > 3 and found["seedpost_memory_bytes", ()] > 1e6
    assert ("seedpost_stage_seconds", ("0.5", "send")) in found and ("seedpost_queue_age_seconds", ()) in found
    process = seedpost.json("status", "--verbose")["process"]
    assert set(process) == {*view.PROCESS, "rate_waited_s", "polls"} and process["polls"]["rips"]["delay_s"] > 0
    screen = seedpost("status", "--verbose").stdout
    assert "uploads" in screen and "RED 1" in screen and "stages of the last jobs" in screen
    assert "process" not in seedpost.json("status")
    assert seedpost.end() == OK
    assert "process" in seedpost.json("status", "--verbose") and "since the daemon" not in seedpost("status").stdout


def test_check_says_what_metrics_need(tmp_path: Path) -> None:
    stub = tmp_path / "without" / "sitecustomize.py"
    stub.parent.mkdir()
    stub.write_text("import sys\nsys.modules['prometheus_client'] = None\n")
    rules = "version: 1\nseed: {client: none}\nrules: []\nmetrics: {port: 9477}\n"
    seedpost = Seedpost(tmp_path, rules, {"PYTHONPATH": str(stub.parent)}, daemon=True)
    done = seedpost("check")
    assert done.returncode == INVALID and "seedpost[metrics]" in done.stdout
