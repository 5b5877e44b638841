"""What is known of each type of tracker, as frozen data: hosts, flags, pieces, limits, vocabularies. No network.

Facts: facts of the sites' own documents and of Gazelle's source; a type's vocabularies stand here, the ids that a site
gives its words beside its class.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from trackers.catalogue.entries import BTN, NEBULANCE, ORPHEUS, REDACTED, SANDBOX, TYPES, UNIT3D
from trackers.catalogue.lookups import LOOKUPS, LookupType
from trackers.catalogue.settings import COVER, ID_WORDS, MAPPED, MOST_SCREENSHOTS, Maps, Settings, read_settings
from trackers.catalogue.shapes import Limit, Pieces, SiteType, is_loopback

__all__ = [
    "BTN",
    "COVER",
    "ID_WORDS",
    "IMAGE_HOSTS",
    "LOOKUPS",
    "MAPPED",
    "MOST_SCREENSHOTS",
    "NEBULANCE",
    "ORPHEUS",
    "REDACTED",
    "SANDBOX",
    "TYPES",
    "UNIT3D",
    "Limit",
    "LookupType",
    "Maps",
    "Pieces",
    "Settings",
    "SiteType",
    "announce_of",
    "is_loopback",
    "read_settings",
    "reminder_of",
    "sandbox_announce",
    "site_of",
    "site_of_announce",
    "sites_of_flag",
]  # fmt: skip

# Families of hosts for pictures, and the address of those that stand at one place.
IMAGE_HOSTS: Mapping[str, str | None] = {"chevereto": None, "ptpimg": "https://ptpimg.me"}


def announce_of(site: SiteType, url: str, passkey: str) -> str:
    """The personal announce address: a secret. A sandbox announces on its own host, under its type, behind `/announce`:
    qBittorrent talks to a tracker on loopback only if its path begins so (SSRF mitigation)."""
    if not site.sandbox:
        return f"https://{site.announce_hosts[0]}/{passkey}/announce"
    return sandbox_announce(site.name.removeprefix(SANDBOX), url, passkey)


def sandbox_announce(type: str, url: str, passkey: str) -> str:
    """The announce address of the sandbox of `type` (without `sandbox-`) whose site stands at `url`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/announce/{type}/{passkey}/announce"


def site_of(type: str, url: str | None = None) -> str:
    """A tracker's identity: its host, or `sandbox:<type>:<host>` (port left out), as `site` stands in the journal."""
    entry = TYPES[type]
    host = urlsplit(url or entry.url).hostname or entry.host
    if entry.sandbox:
        return f"sandbox:{type.removeprefix(SANDBOX)}:{host}"
    return entry.host or host


def reminder_of(site: str) -> str:
    """What who approves an upload to a site is reminded of; empty for most."""
    type = site.split(":")[1] if site.startswith("sandbox:") else ""
    return next((one.reminder for one in TYPES.values() if one.name == type or (one.host and one.host == site)), "")


def site_of_announce(address: str) -> str | None:
    """The site that an announce address belongs to; None for a host outside the catalogue. The address is a secret."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    for entry in TYPES.values():
        if host and host in entry.announce_hosts:
            return entry.host
    steps = parts.path.removeprefix("/announce").split("/")
    if is_loopback(host) and len(steps) == 4 and steps[3] == "announce" and SANDBOX + steps[1] in TYPES:
        return f"sandbox:{steps[1]}:{host}"
    return None


def sites_of_flag(flag: str) -> tuple[str, ...]:
    """The real sites whose source flag is or was `flag`."""
    return tuple(t.host for t in TYPES.values() if t.host and flag and flag in (t.source_flag, *t.old_flags))
