"""The `trackers` block. What a type is, its site and its words stand in the catalogue."""

# ruff: noqa: RUF009 - `key` makes the fields of frozen dataclasses, and conditions are immutable

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from trackers.catalogue import ID_WORDS, MAPPED, MOST_SCREENSHOTS, TYPES, SiteType, is_loopback, site_of
from trackers.description import check
from trackers.titles import check_title
from watcher.config.places import PATH, SITE_URL
from watcher.config.sources import Seed, SeedBlock, known_client, named
from watcher.rules import kinds
from watcher.rules.blocks import block_schema, key, read_block
from watcher.rules.fields import KINDS, RESOLUTIONS, VIDEO_KINDS
from watcher.rules.kinds import Kind, Schema
from watcher.rules.nodes import Block, Node, Problems, Scalar
from watcher.rules.quantities import Rate, show_duration
from watcher.rules.rulebook import CAUTIONS, COVER, LIFT, MODE, Tracker


def _template(node: Scalar) -> str:
    if node.null:
        raise ValueError("nothing stands here")
    return check(node.value)


TEMPLATE: Kind[str] = Kind("a text with slots such as {tracklist}", _template, {"type": "string", "minLength": 1})


def _title(node: Scalar) -> str:
    if node.null:
        raise ValueError("nothing stands here")
    return check_title(node.value)


TITLE: Kind[str] = Kind(
    "a name with slots such as {tv.season:02} and optional parts in brackets",
    _title,
    {"type": "string", "minLength": 1},
)
NUMBER = kinds.whole(1, 999_999)  # of a category, type or resolution, as a site counts
# Keys of the sites of a family, each of which has its own: `maps` in the catalogue.
EXAMPLES = {"categories": "{movie: 1, tv: 2}", "types": "{remux: 2, web-dl: 4}", "resolutions": "{2160p: 2, 1080p: 3}"}
OWN = (*MAPPED, "title", "ids", "anonymous", "personal_release", "moderated", "screenshots")
SHORTEST_DEADLINE = 30.0  # seconds one POST may take at a real site, at least


@dataclass(frozen=True)
class _Seeds:
    """`seed` under a tracker."""

    def read(self, node: Node, label: str, problems: Problems) -> SeedBlock | None:
        return read_block(SeedBlock, node, label, problems)

    @property
    def schema(self) -> Schema:
        return block_schema(SeedBlock)


@dataclass(frozen=True)
class TrackerBlock:
    """One tracker, as it stands in the file. Times are seconds."""

    type: str = key(kinds.word(*TYPES), "what kind of site it is")
    url: str | None = key(SITE_URL, "its address, where the type does not give it", default=None)
    mode: str | None = key(MODE, "upload, review or dry_run: the strictest in force holds", default=None)
    limit: Rate | None = key(kinds.RATE, "at most so many uploads in a rolling window", default=None)
    new_group: str = key(LIFT, "review or upload: what would begin a new group there", default="review")
    web_flac: str = key(LIFT, "review or upload: FLAC of unknown origin, no CD rip with a log", default="review")
    cover: str | None = key(COVER, "required or wanted", default=None)
    image: str | None = key(SITE_URL, "address of a cover for what has none of its own", default=None)
    quiet: float | None = key(kinds.duration(), "running time over which absence is proved", default=None)
    deadline: float | None = key(kinds.duration(), "time one upload may take in all", default=None)
    share: float = key(kinds.fraction(), "part of the site's rate limit that seedpost may use", default=1.0)
    description: str | None = key(TEMPLATE, "template of the text of a torrent", default=None)
    album_description: str | None = key(TEMPLATE, "template of the text of a group", default=None)
    ca_file: Path | None = key(PATH, "PEM file, for a certificate of your own", default=None)
    stage: Path | None = key(PATH, "folder for hard links, where the site won't take names as they are", default=None)
    exclude: tuple[str, ...] = key(
        kinds.ListOf(kinds.TEXT), "globs of files that are left out when staging", default=()
    )
    categories: tuple[tuple[str, int], ...] | None = key(
        kinds.MapOf(kinds.word(*KINDS), NUMBER), "the site's number of each kind", default=None
    )
    types: tuple[tuple[str, int], ...] | None = key(
        kinds.MapOf(kinds.word(*VIDEO_KINDS), NUMBER), "the site's number of each video.kind", default=None
    )
    resolutions: tuple[tuple[str, int], ...] | None = key(
        kinds.MapOf(kinds.word(*RESOLUTIONS), NUMBER), "the site's number of each video.resolution", default=None
    )
    title: str | None = key(TITLE, "template of an upload's name", default=None)
    ids: tuple[str, ...] | None = key(
        kinds.ListOf(kinds.word(*ID_WORDS)), "data bases whose number a form can't be without", default=None
    )
    anonymous: bool | None = key(kinds.BOOL, "true: without your name", default=None)
    personal_release: bool | None = key(kinds.BOOL, "true: what is uploaded was made by you", default=None)
    moderated: bool | None = key(kinds.BOOL, "false: uploads of yours never wait for a moderator", default=None)
    screenshots: int | None = key(
        kinds.whole(0, MOST_SCREENSHOTS), "pictures of the video in the description, taken by ffmpeg", default=None
    )
    seed: SeedBlock | None = key(_Seeds(), "how its uploads are seeded, over the file's `seed`", default=None)


@dataclass(frozen=True)
class TrackerConfig:
    """One tracker, everything filled in. `settings` is what `open_tracker` is given."""

    name: str
    type: str
    site: str
    url: str | None
    mode: str | None
    limit: Rate | None
    new_group: str
    web_flac: str
    cover: str
    quiet: float  # seconds
    deadline: float  # seconds
    share: float
    ca_file: Path | None
    stage: Path | None
    exclude: tuple[str, ...]
    seed: Seed | None  # None: the file's
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def for_rules(self) -> Tracker:
        """What rules need to know of it."""
        entry = TYPES[self.type]
        form = {name: entry.vocabulary.get(name, ()) for name in entry.form_keys}
        return Tracker(self.mode, {name: getattr(self, name) for name in CAUTIONS}, form)


def read_trackers(
    node: Node | None, seed: Seed, clients: Sequence[str], watched: Sequence[Path], problems: Problems
) -> dict[str, TrackerConfig]:
    """The `trackers` block. `watched`: the folders in which releases are looked for."""
    found = {}
    for name, value in named(node, "trackers", problems):
        block = read_block(TrackerBlock, value, f"trackers.{name}", problems)
        if block is not None and isinstance(value, Block):
            found[name] = _tracker(name, block, value, seed, problems)
            _check_stage(block, value, watched, problems)
            own = value.get("seed")
            if block.seed is not None and own is not None:
                known_client(block.seed.client, own, clients, problems, none=True)
    return found


def _tracker(name: str, block: TrackerBlock, node: Block, seed: Seed, problems: Problems) -> TrackerConfig:
    entry = TYPES[block.type]
    _check_url(block, entry, node, problems)
    _check_own(block, entry, node, problems)
    quiet = entry.quiet if block.quiet is None else block.quiet
    deadline = entry.deadline if block.deadline is None else block.deadline
    if not entry.sandbox:
        _at_least(quiet, entry.quiet, "quiet", node, problems)
        _at_least(deadline, SHORTEST_DEADLINE, "deadline", node, problems)
    config = TrackerConfig(
        name=name,
        type=block.type,
        site=site_of(block.type, block.url),
        url=block.url,
        mode=block.mode or entry.mode,
        limit=block.limit,
        new_group=block.new_group,
        web_flac=block.web_flac,
        cover=block.cover or entry.cover,
        quiet=quiet,
        deadline=deadline,
        share=block.share,
        ca_file=block.ca_file,
        stage=block.stage,
        exclude=block.exclude,
        seed=None if block.seed is None else block.seed.over(seed),
    )
    return replace(config, settings=_settings(config, block))


def _settings(config: TrackerConfig, block: TrackerBlock) -> dict[str, object]:
    given = {
        "url": block.url,
        "quiet": config.quiet,
        "deadline": config.deadline,
        "share": config.share,
        "cover": config.cover,
        "image": block.image,
        "description": block.description,
        "album_description": block.album_description,
        "ca_file": str(config.ca_file) if config.ca_file else None,
        **{name: getattr(block, name) for name in OWN if name not in MAPPED},
        **{name: dict(table) for name in MAPPED if (table := getattr(block, name))},
    }
    return {name: value for name, value in given.items() if value is not None}


def _check_own(block: TrackerBlock, entry: SiteType, node: Block, problems: Problems) -> None:
    """Numbers of a site's own: needed where its type has none, and of no use where it has its own."""
    for name in OWN if not entry.maps else ():
        if (given := node.get(name)) is not None:
            problems.error(given, f"'{name}' is for sites that number their own words, not for {entry.name}")
    for name in MAPPED if entry.maps and not entry.sandbox else ():
        if not getattr(block, name) and (node.get(name) is None or getattr(block, name) == ()):
            hint = f"{name}: {EXAMPLES[name]}, with the numbers of the site's upload page"
            problems.error(node.get(name) or node, f"a tracker of type {entry.name} needs its '{name}'", hint)


def _check_url(block: TrackerBlock, entry: SiteType, node: Block, problems: Problems) -> None:
    url = node.get("url")
    if block.url is None:
        if url is None and not entry.url:
            problems.error(
                node,
                f"a tracker of type {entry.name} needs its 'url'",
                "url: http://127.0.0.1:PORT" if entry.sandbox else "",
            )
        return
    host = urlsplit(block.url).hostname or ""
    if entry.sandbox and not is_loopback(host):
        problems.error(url or node, f"a {entry.name} stands on this machine alone: its url is http://127.0.0.1:PORT")


def _check_stage(block: TrackerBlock, node: Block, watched: Sequence[Path], problems: Problems) -> None:
    if block.exclude and block.stage is None:
        problems.warn(node.get("exclude") or node, "'exclude' does nothing without 'stage'", "stage: /path/of/a/folder")
    for folder in watched:
        if block.stage is not None and (block.stage.is_relative_to(folder) or folder.is_relative_to(block.stage)):
            message = f"trees of links in {block.stage} would be taken for releases: {folder} is watched"
            problems.error(node.get("stage") or node, message, "name a folder beside it, on the same file system")


def _at_least(value: float, least: float, name: str, node: Block, problems: Problems) -> None:
    if value < least:
        problems.error(node.get(name) or node, f"'{name}' may not be less than {show_duration(least)} at a real site")
