"""The frozen info dictionaries, STATE/torrents/<infohash>.info: durable before anything is sent, never an address."""

from __future__ import annotations

from pathlib import Path

from trackers.content import File
from watcher import durable
from watcher.errors import NotFound, StateInvalid
from watcher.torrents.metainfo import describe, infohash


class TorrentLost(StateInvalid):
    """An info dictionary is missing, damaged, or can't be read now (`passing`)."""

    def __init__(self, text: str, *, hint: str = "restore it from a backup", passing: bool = False) -> None:
        super().__init__(text, hint=hint)
        self.passing = passing


class TorrentStore:
    """One folder of info dictionaries, each under the SHA-1 of its bytes."""

    def __init__(self, state: Path, fs: durable.FileSystem) -> None:
        self._folder = state / "torrents"
        self.fs = fs

    def put(self, info: bytes) -> str:
        """Returns the info-hash when the bytes are on disk. Raises `TorrentInvalid` or `OSError`."""
        describe(info)
        name = infohash(info)
        if not durable.exists(self._folder, self.fs):
            durable.private_folder(self._folder, fs=self.fs)
            durable.sync_folder(self._folder.parent, self.fs)
        durable.replace(self._path(name), info, fs=self.fs)
        return name

    def get(self, infohash_: str) -> bytes:
        """The info dictionary. Raises `TorrentLost` if what is on disk is not what was put there, or can't be read."""
        path = self._path(infohash_)
        try:
            info = path.read_bytes()
        except FileNotFoundError as error:
            raise TorrentLost(f"{path} is missing") from error
        except OSError as error:
            why = f"{path} can't be read: {error.strerror}"
            raise TorrentLost(why, hint="look at the disk and at the file's permissions", passing=True) from error
        if infohash(info) != infohash_:
            raise TorrentLost(f"{path} is damaged: its bytes have another info-hash")
        return info

    def like(self, name: str, files: tuple[File, ...], source_flag: str) -> bytes | None:
        """The youngest info dictionary of this content for a site, whatever its pieces; None if there is none. Those
        that can't be read are passed over: they belong to other jobs, or nobody knows whose they were."""
        found: list[tuple[float, bytes]] = []
        for path in self._folder.glob("*.info"):
            try:
                info = self.get(path.stem)
            except TorrentLost:
                continue
            one = describe(info)
            if (one.name, one.files, one.source) == (name, files, source_flag):
                found.append((path.stat().st_mtime, info))
        return max(found, default=(0.0, None))[1]

    def _path(self, infohash_: str) -> Path:
        if len(infohash_) != 40 or not set(infohash_) <= set("0123456789abcdef"):
            raise NotFound(f"{infohash_!r} is no info-hash")
        return self._folder / f"{infohash_}.info"
