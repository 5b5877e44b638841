"""The blocks `clients`, `folders`, `seed` and `notify`: where content is noticed, how it is seeded, who is told."""

# ruff: noqa: RUF009 - `key` makes the fields of frozen dataclasses, and conditions are immutable

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

from trackers.catalogue import is_loopback
from watcher.config.places import CLIENT_PATH, PATH, URL
from watcher.logs.events import EVENTS as LOGGED
from watcher.rules import kinds
from watcher.rules.blocks import key, read_block
from watcher.rules.nodes import Block, Items, Node, Problems, Scalar, nearest, quoted, shown
from watcher.rules.rulebook import rows

FASTEST = 1.0  # seconds between two polls: the server refreshes every 1.5
NONE = "none"  # `seed: {client: none}`

IDLE = "uploader.idle"  # of notifications alone: something is due, and nothing was uploaded for so long
EVENTS = (*LOGGED, IDLE)
FAILURES = (
    "job.held", "job.unconfirmed", "tracker.stopped", "uploader.stopped", "uploader.crash_loop", "*.down",
    "rules.rejected", "seeding.stuck", "journal.behind", "thread.died", IDLE,
)  # fmt: skip


@dataclass(frozen=True)
class Seed:
    """How what was uploaded is seeded. `client` None: not by seedpost; `uploaded` is then the last state."""

    client: str | None = None
    category: str = "seedpost"
    tags: tuple[str, ...] = ("seedpost",)


@dataclass(frozen=True)
class SeedBlock:
    """`seed`, of the file or of one tracker; what is left out is taken from the file's."""

    client: str | None = key(kinds.NAME, "a name under `clients`, or none", default=None)
    category: str | None = key(kinds.TEXT, "category in qBittorrent", default=None)
    tags: tuple[str, ...] | None = key(kinds.ListOf(kinds.TEXT), "tags in qBittorrent", default=None)

    def over(self, base: Seed) -> Seed:
        """What is said here over what is said elsewhere."""
        client = base.client if self.client is None else None if self.client == NONE else self.client
        tags = base.tags if self.tags is None else self.tags
        return Seed(client, base.category if self.category is None else self.category, tags)


@dataclass(frozen=True)
class ClientConfig:
    """One qBittorrent."""

    name: str
    url: str = key(URL, "address of its web interface, base path included")
    username: str = key(kinds.TEXT, "for its web interface", default="admin")
    poll: float = key(kinds.duration(FASTEST), "time between two looks", default=2.0)
    path_map: tuple[tuple[str, str], ...] = key(
        kinds.MapOf(CLIENT_PATH, CLIENT_PATH), "its paths: the same folders as this machine sees them", default=()
    )
    ca_file: Path | None = key(PATH, "PEM file, for a certificate of your own", default=None)


@dataclass(frozen=True)
class FolderConfig:
    """One watched folder; each direct child is a release."""

    name: str = key(kinds.NAME, "its name, as status and the journal call it")
    path: Path = key(PATH, "the folder")
    settle: float = key(kinds.duration(), "a release is complete when nothing in it changed for so long", default=600.0)
    ready: str | None = key(kinds.TEXT, "a glob: a file that has to be there first", default=None)
    depth: int = key(kinds.whole(1, 8), "how deep releases lie: 1 for direct children", default=1)
    client: str | None = key(kinds.NAME, "a name under `clients`: who seeds it", default=None)


@dataclass(frozen=True)
class NotifyConfig:
    """One target of notifications; its address is the secret `notify.NAME`."""

    name: str
    on: tuple[str, ...] = key(
        kinds.ListOf(kinds.TEXT),
        "events, globs allowed",
        default=FAILURES,
    )
    idle: float = key(
        kinds.duration(60.0), "when something is due and nothing is uploaded for so long", default=21600.0
    )


def named(node: Node | None, label: str, problems: Problems) -> list[tuple[str, Node]]:
    """The entries of a map whose keys are names that a person chose."""
    if node is None or (isinstance(node, Scalar) and node.bad):
        return []
    if not isinstance(node, Block):
        problems.error(node, f"'{label}' wants a map from names to maps, got {shown(node)}")
        return []
    return [(name, value) for key, value in node.entries if (name := kinds.NAME.read(key, label, problems)) is not None]


def read_clients(node: Node | None, problems: Problems) -> dict[str, ClientConfig]:
    """The `clients` block."""
    found = {}
    for name, value in named(node, "clients", problems):
        if name == NONE:
            problems.error(value, "a client can't be named none: `seed: {client: none}` means something else")
        client = read_block(ClientConfig, value, f"clients.{name}", problems, name=name)
        if client is not None and isinstance(value, Block):
            found[name] = client
            _check_client(client, value, problems)
    return found


def _check_client(client: ClientConfig, node: Block, problems: Problems) -> None:
    paths = node.get("path_map")
    for side in (0, 1):
        seen: set[str] = set()
        for pair, entry in zip(client.path_map, paths.entries if isinstance(paths, Block) else (), strict=False):
            if pair[side] in seen:
                problems.error(
                    entry[side], f"{quoted(pair[side])} stands in two lines of path_map: it must be one to one"
                )
            seen.add(pair[side])
    url, parts = node.get("url"), urlsplit(client.url)
    host = parts.hostname or ""
    public = "." in host and not host.replace(".", "").isdigit() and not is_loopback(host)
    if url is not None and parts.scheme == "http" and public:
        problems.warn(url, "the password goes over http:// as it is", "https://, or an address of this machine")


def read_folders(node: Node | None, clients: Sequence[str], problems: Problems) -> tuple[FolderConfig, ...]:
    """The `folders` list."""
    found: dict[str, FolderConfig] = {}
    for row in rows(node, "folders", problems):
        folder = read_block(FolderConfig, row, "folder", problems)
        if folder is None:
            continue
        for other in found.values():
            if folder.path == other.path:
                problems.error(row.get("path") or row, f"'{other.name}' watches this folder already")
        known_client(folder.client, row, clients, problems)
        found[folder.name] = folder
    return tuple(found.values())


def known_client(
    client: str | None, node: Node, clients: Sequence[str], problems: Problems, *, none: bool = False
) -> None:
    """Report a `client:` that is not under `clients`."""
    if client is None or client in clients or (none and client == NONE):
        return
    at = node.get("client") if isinstance(node, Block) else None
    have = f"have: {', '.join(sorted(clients))}" if clients else "there are none under `clients`"
    problems.error(at or node, f"no client '{client}'{nearest(client, clients)} ({have})")


def read_seed(node: Node | None, clients: Sequence[str], root: Node, problems: Problems) -> Seed:
    """The `seed` block. Without one the only client seeds."""
    base = replace(Seed(), client=clients[0] if len(clients) == 1 else None)
    block = read_block(SeedBlock, node, "seed", problems) if node is not None else SeedBlock()
    if block is None:
        return base
    if node is not None:
        known_client(block.client, node, clients, problems, none=True)
    seed = block.over(base)
    if seed.client is None and len(clients) > 1 and block.client != NONE:
        problems.error(node or root, "there are several clients: seed.client says which of them seeds", "or none")
    elif seed.client is None:
        problems.warn(
            node or root, "nothing will be seeded: no client is named under `seed`", "`uploaded` is the last state"
        )
    return seed


def read_notify(node: Node | None, problems: Problems) -> dict[str, NotifyConfig]:
    """The `notify` block."""
    found = {}
    for name, value in named(node, "notify", problems):
        target = read_block(NotifyConfig, value, f"notify.{name}", problems, name=name)
        if target is not None and isinstance(value, Block):
            found[name] = target
            _check_events(target, value, problems)
    return found


def _check_events(target: NotifyConfig, node: Block, problems: Problems) -> None:
    on = node.get("on")
    rows = on.items if isinstance(on, Items) else [on] if on is not None else []
    for event, row in zip(target.on, rows, strict=False):
        if not any(fnmatchcase(known, event) for known in EVENTS):
            problems.error(row, f"no event '{event}'{nearest(event, EVENTS)}", "events: " + ", ".join(EVENTS))
