"""RED: its vocabulary's ids, and its host for covers. Its source is closed: words not known to be its prove nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from trackers.base import Upload
from trackers.errors import Refused, Unavailable
from trackers.gazelle import GazelleUploader, after
from trackers.gazelle.after import repeatable
from trackers.gazelle.dialect import ROLES, Dialect
from trackers.http import Fields, Files

DRY_RUN = ("dryrun", "1")


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
        own_images=True,
        escaped=True,
        fill_action="requestfill",
    )  # fmt: skip

    hosts_images = rehosts_images = True

    def host_image(self, data: bytes, name: str) -> str:
        """Put a cover on the site's host; returns its address. A second time does no harm, so what is not known to have
        failed is `Unavailable`; raises `Refused` and `NotAuthorised` too."""
        # Of the name only the kind of picture matters, and it may hold anything.
        return self._hosted((), [("file", "cover" + PurePath(name).suffix.lower(), data)])

    def rehost_image(self, address: str) -> str:
        """Have the site fetch a cover; raises as `host_image`."""
        return self._hosted([("url", address)], ())

    def dry_run(self, upload: Upload) -> Mapping[str, object]:
        """`action=upload` with `dryrun`: what the site derives; nothing is stored. Its shape was never captured."""
        said = repeatable(self._ajax, "upload", [*upload.form.fields, DRY_RUN], self._parts(upload))
        if not said.ok:
            raise Refused("refused", f"{self.name}: {said.error}", answer=said.answer)
        return said.response if isinstance(said.response, Mapping) else {}

    def may_upload(self) -> bool | None:
        """See `after.may_upload`; doubly harmless here."""
        return after.may_upload(self._ajax, [("type", "0"), DRY_RUN])

    def _hosted(self, fields: Fields, files: Files) -> str:
        said = repeatable(self._ajax, "upload_image", fields, files)
        if not said.ok:
            raise Refused("refused", f"{self.name}: {said.error}", answer=said.answer)
        url = said.response.get("url") if isinstance(said.response, Mapping) else None
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise Unavailable("unreadable", f"{self.name}: it did not say where the cover is", answer=said.answer)
        return url
