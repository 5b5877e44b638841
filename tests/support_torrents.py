"""Trees of files for the tests of torrents, and libtorrent as their judge."""

from __future__ import annotations

import warnings
from pathlib import Path

import libtorrent
from hypothesis import strategies as st

from trackers.content import File
from watcher.release import in_order

# Letters of every script; no controls, marks of direction or private planes: libtorrent rewrites those.
LETTERS = st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="/", max_codepoint=0xFFFF)
NAMES = st.text(LETTERS, min_size=1, max_size=12).filter(lambda name: name.strip(". ") == name and name)
SIZES = st.one_of(st.just(0), st.integers(1, 300), st.integers(16_000, 70_000))


@st.composite
def trees(draw: st.DrawFn) -> dict[str, int]:
    """Paths and sizes, no path inside another, at least one byte in all."""
    found: dict[str, int] = {}
    for parts in draw(st.lists(st.lists(NAMES, min_size=1, max_size=3), min_size=1, max_size=8)):
        path = "/".join(parts)
        if not any(path == other or path.startswith(other + "/") or other.startswith(path + "/") for other in found):
            found[path] = draw(SIZES)
    if not sum(found.values()):
        found[next(iter(found))] = 1
    return found


def write(root: Path, tree: dict[str, int], seed: int = 1) -> tuple[File, ...]:
    """Put a tree on disk, every file of different bytes. Returns its files in torrent order."""
    for place, (path, size) in enumerate(tree.items()):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        block = bytes((seed * 31 + place * 7 + at) % 251 for at in range(997))
        (root / path).write_bytes((block * (size // 997 + 1))[:size])
    return in_order(File(path, size) for path, size in tree.items())


def judged_pieces(root: Path, files: tuple[File, ...], piece_length: int) -> bytes:
    """The piece hashes that libtorrent computes of a folder, its files in our order."""
    entries = [libtorrent.create_file_entry(f"{root.name}/{file.path}", file.size) for file in files]
    made = libtorrent.create_torrent(entries, piece_length, libtorrent.create_torrent.v1_only)
    libtorrent.set_piece_hashes(made, str(root.parent))
    pieces = made.generate()[b"info"][b"pieces"]
    assert isinstance(pieces, bytes)
    return pieces


def judged(torrent: bytes) -> libtorrent.torrent_info:
    """The torrent as libtorrent reads it; raises RuntimeError if it does not."""
    return libtorrent.torrent_info(libtorrent.bdecode(torrent))


def judged_paths(torrent: bytes) -> list[str]:
    """The paths under which libtorrent would put the files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 2.0 has no other way
        files = judged(torrent).files()
        return [files.file_path(place) for place in range(files.num_files())]


def judged_addresses(torrent: bytes) -> list[str]:
    """The announce addresses that libtorrent would use."""
    return list(libtorrent.load_torrent_buffer(torrent).trackers)
