"""Services that tell the numbers of a title at data bases. Each is one module; none knows trackers or torrents."""

from __future__ import annotations

from collections.abc import Mapping

from trackers.lookups.arr import Arr
from trackers.lookups.service import Service
from trackers.lookups.tmdb import Tmdb
from trackers.lookups.tvdb import Tvdb

SERVICES: Mapping[str, type[Service]] = {"sonarr": Arr, "radarr": Arr, "tmdb": Tmdb, "tvdb": Tvdb}

__all__ = ["SERVICES", "Service"]
