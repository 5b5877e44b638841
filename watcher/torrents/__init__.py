"""Torrent files: hashed, frozen, stamped, compared. Knows content and files; leaves forms and sites to others."""

from watcher.torrents.create import Created, create
from watcher.torrents.hashing import (
    ContentAway,
    ContentChanged,
    ContentUnreadable,
    HashingStopped,
    OutOfFiles,
    Signature,
    piece_hashes,
    read_beside,
    signature,
)
from watcher.torrents.links import StageAway, StagingFailed, folder_of, link_tree, take_away, unlinked
from watcher.torrents.metainfo import (
    Described,
    TorrentInvalid,
    addresses,
    describe,
    info_dict,
    info_of,
    infohash,
    same_content,
    stamp,
    unsafe,
)
from watcher.torrents.reuse import Hashed, Hasher, Reading
from watcher.torrents.staging import Staging, staging
from watcher.torrents.store import TorrentLost, TorrentStore
from watcher.torrents.takeover import NotTaken, Taken, Whole, take_over

__all__ = [
    "ContentAway",
    "ContentChanged",
    "ContentUnreadable",
    "Created",
    "Described",
    "Hashed",
    "Hasher",
    "HashingStopped",
    "NotTaken",
    "OutOfFiles",
    "Reading",
    "Signature",
    "StageAway",
    "Staging",
    "StagingFailed",
    "Taken",
    "TorrentInvalid",
    "TorrentLost",
    "TorrentStore",
    "Whole",
    "addresses",
    "create",
    "describe",
    "folder_of",
    "info_dict",
    "info_of",
    "infohash",
    "link_tree",
    "piece_hashes",
    "read_beside",
    "same_content",
    "signature",
    "staging",
    "stamp",
    "take_away",
    "take_over",
    "unlinked",
    "unsafe",
]
