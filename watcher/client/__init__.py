"""One qBittorrent over its Web API, from 4.5 to the newest. The only importer of qbittorrentapi; knows no rule, no job.

A `Client` belongs to one thread; `clone` gives another thread its own (the library is not thread-safe, and two pollers
on one session spoil each other's deltas).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import qbittorrentapi

from trackers.clock import Clock
from watcher.client.answers import FAILING, KEPT, WORKING, Announce, Version, announces, figures, maindata, rows, table
from watcher.client.faults import Banned, ClientAway, LoginRefused, TorrentGone, TorrentRefused
from watcher.client.library import Library
from watcher.client.login import Keys, Login
from watcher.client.paths import NotMapped, PathMap

__all__ = (
    "FAILING", "KEPT", "WORKING", "Announce", "Banned", "Client", "ClientAway", "LoginRefused", "NotMapped", "PathMap",
    "TorrentGone", "TorrentRefused", "Version",
)  # fmt: skip

T = TypeVar("T")
_LISTS_FOLDERS = (2, 11)  # the Web API of 5.0, the first that shows what is in a folder
_STOPS = (2, 11)  # since then `stop`, before it `pause`


class Client:
    """A qBittorrent. Every method that asks it raises ClientAway, LoginRefused (one login is sent, then nothing until
    `forgive`) or Banned. One whole call takes at most some 20 s. `keys` gives password and API key; it is asked now
    and at each `forgive`, and while it raises SeedpostError (a locked vault) every method raises LoginRefused."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        clock: Clock,
        username: str = "",
        keys: Callable[[], Keys] = lambda: (None, None),
        ca_file: str | None = None,
        login: Login | None = None,
    ) -> None:
        self.name = name
        self.url = url
        self._ca_file = ca_file
        self._clock = clock
        self._login = login or Login(name, username, keys)
        self._library: Library | None = None
        self._generation = -1

    def clone(self) -> Client:
        """The same qBittorrent for another thread, with a session of its own and the same fate of its login."""
        return Client(self.name, self.url, clock=self._clock, ca_file=self._ca_file, login=self._login)

    def same(self, other: Client) -> bool:
        """Whether `other` asks the same qBittorrent with the same credentials."""
        return (self.url, self._ca_file) == (other.url, other._ca_file) and self._login.same(other._login)

    @property
    def address(self) -> str:
        """Who the client is, for the journal: its address without credentials and without a slash at the end."""
        parts = urlsplit(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"

    @property
    def skew(self) -> float | None:
        """Seconds that the client's clock is ahead of ours, by its last answer."""
        return self._library.skew if self._library else None

    @property
    def refused(self) -> bool:
        """Whether nothing is sent until `forgive`."""
        return self._login.refused

    def forgive(self) -> None:
        """Allow this client and its clones one more login, with the credentials as they are now."""
        self._login.forgive()

    def close(self) -> None:
        """End the session: 5.3 keeps fifteen of them."""
        if self._library is not None and self._login.worked and not self._login.refused:
            with contextlib.suppress(ClientAway):  # it is away: its sessions went with it
                self._ask(self._library.auth_log_out)
        self._library = None

    def version(self) -> Version:
        """What it is."""
        library = self._connection()
        return Version(self._ask(library.app_version), figures(self._ask(library.app_web_api_version)))

    def sync(self, rid: int) -> Mapping[str, Any]:
        """`sync/maindata` since `rid`, or all (0). Torrents have the fields of `KEPT`, in a delta the changed ones."""
        return self._ask(lambda: maindata(self._connection().maindata(rid)))

    def torrent(self, infohash: str) -> Mapping[str, Any] | None:
        """All that it says of one torrent (by its id: the v1 hash, or the cut v2 hash), None if it hasn't got it."""
        found = self._ask(lambda: rows(self._connection().torrents_info(torrent_hashes=infohash)))
        return next(iter(found), None)

    def marked(self, categories: Iterable[str], tags: Iterable[str]) -> list[Mapping[str, Any]]:
        """The torrents with any of these tags, or in one of these categories with nothing downloaded (a category may be
        the user's own as well), each once: all that it says of them."""
        wanted, labels = frozenset(categories) - {""}, frozenset(tags) - {""}
        asks = [partial(self._listed, category=one) for one in sorted(wanted)]
        asks += [partial(self._listed, tag=one) for one in sorted(labels)]
        found: dict[str, Mapping[str, Any]] = {}
        for ask in asks:
            for row in self._ask(ask):
                tagged = labels.intersection(map(str.strip, str(row.get("tags", "")).split(",")))
                filed = row.get("category") in wanted and row.get("downloaded") == 0
                if row.get("hash") and (tagged or filed):
                    found[str(row["hash"])] = row
        return list(found.values())

    def files(self, infohash: str) -> list[dict[str, Any]]:
        """The files: name (as on disk, with its folders), size, priority. Raises TorrentGone."""
        return self._of(infohash, lambda: rows(self._connection().torrents_files(torrent_hash=infohash)))

    def trackers(self, infohash: str) -> list[Announce]:
        """Its trackers, without their addresses. Raises TorrentGone."""
        return self._of(infohash, lambda: announces(self._connection().torrents_trackers(torrent_hash=infohash)))

    def properties(self, infohash: str) -> Mapping[str, Any]:
        """What only this call says: `is_private` before 5.0. Raises TorrentGone."""
        return self._of(infohash, lambda: table(self._connection().torrents_properties(torrent_hash=infohash)))

    def export(self, infohash: str) -> bytes:
        """The .torrent file as it was added: its announce address makes it a secret. Raises TorrentGone."""
        return self._of(infohash, lambda: self._connection().torrents_export(torrent_hash=infohash))

    def names_in(self, folder: str) -> frozenset[str] | None:
        """The names in a folder, by the client's path and eyes. None: this version can't show folders (before 5.0).
        Raises TorrentGone where the client sees no such folder."""
        if self.version().api < _LISTS_FOLDERS:
            return None
        found = self._of(folder, lambda: self._connection().app_get_directory_content(folder))
        return frozenset(str(path).rstrip("/").rsplit("/", 1)[-1] for path in found)

    def add(
        self,
        torrent: bytes,
        save_path: str,
        category: str = "",
        tags: Iterable[str] = (),
        skip_check: bool = False,
        stopped: bool = False,
    ) -> bool:
        """Add a torrent over data in `save_path`. False if the client says that it added nothing: it has it already, or
        cannot say why not (4.5 to 5.1 "Fails.", 5.3 409). Raises TorrentRefused for bytes that are no torrent.
        Ask by hash afterwards, and more than once: the torrent shows a moment later."""
        library = self._connection()
        try:
            answer = self._ask(
                lambda: library.torrents_add(
                    torrent_files=torrent,
                    save_path=save_path,
                    category=category or None,
                    tags=list(tags) or None,
                    is_skip_checking=skip_check,
                    is_stopped=stopped,
                    use_auto_torrent_management=False,  # else save_path is ignored
                    use_download_path=False,
                    content_layout="Original",
                    stopCondition="None",
                )
            )
        except _Conflict:
            return False
        return answer.strip() == "Ok." if isinstance(answer, str) else bool(answer.get("success_count", 1))

    def reannounce(self, infohash: str) -> None:
        """Ask its trackers again, now."""
        self._ask(lambda: self._connection().torrents_reannounce(torrent_hashes=infohash))

    def stop(self, infohash: str) -> None:
        """Stop it; it stays in the client."""
        self._ask(lambda: self._connection().torrents_stop(torrent_hashes=infohash))

    def _listed(self, category: str | None = None, tag: str | None = None) -> list[dict[str, Any]]:
        return rows(self._connection().torrents_info(category=category, tag=tag))

    def _connection(self) -> Library:
        if self._library is None or self._generation != self._login.generation:
            self._generation = self._login.generation
            self._library = Library(self.url, self._login, self._ca_file, self._clock)
        return self._library

    def _of(self, what: str, ask: Callable[[], T]) -> T:
        """`_ask` about one torrent or folder, which may not be there."""
        try:
            return self._ask(ask)
        except _NotFound as error:
            raise TorrentGone(f"{self.name} has no {what}") from error

    def _ask(self, ask: Callable[[], T]) -> T:
        self._login.check()
        try:
            return ask()
        except ClientAway as error:
            raise self._named(error) from error
        except qbittorrentapi.Forbidden403Error as error:
            raise self._forbidden(str(error)) from error
        except qbittorrentapi.Unauthorized401Error as error:
            raise ClientAway(f"{self.name}: it refuses the host name in {self.address}", hint=_HOST) from error
        except (qbittorrentapi.NotFound404Error, qbittorrentapi.Conflict409Error) as error:
            kind = _NotFound if isinstance(error, qbittorrentapi.NotFound404Error) else _Conflict
            raise kind(f"{self.name}: nothing of qBittorrent's at {self.address}") from error
        except qbittorrentapi.UnsupportedMediaType415Error as error:
            raise TorrentRefused(f"{self.name} says that this is no valid torrent file") from error
        except (qbittorrentapi.APIError, OSError, ValueError) as error:
            raise ClientAway(f"{self.name}: {_plain(error)}", hint=_HINTS.get(type(error).__name__, "")) from error

    def _named(self, error: ClientAway) -> ClientAway:
        text = str(error)
        return type(error)(text if text.startswith(self.name + ": ") else f"{self.name}: {text}", hint=error.hint)

    def _forbidden(self, text: str) -> ClientAway:
        if "banned" in text.lower():
            return Banned(f"{self.name}: it has banned this address for a while after failed logins")
        if self._login.api_key:
            return self._login.refuse("it refuses this API key")
        return ClientAway(f"{self.name}: it answers 403 Forbidden")


class _NotFound(ClientAway):
    """404: a torrent that is not there, or a wrong base path."""


class _Conflict(ClientAway):
    """409: 5.3's answer to a torrent that it has already."""


_HOST = "is the name in qBittorrent's list of server domains, and the port that of `url`?"
_HINTS = {"SSLError": "give the certificate of the server as `ca_file` of the client"}
_PLAIN = {
    "ConnectTimeout": "no connection within seconds",
    "ReadTimeout": "connected, but no answer",
    "SSLError": "its certificate is not trusted",
    "ConnectionError": "no connection",
    "APIError": "its answer is not that of a qBittorrent",
}


def _plain(error: Exception) -> str:
    """What went wrong in few words: the library's own texts are long, and name addresses."""
    status = getattr(error, "http_status_code", None)
    if status:
        return f"it answers {status}"
    return _PLAIN.get(type(error).__name__, type(error).__name__)
