"""Torrent files: hashed, frozen, stamped, compared. Knows content and files; leaves forms and sites to others."""

from watcher.torrents.create import Created, create
from watcher.torrents.hashing import (
    ContentChanged,
    ContentUnreadable,
    HashingStopped,
    Signature,
    piece_hashes,
    signature,
)
from watcher.torrents.metainfo import (
    Described,
    TorrentInvalid,
    describe,
    info_dict,
    info_of,
    infohash,
    same_content,
    stamp,
    unsafe,
)
from watcher.torrents.reuse import Hashed, Hasher
from watcher.torrents.store import TorrentStore

__all__ = [
    "ContentChanged",
    "ContentUnreadable",
    "Created",
    "Described",
    "Hashed",
    "Hasher",
    "HashingStopped",
    "Signature",
    "TorrentInvalid",
    "TorrentStore",
    "create",
    "describe",
    "info_dict",
    "info_of",
    "infohash",
    "piece_hashes",
    "same_content",
    "signature",
    "stamp",
    "unsafe",
]
