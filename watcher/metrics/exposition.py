"""The heartbeat as Prometheus reads it, served on request. Labels are names of rules.yaml and codes: never content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from watcher.errors import FAILED, MISSING, SeedpostError

if TYPE_CHECKING:
    from prometheus_client.core import Metric

INSTALL = "pip install 'seedpost[metrics]', into the environment that seedpost is in"


def installed() -> bool:
    """Whether prometheus-client is there; it is not imported."""
    return find_spec("prometheus_client") is not None


class Exposition:
    """Answers `GET /metrics` with what `beat` gives: the last heartbeat. Raises SeedpostError: exit 6 without
    prometheus-client, 1 if the port can't be had."""

    def __init__(self, port: int, address: str, beat: Callable[[], Mapping[str, Any]]) -> None:
        if not installed():
            raise SeedpostError("metrics need prometheus-client: it is not installed", hint=INSTALL, exit_code=MISSING)
        from prometheus_client import CollectorRegistry, start_http_server  # 60 ms, and an extra

        self._beat = beat
        registry = CollectorRegistry()
        registry.register(self)
        try:
            self._server, self._thread = start_http_server(port, address, registry)
        except OSError as error:
            text = f"nothing can be served at {address}:{port}: {error.strerror or error}"
            raise SeedpostError(text, hint="give `metrics` in rules.yaml another port", exit_code=FAILED) from error
        self.port: int = self._server.server_port

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def describe(self) -> Iterable[Metric]:
        """None beforehand: a registry would ask `collect`."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Every family, of the last heartbeat."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily

        beat = self._beat()
        for name, help, labels, rows in gauges(beat):
            gauge = GaugeMetricFamily(f"seedpost_{name}", help, labels=labels)
            for label, value in rows:
                gauge.add_metric(label, value)
            yield gauge
        for name, help, labels, rows in counters(beat):
            counter = CounterMetricFamily(f"seedpost_{name}", help, labels=labels)
            for label, value in rows:
                counter.add_metric(label, value)
            yield counter
        if fsync := beat.get("fsync"):
            text = "seconds until the disk confirmed"
            yield SummaryMetricFamily("seedpost_fsync_seconds", text, int(fsync["count"]), float(fsync["seconds"]))


Row = tuple[list[str], float]
Family = tuple[str, str, list[str], list[Row]]


def gauges(beat: Mapping[str, Any]) -> list[Family]:
    """What is so now. Pure."""
    lanes, sources, stages = (_map(beat.get(key)) for key in ("lanes", "sources", "stages"))
    percentiles = (("0.5", "p50_s"), ("0.95", "p95_s"))
    memory = _map(beat.get("memory"))
    return [
        ("jobs", "jobs in each state", ["state"], [([state], n) for state, n in _map(beat.get("jobs")).items()]),
        (
            "lane_stopped",
            "1 if nothing is sent to the tracker now, with the code",
            ["tracker", "code"],
            [
                ([name, str(lane.get("breaker") or "")], float(bool(lane.get("breaker"))))
                for name, lane in lanes.items()
            ],
        ),
        ("queue_age_seconds", "how long the oldest job is due", [], _one(beat.get("queue_age_s"))),
        ("source_up", "1 if it answers", ["source"], [([name], float(bool(s["up"]))) for name, s in sources.items()]),
        (
            "poll_delay_seconds",
            "time between two looks at it now",
            ["source"],
            [([name], float(one["delay_s"])) for name, one in sources.items()],
        ),
        (
            "stage_seconds",
            "of the last jobs through each stage",
            ["stage", "quantile"],
            [
                ([name, quantile], one[key])
                for name, one in stages.items()
                for quantile, key in percentiles
                if one.get(key) is not None
            ],
        ),
        ("hashing_bytes_per_second", "content read now", [], _one(beat.get("hashing_rate"))),
        ("memory_bytes", "in memory now", [], _one(memory.get("rss"))),
        ("memory_peak_bytes", "in memory at most", [], _one(memory.get("peak"))),
        ("uploader_stopped", "1 if nothing is begun at all", [], _one(float(bool(beat.get("stopped"))))),
    ]


def counters(beat: Mapping[str, Any]) -> list[Family]:
    """What was counted since the daemon began. Pure."""
    counted, lanes = _map(beat.get("counters")), _map(beat.get("lanes"))
    errors = [
        ([tracker, code], count)
        for tracker, codes in _map(counted.get("errors")).items()
        for code, count in codes.items()
    ]
    uploads = [([tracker], count) for tracker, count in _map(counted.get("uploads")).items()]
    waits = [([name], float(lane.get("rate_waited_s") or 0.0)) for name, lane in lanes.items()]
    return [
        ("uploads", "uploads that stand", ["tracker"], uploads),
        ("errors", "what went wrong, by code", ["tracker", "code"], errors),
        ("rate_limit_wait_seconds", "time that requests were held up by the site's rate limit", ["tracker"], waits),
    ]


def _one(value: object) -> list[Row]:
    return [([], float(value))] if isinstance(value, (int, float)) else []


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
