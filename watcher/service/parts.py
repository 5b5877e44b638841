"""Makes the parts out of rules and secrets: trackers, clients, sources. Opens nothing by itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from trackers import open_tracker
from trackers.base import Uploader
from trackers.catalogue import TYPES
from trackers.clock import Clock
from trackers.errors import SettingsError
from trackers.secret import Secret
from watcher.client import Client, PathMap
from watcher.config import ClientConfig, Config, FolderConfig, TrackerConfig
from watcher.secrets import SecretError, Secrets, secret_name
from watcher.sources import Sink, Source
from watcher.sources.folders import FolderSource
from watcher.sources.qbittorrent import QbittorrentSource


def secret_names(config: Config) -> list[str]:
    """Every secret that the rules file needs or may use, by its name."""
    names = [secret_name(name, key) for name, one in config.trackers.items() for key in TYPES[one.type].secrets]
    return names + [secret_name(name, "password") for name in config.clients]


def tracker_secrets(config: TrackerConfig, secrets: Secrets) -> dict[str, Secret]:
    """What a tracker needs. Raises SettingsError with the command that stores what is missing."""
    entry, found = TYPES[config.type], {}
    host = urlsplit(config.url).hostname if config.url else entry.host
    for key in entry.secrets:
        name = secret_name(config.name, key)
        try:
            value = secrets.get(name, host=host)
        except SecretError as error:
            raise SettingsError(error.code, f"{error}: {error.hint}") from error
        if value is None:
            raise SettingsError("no-key", f"{config.name} has no {key}: seedpost secrets set {name}")
        found[key] = value
    return found


def opened(config: TrackerConfig, secrets: Secrets, *, state: Path, clock: Clock) -> Uploader:
    """The tracker of a block in rules.yaml, ready to be asked. Raises SettingsError with what to change."""
    keys = tracker_secrets(config, secrets)
    return open_tracker(config.type, config.settings, keys, name=config.name, clock=clock, limits=state / "limits")


def client_of(config: ClientConfig, secrets: Secrets, clock: Clock) -> Client:
    """The client of a block in rules.yaml, not yet logged in."""
    host = urlsplit(config.url).hostname
    return Client(
        config.name,
        config.url,
        clock=clock,
        username=config.username or "",
        password=secrets.get(secret_name(config.name, "password"), host=host),
        api_key=secrets.get(secret_name(config.name, "api_key"), host=host),
        ca_file=None if config.ca_file is None else str(config.ca_file),
    )


def clients_of(config: Config, secrets: Secrets, clock: Clock) -> dict[str, Client]:
    """A client for each block."""
    return {name: client_of(one, secrets, clock) for name, one in config.clients.items()}


def path_maps(config: Config) -> dict[str, PathMap]:
    """A path map for each client."""
    return {name: PathMap(one.path_map) for name, one in config.clients.items()}


def source_of(block: ClientConfig | FolderConfig, clients: Mapping[str, Client], sink: Sink, clock: Clock) -> Source:
    """The source of a block: a client with a connection of its own, or a folder."""
    if isinstance(block, ClientConfig):
        path_map = PathMap(block.path_map)
        return QbittorrentSource(block.name, clients[block.name].clone(), path_map, sink, clock, poll=block.poll)
    ready, depth, client = block.ready, block.depth, block.client
    return FolderSource(block.name, block.path, block.settle, sink, clock, ready=ready, depth=depth, client=client)
