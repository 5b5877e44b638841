"""The `metrics` block: where Prometheus may read."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.rules import kinds
from watcher.rules.blocks import key, read_block
from watcher.rules.nodes import Node, Problems


@dataclass(frozen=True)
class MetricsConfig:
    """Served by the daemon as `http://ADDRESS:PORT/metrics`, without a password."""

    port: int = key(kinds.whole(1, 65535), "port it listens on")
    address: str = key(kinds.TEXT, "address it listens at: who can reach that can read", default="127.0.0.1")


def read_metrics(node: Node | None, problems: Problems) -> MetricsConfig | None:
    """The `metrics` block; None without one."""
    return None if node is None else read_block(MetricsConfig, node, "metrics", problems)
