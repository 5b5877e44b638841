"""The `lookups` block: the services that are asked for numbers of titles where a tracker or rule wants them."""

# ruff: noqa: RUF009 - `key` makes the fields of frozen dataclasses, and conditions are immutable

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from trackers.catalogue import LOOKUPS, LookupType, is_loopback
from watcher.config.places import PATH, URL
from watcher.config.sources import named
from watcher.rules import kinds
from watcher.rules.blocks import key, read_block
from watcher.rules.nodes import Block, Node, Problems


@dataclass(frozen=True)
class LookupConfig:
    """One service; its key is the secret `NAME.api_key`."""

    name: str
    type: str = key(kinds.word(*LOOKUPS), "which service it is; not needed where its name says so", default="")
    url: str | None = key(URL, "its address: of Sonarr and Radarr always, base path included", default=None)
    ca_file: Path | None = key(PATH, "PEM file, for a certificate of your own", default=None)

    @property
    def entry(self) -> LookupType:
        """What is known of its type."""
        return LOOKUPS[self.type]

    @property
    def tells(self) -> tuple[str, ...]:
        """The fields that it may tell."""
        return tuple(f"ids.{base}" for base in self.entry.tells)

    @property
    def host(self) -> str:
        """The host that its key is sent to."""
        return urlsplit(self.url or self.entry.url).hostname or ""


def read_lookups(node: Node | None, problems: Problems) -> Mapping[str, LookupConfig]:
    """The `lookups` block, in the order in which the services are asked: the user's own programs first."""
    found = {}
    for name, value in named(node, "lookups", problems):
        known = name.lower() if name.lower() in LOOKUPS else ""
        typed = isinstance(value, Block) and value.get("type") is not None
        read = read_block(
            LookupConfig, value, f"lookups.{name}", problems, name=name, **({} if typed else {"type": known})
        )
        if read is None or not isinstance(value, Block) or (typed and not read.type):
            continue
        if not read.type:
            problems.error(value, f"lookups.{name} has no 'type'", f"type: one of {', '.join(LOOKUPS)}")
            continue
        _check_url(read, value, problems)
        found[name] = read
    order = list(LOOKUPS)
    return dict(sorted(found.items(), key=lambda pair: order.index(pair[1].type)))


def _check_url(read: LookupConfig, node: Block, problems: Problems) -> None:
    """The user's own programs may speak plain http in their network; a service on the internet may not."""
    at, parts = node.get("url") or node, urlsplit(read.url or read.entry.url)
    host = parts.hostname or ""
    if not host:
        problems.error(node, f"a service of type {read.type} needs its 'url'", "url: http://127.0.0.1:8989")
    elif parts.scheme != "https" and not is_loopback(host) and not read.entry.own:
        problems.error(at, f"'url' of {read.type} begins with https:// everywhere but on this machine")
    elif parts.scheme != "https" and "." in host and not host.replace(".", "").isdigit() and not is_loopback(host):
        problems.warn(at, "the key goes over http:// as it is", "https://, or an address of this machine")
