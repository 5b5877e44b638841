"""What `open_tracker` makes an uploader with, and what every uploader makes of it. Asks no site anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trackers.base import Uploader
from trackers.catalogue import Settings, SiteType
from trackers.clock import Clock
from trackers.http import Http
from trackers.images import ImageHost
from trackers.limits import Limiter
from trackers.line import FIRST_PAUSE, ROOM, Line
from trackers.secret import Secret


@dataclass(frozen=True)
class Outfit:
    """One tracker of rules.yaml, checked."""

    site: SiteType
    settings: Settings
    secrets: Mapping[str, Secret]  # by their last name, as the catalogue lists them
    name: str  # in rules.yaml, for messages
    version: str  # of this program, for the User-Agent
    clock: Clock
    limiter: Limiter
    images: ImageHost | None = None  # where covers go, for sites without a host of their own

    def line(
        self, headers: Mapping[str, Secret], *secrets: Secret, room: float = ROOM, first_pause: float = FIRST_PAUSE
    ) -> Line:
        """A line to the site, which sends `headers` with every request and lets no text show one of `secrets`."""
        http = self.http(self.settings.url, headers)
        return Line(self.name, http, self.limiter, self.clock, *secrets, room=room, first_pause=first_pause)

    def http(self, url: str, headers: Mapping[str, Secret]) -> Http:
        """A connection with what is set for this tracker."""
        settings = self.settings
        return Http(url, headers, version=self.version, deadline=settings.deadline, ca_file=settings.ca_file)


class Outfitted(Uploader):
    """An uploader of one of the catalogue's types."""

    def __init__(self, outfit: Outfit) -> None:
        self.name, self.site, self.limiter = outfit.name, outfit.site, outfit.limiter
        self._settings, self._images = outfit.settings, outfit.images

    def opening(self) -> float:
        """See `Limiter.next_opening`."""
        return self.limiter.next_opening()

    def held_up(self) -> float:
        """See `Limiter.waited`."""
        return self.limiter.waited
