"""A library that publishes one release on one tracker. It knows nothing of qBittorrent, rules or the journal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trackers.base import Uploader
    from trackers.clock import Clock
    from trackers.gazelle import GazelleUploader
    from trackers.images import ImageHost
    from trackers.secret import Secret


def open_tracker(
    type: str,
    settings: Mapping[str, object],
    secrets: Mapping[str, Secret],
    *,
    name: str,
    clock: Clock,
    limits: Path | None,
    images: ImageHost | None = None,
) -> Uploader:
    """The uploader for one tracker of rules.yaml. Asks the site nothing.

    `settings`: its block, times in seconds; keys that are the loop's are left alone. `secrets` by their last name
    (`api_key`). `limits`: the folder of the limiters' files; None keeps them in memory, for looks alone.
    `images`: where covers go for sites without a host of their own.
    Raises `SettingsError` in words that tell what to change.
    """
    # Imported here: requests alone takes longer to import than `--help` may, and whoever imports trackers.content
    # imports this module too.
    from importlib.metadata import version

    from trackers.catalogue import SANDBOX, TYPES, read_settings, site_of
    from trackers.errors import SettingsError
    from trackers.gazelle import api_key
    from trackers.limits import Limiter

    site, made = TYPES.get(type), _classes().get(type.removeprefix(SANDBOX))
    if site is None or made is None:
        raise SettingsError("settings", f"{name}: no tracker type '{type}' (have: {', '.join(sorted(TYPES))})")
    checked = read_settings(site, settings, name)
    key = api_key(secrets, name)
    path = limits / f"{site_of(type, checked.url)}.json" if limits else None
    limiter = Limiter(path, site.limit, clock=clock, credential=key, share=checked.share)
    known = {"name": name, "version": version("seedpost"), "clock": clock}
    return made(site, checked, key, **known, limiter=limiter, images=images)  # type: ignore[arg-type]


def prove_announce(address: Secret) -> None:
    """See `announce.prove`."""
    from importlib.metadata import version

    from trackers import announce

    announce.prove(address, version=version("seedpost"))


def open_images(type: str, url: str | None, key: Secret) -> ImageHost:
    """The host for pictures that rules.yaml names. Raises `SettingsError` in words that tell what to change."""
    from importlib.metadata import version

    from trackers.images import ImageHost

    return ImageHost(type, url, key, version=version("seedpost"))


def _classes() -> Mapping[str, type[GazelleUploader]]:
    """A tracker type's class. Imported here for the same reason."""
    from trackers.orpheus import OrpheusUploader
    from trackers.redacted import RedactedUploader

    return {"redacted": RedactedUploader, "orpheus": OrpheusUploader}
