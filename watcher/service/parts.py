"""Makes the parts out of rules and secrets: trackers, clients, sources. Opens nothing by itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from trackers import open_images, open_lookup, open_tracker
from trackers.base import Uploader
from trackers.catalogue import TYPES
from trackers.clock import Clock
from trackers.errors import SettingsError
from trackers.secret import Secret
from watcher.client import Client, PathMap
from watcher.config import ClientConfig, Config, FolderConfig, TrackerConfig
from watcher.config.images import SECRET, ImagesConfig
from watcher.config.lookups import LookupConfig
from watcher.secrets import SecretError, Secrets, secret_name
from watcher.secrets.wanted import host_of
from watcher.sources import Sink, Source
from watcher.sources.folders import FolderSource
from watcher.sources.holders import Holders
from watcher.sources.qbittorrent import QbittorrentSource

if TYPE_CHECKING:
    from trackers.lookups import Service as Lookup


def tracker_secrets(config: TrackerConfig, secrets: Secrets) -> dict[str, Secret]:
    """What a tracker needs. Raises SettingsError with the command that stores what is missing."""
    host, entry = host_of(config), TYPES[config.type]
    keys = {key: _needed(config.name, key, host, secrets) for key in entry.secrets}
    more = {key: _asked_for(config.name, key, host, secrets) for key in entry.optional_secrets}
    return keys | {key: value for key, value in more.items() if value is not None}


def image_key(images: ImagesConfig, secrets: Secrets) -> Secret:
    """The key of the image host. Raises SettingsError with the command that stores it."""
    owner, _, key = SECRET.partition(".")
    return _needed(owner, key, images.host, secrets)


def _needed(owner: str, key: str, host: str, secrets: Secrets) -> Secret:
    value = _asked_for(owner, key, host, secrets)
    if value is None:
        raise SettingsError("no-key", f"{owner} has no {key}: seedpost secrets set {secret_name(owner, key)}")
    return value


def _asked_for(owner: str, key: str, host: str, secrets: Secrets) -> Secret | None:
    try:
        return secrets.get(secret_name(owner, key), host=host)
    except SecretError as error:
        raise SettingsError(error.code, f"{error}: {error.hint}") from error


def opened(
    config: TrackerConfig, secrets: Secrets, *, state: Path, clock: Clock, images: ImagesConfig | None = None
) -> Uploader:
    """The tracker of a block in rules.yaml, ready to be asked. `images`: where covers go for one without a host of its
    own. Raises SettingsError with what to change."""
    keys, host = tracker_secrets(config, secrets), None
    if images is not None and not TYPES[config.type].hosts_images:
        host = open_images(images.type, images.url, image_key(images, secrets))
    return open_tracker(
        config.type,
        config.settings,
        keys,
        name=config.name,
        clock=clock,
        limits=state / "limits",
        images=host,
    )


def lookup_secrets(config: LookupConfig, secrets: Secrets) -> dict[str, Secret]:
    """What a look-up service needs, and what it may use. Raises as `tracker_secrets`."""
    keys = {"api_key": _needed(config.name, "api_key", config.host, secrets)}
    more = {key: _asked_for(config.name, key, config.host, secrets) for key in config.entry.optional_secrets}
    return keys | {key: value for key, value in more.items() if value is not None}


def lookup_of(config: LookupConfig, secrets: Secrets, *, state: Path, clock: Clock) -> Lookup:
    """The service of a block in rules.yaml, ready to be asked. Raises SettingsError with what to change."""
    keys = lookup_secrets(config, secrets)
    return open_lookup(
        config.type, config.url, keys, name=config.name, clock=clock, state=state, ca_file=config.ca_file
    )


def client_of(config: ClientConfig, secrets: Secrets, clock: Clock) -> Client:
    """The client of a block in rules.yaml, not yet logged in. Where its secrets can't be had now it waits for them."""
    host = urlsplit(config.url).hostname

    def keys() -> tuple[Secret | None, Secret | None]:
        password, api_key = (secrets.get(secret_name(config.name, what), host=host) for what in ("password", "api_key"))
        return password, api_key

    return Client(
        config.name,
        config.url,
        clock=clock,
        username=config.username or "",
        keys=keys,
        ca_file=None if config.ca_file is None else str(config.ca_file),
    )


def clients_of(config: Config, secrets: Secrets, clock: Clock) -> dict[str, Client]:
    """A client for each block."""
    return {name: client_of(one, secrets, clock) for name, one in config.clients.items()}


def path_maps(config: Config) -> dict[str, PathMap]:
    """A path map for each client."""
    return {name: PathMap(one.path_map) for name, one in config.clients.items()}


def source_of(
    block: ClientConfig | FolderConfig, clients: Mapping[str, Client], sink: Sink, clock: Clock, holders: Holders
) -> Source:
    """The source of a block: a client with a connection of its own, or a folder. Both ask `holders` whose content it
    is."""
    if isinstance(block, ClientConfig):
        own, paths = clients[block.name].clone(), PathMap(block.path_map)
        return QbittorrentSource(block.name, own, paths, sink, clock, poll=block.poll, elsewhere=holders.sites)
    return FolderSource(
        block.name,
        block.path,
        block.settle,
        sink,
        clock,
        ready=block.ready,
        depth=block.depth,
        client=block.client,
        owner=holders.by_path,
    )


def unchanged(before: Mapping[str, Client], now: Mapping[str, Client]) -> dict[str, Client]:
    """The clients of now, those that are as they were before kept: what became of their login counts on."""
    return {name: before[name] if name in before and before[name].same(one) else one for name, one in now.items()}
