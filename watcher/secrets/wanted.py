"""Which secrets a rules file uses, and the one host that each may be sent to. Looks none of them up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from trackers.catalogue import TYPES
from watcher.secrets.outside import secret_name

if TYPE_CHECKING:
    from watcher.config import Config, TrackerConfig


@dataclass(frozen=True)
class Wanted:
    """One secret. `host` None: it goes to no single host. `optional`: what uses it does without, or has another way."""

    name: str
    host: str | None
    optional: bool = False


def wanted(config: Config) -> dict[str, Wanted]:
    """Every secret that a rules file needs or may use, by name."""
    return {one.name: one for one in _wanted(config)}


def _wanted(config: Config) -> Iterator[Wanted]:
    for tracker in config.trackers.values():
        for key in TYPES[tracker.type].secrets:
            yield Wanted(secret_name(tracker.name, key), host_of(tracker))
        for key in TYPES[tracker.type].optional_secrets:
            yield Wanted(secret_name(tracker.name, key), host_of(tracker), optional=True)
    for client in config.clients.values():
        host = urlsplit(client.url).hostname
        yield Wanted(secret_name(client.name, "password"), host)
        yield Wanted(secret_name(client.name, "api_key"), host, optional=True)
    if config.images is not None:
        yield Wanted("images.api_key", config.images.host)
    for lookup in config.lookups.values():
        yield Wanted(secret_name(lookup.name, "api_key"), lookup.host)
        for key in lookup.entry.optional_secrets:
            yield Wanted(secret_name(lookup.name, key), lookup.host, optional=True)
    for target in config.notify:
        yield Wanted(secret_name("notify", target), None)


def host_of(tracker: TrackerConfig) -> str:
    """The host that a tracker's secrets are sent to."""
    return (urlsplit(tracker.url).hostname or "") if tracker.url else TYPES[tracker.type].host
