"""RED: its vocabulary's ids, and its host for covers. Its source is closed: words not known to be its prove nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from trackers.errors import NotAuthorised, Refused, Unavailable, Unconfirmed
from trackers.gazelle import GazelleUploader
from trackers.gazelle.dialect import ROLES, Dialect


class RedactedUploader(GazelleUploader):
    """Publishes on RED."""

    dialect = Dialect(
        authorization="{}",
        release_types={
            "Album": 1, "Soundtrack": 3, "EP": 5, "Anthology": 6, "Compilation": 7, "Single": 9, "Live album": 11,
            "Remix": 13, "Bootleg": 14, "Interview": 15, "Mixtape": 16, "Demo": 17, "Concert Recording": 18,
            "DJ Mix": 19, "Unknown": 21,
        },
        roles=ROLES,
        blu_ray="Blu-Ray",
        remaster_flag=False,
        group_label=False,
        label_least=2,
    )  # fmt: skip

    hosts_images = True

    def host_image(self, data: bytes, name: str) -> str:
        """Put a cover on the site's host; returns its address. A second time does no harm, so what is not known to have
        failed is `Unavailable`; raises `Refused` and `NotAuthorised` too."""
        try:
            # Of the name only the kind of picture matters, and it may hold anything.
            said = self._ajax.send("upload_image", (), [("file", "cover" + PurePath(name).suffix.lower(), data)])
        except Unconfirmed as error:
            kind = NotAuthorised if error.stops_lane else Unavailable
            raise kind(error.code, error.text, answer=error.answer) from error
        if not said.ok:
            raise Refused("refused", f"{self.name}: {said.error}", answer=said.answer)
        url = said.response.get("url") if isinstance(said.response, Mapping) else None
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise Unavailable("unreadable", f"{self.name}: it did not say where the cover is", answer=said.answer)
        return url
