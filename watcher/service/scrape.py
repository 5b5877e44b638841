"""Serves metrics where rules.yaml says, from the first beat on. What goes wrong with that stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from watcher.config.metrics import MetricsConfig
from watcher.errors import SeedpostError
from watcher.logs import log
from watcher.metrics import Exposition


class Scrape:
    """The place of the rules in force, or none."""

    def __init__(self, beat: Callable[[], Mapping[str, Any]]) -> None:
        self._beat = beat
        self._config: MetricsConfig | None = None
        self._served: Exposition | None = None

    def follow(self, config: MetricsConfig | None) -> None:
        """Serve there from now on; the same place goes on as it is, and one that could not be had is tried again."""
        if config == self._config and self._served is not None:
            return
        self.close()
        self._config = config
        if config is None:
            return
        try:
            self._served = Exposition(config.port, config.address, self._beat)
        except SeedpostError as error:
            log.error("metrics.unavailable", error=error)
        else:
            log.info("metrics.served", address=config.address, port=config.port)

    def close(self) -> None:
        """Serve no more."""
        if self._served is not None:
            self._served.close()
            self._served = None
