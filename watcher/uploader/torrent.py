"""From a job's content to its frozen info dictionary: hashes that are known, taken over from the client or read, and
the tree of links where the site won't take the content as it lies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from trackers.catalogue import TYPES, SiteType
from trackers.content import Content, File
from watcher.client import ClientAway, TorrentGone
from watcher.jobs import Job, State
from watcher.logs import log
from watcher.torrents import (
    ContentChanged,
    NotTaken,
    Signature,
    Staging,
    describe,
    folder_of,
    info_dict,
    link_tree,
    signature,
    take_over,
    unlinked,
)
from watcher.uploader.bench import Bench, mark_of, root_of


@dataclass(frozen=True)
class Built:
    """An info dictionary, how its files were when it was made, and what the journal keeps of the making."""

    info: bytes
    mark: str
    keys: Mapping[str, object]  # `hashed` {how, read, of, why}, `staged`


@dataclass(frozen=True)
class _Pieces:
    pieces: bytes
    length: int  # bytes a piece
    signature: Signature
    how: str  # known: by an earlier job of this content; taken-over; read
    read: int  # pieces that were read for it
    why: str | None = None  # nothing could be taken over


@dataclass(frozen=True)
class _Files:
    """What is hashed: files of the content as they lie, in the order of the torrent."""

    root: Path
    files: tuple[File, ...]
    single: bool

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def built(job: Job, entry: SiteType, bench: Bench) -> Built:
    """The info dictionary for a job's site. Its files are stat'ed again before it is sent.

    Raises `ContentChanged`, `ContentUnreadable`, `HashingStopped`, `TorrentInvalid`, `StagingFailed`.
    """
    content, staged = bench.on_disk(job), bench.staging(job)
    files = _Files(root_of(bench.release(job)), staged.sources if staged else content.files, content.single)
    shown = staged.over(content) if staged else content
    made = _pieces(job, shown, files, entry, bench)
    info = info_dict(shown.name, shown.files, shown.single, made.length, made.pieces, entry.source_flag)
    of = len(made.pieces) // 20
    log.info("torrent.made", job=job.job, tracker=job.tracker, how=made.how, read=made.read, pieces=of, why=made.why)
    hashed = {"how": made.how, "read": made.read, "of": of, "why": made.why}
    if staged is None:
        return Built(info, mark_of(made.signature), {"hashed": hashed, "staged": None})
    folder, mark = _linked(job, staged, content, files, made.signature, bench)
    return Built(info, mark, {"hashed": hashed, "staged": str(folder)})


def _pieces(job: Job, shown: Content, files: _Files, entry: SiteType, bench: Bench) -> _Pieces:
    """What is known first, then what the client knows, then the disk."""
    length, free = _length(job, shown, entry, bench)

    def allowed(other: int) -> bool:
        fits = entry.pieces.allows(other, files.size, entry.torrent_limit) and entry.takes(shown, other)
        return other == length or (free and fits)

    hasher = bench.hasher
    with hasher.taking:  # one comparison for all lanes: the second finds what the first has learned
        seen = signature(files.root, files.files, files.single)
        known = hasher.known(files.root, files.files, seen)
        found = next((one for one in (length, *known) if one in known and allowed(one)), None)
        if found is not None:
            return _Pieces(known[found], found, seen, "known", 0)
        try:
            return _taken(job, files, allowed, bench)
        except (NotTaken, ClientAway, TorrentGone) as error:
            why = str(error) or None
    also = _lengths_of_others(job, files, bench)
    hashed = hasher.pieces(files.root, files.files, files.single, length, also=also, stop=bench.stop)
    how, read = ("known", 0) if hashed.reused else ("read", len(hashed.pieces) // 20)
    return _Pieces(hashed.pieces, length, hashed.signature, how, read, why)


def _length(job: Job, shown: Content, entry: SiteType, bench: Bench) -> tuple[int, bool]:
    """The piece length, and whether another that the site allows will do: what was sent once, or may have been where
    the journal has a gap, keeps its own."""
    frozen = None
    if job.sent_at and job.infohash:
        frozen = bench.store.get(job.infohash)
    elif job.state is State.UNCONFIRMED:
        frozen = bench.store.like(shown.name, shown.files, entry.source_flag)
    if frozen is not None:
        return describe(frozen).piece_length, False
    return entry.pieces.length(shown.size), True


def _taken(job: Job, files: _Files, allowed: Callable[[int], bool], bench: Bench) -> _Pieces:
    """Raises `NotTaken` with the reason, without words where no client ever had the content."""
    release = bench.release(job)
    if release["from"] != "qbittorrent" or not release.get("infohash"):
        raise NotTaken
    whole = bench.seeder.whole(str(release["client"]), str(release["infohash"]))
    hasher = bench.hasher
    taken = take_over(
        whole, files.root, files.files, files.single, allowed, stop=bench.stop, before_links=hasher.before_links
    )
    hasher.learn(files.root, files.files, taken)
    return _Pieces(taken.pieces, taken.piece_length, taken.signature, "taken-over", taken.read)


def _lengths_of_others(job: Job, files: _Files, bench: Bench) -> set[int]:
    """The piece lengths that other waiting jobs of these very files will ask for: one reading finds them all."""
    lengths = set()
    for other in bench.journal.ledger.jobs_of(job.release):
        config = bench.tracker(other)
        if other.job == job.job or other.state is not State.QUEUED or config is None:
            continue
        staged = bench.staging(other)
        if (staged.sources if staged else bench.on_disk(other).files) == files.files:
            lengths.add(TYPES[config.type].pieces.length(files.size))
    return lengths


def _linked(
    job: Job, staged: Staging, content: Content, files: _Files, seen: Signature, bench: Bench
) -> tuple[Path, str]:
    """The folder of the job's tree of links, and how its files are. A link changes the ctime of the user's file: what
    is known of it is kept, as long as nothing else changed."""
    config = bench.tracker(job)
    if config is None or config.stage is None:
        raise ContentChanged("the tracker's `stage` was taken out of rules.yaml")
    folder = folder_of(config.stage, job.job, staged, seen)
    with bench.hasher.taking:  # nobody compares while the ctime of a file changes and it isn't known yet that it was us
        whole = signature(files.root, content.files, files.single)
        tree = link_tree(staged, files.root, files.single, folder, bench.store.fs)
        after = signature(files.root, files.files, files.single)
        if not unlinked(seen, after):
            raise ContentChanged(f"files of {files.root.name!r} were changed while they were staged")
        bench.hasher.relinked(files.root, files.files, seen, after)
        bench.hasher.relinked(files.root, content.files, whole, signature(files.root, content.files, files.single))
    return folder, mark_of(signature(tree, staged.files, staged.single))
