"""A library that publishes one release on one tracker. It knows nothing of qBittorrent, rules or the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trackers.base import Uploader
    from trackers.catalogue import SiteType
    from trackers.clock import Clock
    from trackers.images import ImageHost
    from trackers.lookups import Service
    from trackers.outfit import Outfit
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
    (`api_key`), as the catalogue lists them. `limits`: the folder of the limiters' files; None keeps them in memory,
    for looks alone.
    `images`: where covers go for sites without a host of their own.
    Raises `SettingsError` in words that tell what to change.
    """
    # Imported here: requests alone takes longer to import than `--help` may, and whoever imports trackers.content
    # imports this module too.
    from importlib.metadata import version

    from trackers.catalogue import SANDBOX, TYPES, read_settings, site_of
    from trackers.errors import SettingsError
    from trackers.limits import Limiter
    from trackers.outfit import Outfit

    site, made = TYPES.get(type), _classes().get(type.removeprefix(SANDBOX))
    if site is None or made is None:
        raise SettingsError("settings", f"{name}: no tracker type '{type}' (have: {', '.join(sorted(TYPES))})")
    checked = read_settings(site, settings, name)
    keys = _keys(site, secrets, name)
    path = limits / f"{site_of(type, checked.url)}.json" if limits else None
    limiter = Limiter(path, site.limit, clock=clock, credential=keys[site.secrets[0]], share=checked.share)
    return made(Outfit(site, checked, keys, name, version("seedpost"), clock, limiter, images))


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


def open_lookup(
    type: str,
    url: str | None,
    secrets: Mapping[str, Secret],
    *,
    name: str,
    clock: Clock,
    state: Path | None,
    ca_file: Path | None = None,
) -> Service:
    """A look-up service of rules.yaml. Asks it nothing. `state`: the folder for what it said and for its limiter; None
    keeps both in memory. Raises `SettingsError` in words that tell what to change."""
    from importlib.metadata import version

    from trackers.catalogue import LOOKUPS
    from trackers.limits import Limiter
    from trackers.lookups import SERVICES
    from trackers.lookups.memory import Memory
    from trackers.lookups.service import Opening

    known, keys = LOOKUPS[type], _fit(secrets, name)
    limits, memory = (
        (state / "limits" / f"lookup-{name}.json", state / "lookups" / f"{name}.json") if state else (None, None)
    )
    limiter = Limiter(limits, known.limit, clock=clock, credential=keys["api_key"])
    return SERVICES[type](
        Opening(
            name=name,
            type=known,
            url=(url or known.url).rstrip("/"),
            secrets=keys,
            version=version("seedpost"),
            clock=clock,
            limiter=limiter,
            memory=Memory(memory, clock),
            ca_file=ca_file,
        )
    )


def _fit(secrets: Mapping[str, Secret], name: str) -> dict[str, Secret]:
    """Secrets that can stand in a header. Raises `SettingsError` for others."""
    from trackers.errors import SettingsError

    for which, key in secrets.items():
        value = key.reveal()
        if not value.isascii() or not value.isprintable() or " " in value:
            stored = f"seedpost secrets set {name.lower()}.{which}"
            raise SettingsError("no-key", f"{name}: its {which} has characters that none has: {stored}")
    return dict(secrets)


def _keys(site: SiteType, secrets: Mapping[str, Secret], name: str) -> dict[str, Secret]:
    """What the type needs, and what it may use. Raises `SettingsError` with the command that stores it."""
    from trackers.errors import SettingsError

    keys = {}
    for which in (*site.secrets, *site.optional_secrets):
        key, stored = secrets.get(which), f"seedpost secrets set {name.lower()}.{which}"
        what = "API key" if which == "api_key" else which
        if not key and which in site.secrets:
            raise SettingsError("no-key", f"{name}: its {what} is missing: {stored}")
        value = key.reveal() if key else ""
        if not value.isascii() or (value and not value.isprintable()) or (" " in value and which != "cookies"):
            raise SettingsError("no-key", f"{name}: its {what} has characters that none has: {stored}")
        if key:
            keys[which] = key
    return keys


def _classes() -> Mapping[str, Callable[[Outfit], Uploader]]:
    """A tracker type's class. Imported here for the same reason."""
    from trackers.btn import BTNUploader
    from trackers.nebulance import NebulanceUploader
    from trackers.orpheus import OrpheusUploader
    from trackers.redacted import RedactedUploader
    from trackers.unit3d import Unit3dUploader

    return {
        "redacted": RedactedUploader,
        "orpheus": OrpheusUploader,
        "unit3d": Unit3dUploader,
        "btn": BTNUploader,
        "nebulance": NebulanceUploader,
    }
