"""Stand-ins for services beside the sites: those that tell numbers of invented titles, and hosts for pictures."""

from __future__ import annotations

from collections.abc import Mapping

from trackers.sandbox.services.arr import Radarr, Sonarr
from trackers.sandbox.services.library import Library, Service, Title
from trackers.sandbox.services.pictures import Chevereto, Ptpimg
from trackers.sandbox.services.tmdb import Tmdb
from trackers.sandbox.services.tvdb import Tvdb

# A service is one class and one line here.
SERVICES: Mapping[str, type[Service]] = {one.type: one for one in (Sonarr, Radarr, Tmdb, Tvdb, Chevereto, Ptpimg)}

__all__ = ["SERVICES", "Library", "Service", "Title"]
