"""What the two Gazelles have in common: pages, actions on torrents, download, upload. Dialects say how it is worded.

Facts on Gazelle, sections 1 to 10. Keys, envelopes and limits are `orpheus`'s and `redacted`'s.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

from trackers.catalogue import SANDBOX, TYPES, announce_of
from trackers.sandbox import announce, metainfo, search
from trackers.sandbox.answers import NOT_SUPPOSED, Manner, error_page, group_value, torrent_value
from trackers.sandbox.dialect import Dialect
from trackers.sandbox.faults import NONE, PAGE, Fault, Struck
from trackers.sandbox.fields import Refusal, Vocabulary, php_int
from trackers.sandbox.logs import judge
from trackers.sandbox.metainfo import Crashed
from trackers.sandbox.store import Store, Torrent, User
from trackers.sandbox.upload import STORAGE_FAILED, Checked, DatabaseError, Desk, Stored
from trackers.sandbox.wire import HTML_TYPE, Reply, Request, redirect_to_login

SHY_AGENTS = ("python-requests", "Python-urllib", "uTorrent", "BTWebClient")
OFTEN_ENOUGH = (
    "You have already downloaded this torrent file four times. If you need to download it again, please do so from "
    "your browser."
)
TORRENT_TYPE = "application/x-bittorrent; charset=utf-8"
BAD_PARAMETERS = "bad parameters"
NO_TORRENT = "could not find torrent"
_NOT_IN_NAMES = str.maketrans("", "", '"*/:<>?\\|')

Act = Callable[[Request, User, Struck, "int | None"], Reply]


class Gazelle(Dialect):
    """A site that speaks ajax.php."""

    words: ClassVar[Vocabulary]
    manner: ClassVar[Manner]
    longest_path: ClassVar[int]
    versions: ClassVar[Mapping[str, int]] = {}  # info.version by action

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.desk = Desk(store, self.words, self.manner, self.longest_path)
        self.acts: dict[str, Act] = {
            "index": self._index,
            "torrent": self._torrent,
            "torrentgroup": self._torrentgroup,
            "browse": self._browse,
            "download": self._download,
            "upload": self._upload,
            "logchecker": self._logchecker,
        }

    @abstractmethod
    def authorise(self, request: Request) -> User | Reply:
        """Whose key came with the request, or the answer to one that is not accepted."""

    @abstractmethod
    def admit(self, user: User, action: str) -> Reply | None:
        """Rights and limits of a request that is authorised; None lets it in."""

    @abstractmethod
    def success(self, action: str, response: object) -> Reply:
        """The envelope of an answer that worked."""

    @abstractmethod
    def failure(self, error: str) -> Reply:
        """The envelope and status of a refusal."""

    @abstractmethod
    def account(self, user: User) -> Mapping[str, object]:
        """`response` of action=index."""

    @abstractmethod
    def uploaded(self, stored: Stored, request: Request, user: User) -> Reply:
        """The answer to an upload that is stored."""

    def action(self, request: Request) -> str:
        """The ajax action; `announce` or `scrape`; else the page's name."""
        steps = request.path.split("/")
        return request.action if request.path == "ajax.php" else steps[-1]

    def caller(self, request: Request) -> str:
        """The account whose key stands in the header."""
        user = self.store.by_token(request.headers.get("authorization", "").rpartition(" ")[2])
        return user.name if user else ""

    def answer(self, request: Request, struck: Struck = NONE, post: int | None = None) -> Reply:
        """Any request below the site's prefix."""
        steps = request.path.split("/")
        if request.path == "ajax.php":
            return self._ajax(request, struck, post)
        if len(steps) == 2 and steps[1] in ("announce", "scrape"):
            return announce.answer(self.store, steps[1], steps[0], request)
        if request.path == "torrents.php" and request.param("action") == "download":
            return self._download_by_passkey(request)
        if request.path == "login.php":
            return Reply(200, PAGE.format(title="Login", text="<form></form>").encode(), HTML_TYPE)
        return redirect_to_login()

    def _ajax(self, request: Request, struck: Struck, post: int | None) -> Reply:
        user = self.authorise(request)
        if isinstance(user, Reply):
            self._judge(post, "refused", "not authorised")
            return user
        if refused := self.admit(user, request.action):
            self._judge(post, "refused", "not admitted")
            return refused
        act = self.acts.get(request.action, self._unknown)
        return act(request, user, struck, post)

    def _unknown(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        return self.failure("failure")

    def _index(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        return self.success("index", self.account(user))

    def _torrent(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        torrent = self._asked(request)
        if torrent is None:
            return self.failure(self.not_found(request))
        if struck.answering and struck.answering.kind == "other-torrent":
            torrent = next((one for one in self.store.torrents.values() if one is not torrent), torrent)
        group = group_value(self.store.groups[torrent.group_id], self.manner)
        value = torrent_value(torrent, self.store, user, self.manner)
        return self.success("torrent", {"group": group, "torrent": value})

    def _torrentgroup(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        by_hash = self._asked(request) if request.param("hash") else None
        group = self.store.groups.get(by_hash.group_id if by_hash else php_int(request.param("id")))
        torrents = [one for one in self.store.in_group(group.id) if self._known(one)] if group else []
        if group is None or not torrents or (request.param("hash") and request.param("id")):
            return self.failure(self.not_found(request))
        values = [torrent_value(one, self.store, user, self.manner) for one in torrents]
        return self.success("torrentgroup", {"group": group_value(group, self.manner), "torrents": values})

    def not_found(self, request: Request) -> str:
        """The words for a torrent or group that is not there, or was asked for wrongly: nobody can tell which."""
        return BAD_PARAMETERS

    def by_hash(self, text: str) -> Torrent | None:
        """A torrent by what stood in `hash`."""
        return self.store.by_hash(text)

    def _asked(self, request: Request) -> Torrent | None:
        """By `id` or by `hash`; both together is an error."""
        wanted, text = request.param("id"), request.param("hash")
        if (wanted is None) == (text is None):
            return None
        torrent = self.by_hash(text) if text is not None else self.store.torrents.get(php_int(wanted))
        return torrent if torrent and self._known(torrent) else None

    def _known(self, torrent: Torrent) -> bool:
        return torrent.found_at <= self.store.clock.running()

    def _browse(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        try:
            page = search.browse(request, self.store, user, self.manner)
        except search.BadOrder:
            return Reply(200, b"-1")
        if not page.results:
            return self.success("", {"results": [], "youMightLike": []})
        found = {"currentPage": page.current, "pages": page.pages, "results": page.results}
        return self.success("browse", found)

    def _download(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        torrent = self.store.torrents.get(php_int(request.param("id")))
        if torrent is None:
            return self.failure(NO_TORRENT)
        times = user.downloads.get(torrent.id, 0)
        if times >= 4 and request.headers.get("user-agent", "").startswith(SHY_AGENTS):
            return self.failure(OFTEN_ENOUGH)
        if request.param("usetoken") == "1":
            return self.failure("This torrent is too large. Please use the regular DL link.")
        user.downloads[torrent.id] = times + 1
        return self._file(request, torrent, user)

    def _download_by_passkey(self, request: Request) -> Reply:
        user = self.store.by_passkey(request.param("torrent_pass") or "")
        torrent = self.store.torrents.get(php_int(request.param("id")))
        if user is None:
            return Reply(403, b"", HTML_TYPE)
        return self._file(request, torrent, user) if torrent else redirect_to_login()

    def _file(self, request: Request, torrent: Torrent, user: User) -> Reply:
        group = self.store.groups[torrent.group_id]
        main = group.by_role(1)
        credit = " & ".join(one.name for one in main) if len(main) < 3 else "Various Artists"
        encoding = f"{torrent.media}-{torrent.format}-{torrent.encoding}"
        name = f"{credit}.{group.year}.{group.name}.({encoding})-{torrent.id}.torrent".translate(_NOT_IN_NAMES)
        headers = (("Content-Disposition", f'attachment; filename="{name}"'),)
        if torrent.info is None:
            return Reply(200, b"", TORRENT_TYPE, headers)  # the stored file is lost: facts, section 7
        address = announce_of(TYPES[SANDBOX + self.type], request.base, user.passkey)
        page = f"{request.base}/torrents.php?torrentid={torrent.id}"
        return Reply(200, metainfo.torrent_file(address, page, torrent.info), TORRENT_TYPE, headers)

    def _logchecker(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        part, pasted = request.form.file("log"), request.form.get("pastelog")
        if part is None and not pasted:
            return self.failure("no log file provided")
        log = judge(part.content) if part else judge((pasted or "").encode(), pasted=True)
        response = {
            "ripper": log.ripper,
            "ripperVersion": log.version,
            "language": "en",
            "score": log.score,
            "checksum": log.checksum,
            "issues": list(log.issues),
        }
        return self.success("logchecker", response)

    def _upload(self, request: Request, user: User, struck: Struck, post: int | None) -> Reply:
        try:
            checked = self.desk.check(request.form, user)
            if self.dry_run(request):
                self._judge(post, "dry run")
                return self.rehearsed(checked)
            if struck.storing and struck.storing.kind == "late":
                return self._upload_late(request, user, struck.storing, post)
            return self._store(checked, request, user, struck.storing, post)
        except Refusal as error:
            self._judge(post, "refused", str(error))
            return self.failure(str(error))
        except Crashed:
            self._judge(post, "refused", "HTTP 500")
            return Reply(500)
        except DatabaseError:
            self._judge(post, "refused", "database")
            return Reply(200, error_page(NOT_SUPPOSED.format(0)))

    def dry_run(self, request: Request) -> bool:
        """Whether the form asks for a rehearsal only."""
        return False

    def rehearsed(self, checked: Checked) -> Reply:
        """The answer to a rehearsal."""
        return self.failure("failure")

    def _store(self, checked: Checked, request: Request, user: User, fault: Fault | None, post: int | None) -> Reply:
        stored = self.desk.store_upload(checked, user, fault)
        phantom = stored.torrent.id not in self.store.torrents
        self._judge(post, "not processed" if phantom else "stored", str(stored.torrent.id))
        if stored.file_failed:
            return self.failure(STORAGE_FAILED)
        return self.uploaded(stored, request, user)

    def _upload_late(self, request: Request, user: User, fault: Fault, post: int | None) -> Reply:
        """Nothing is stored yet; what is stored later is checked then."""
        self._judge(post, "late")
        due = self.store.clock.running() + fault.delay
        self.store.late.append((due, lambda: void(self._upload(request, user, NONE, post))))
        return Reply(fault.status, fault.body.encode(), HTML_TYPE)

    def _judge(self, post: int | None, outcome: str, answer: str = "") -> None:
        if post is not None:
            self.store.judge(post, outcome, answer)


def void(reply: Reply) -> None:
    """An answer that nobody waits for any more."""
