"""The verbs the uploader needs of any tracker, and the frozen values that pass between them.

Knows nothing of qBittorrent, rules or the journal. Concrete trackers own their dialect; the loop owns retries.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from trackers.content import Content
from trackers.errors import Refused
from trackers.secret import Secret


@dataclass(frozen=True)
class Account:
    """Who we are on the site. `announce`: our personal address; `may_upload` None where the site does not say."""

    user: str
    user_id: str
    announce: Secret
    may_upload: bool | None = None


@dataclass(frozen=True)
class Problem:
    """One thing that stops an upload, in words that say what to change. `field` is a fact or a form key."""

    field: str
    text: str
    code: str = "form"


# Stands in a form where a cover still has to go to a host for pictures: the loop puts the address in its place.
COVER_TO_COME = "https://cover.invalid/to-come.png"
SCREENSHOT_TO_COME = "https://screenshot.invalid/to-come.png"  # as the cover's


@dataclass(frozen=True)
class Attachment:
    """A file of the content that is sent beside the torrent, in the form's part `key`."""

    key: str
    path: str  # relative to the content's root


@dataclass(frozen=True)
class Form:
    """What would be sent, in order, without any secret: ready for the journal and for a person to read."""

    fields: tuple[tuple[str, str], ...]
    attachments: tuple[Attachment, ...] = ()
    cautions: tuple[str, ...] = ()  # new_group web_flac …: for a person to look at, unless lifted
    notes: tuple[str, ...] = ()  # for the person who looks at it
    extras: tuple[tuple[str, str], ...] = ()  # what follows the upload: (a name in `Uploader.extras`, what for)

    def get(self, key: str) -> str | None:
        """The first value of `key`, or None."""
        return next((value for name, value in self.fields if name == key), None)

    def every(self, key: str) -> tuple[str, ...]:
        """All values of `key`, in order."""
        return tuple(value for name, value in self.fields if name == key)

    def as_json(self) -> dict[str, object]:
        """The form as it stands in the journal."""
        return {
            "fields": [list(pair) for pair in self.fields],
            "attachments": [[one.key, one.path] for one in self.attachments],
            "cautions": list(self.cautions),
            "notes": list(self.notes),
            "extras": [list(pair) for pair in self.extras],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Form:
        """The inverse of `as_json`. Raises TypeError, KeyError or ValueError on another shape."""
        fields, attachments = value["fields"], value["attachments"]
        cautions, notes, extras = (value.get(key, []) for key in ("cautions", "notes", "extras"))
        if not all(isinstance(part, list) for part in (fields, attachments, cautions, notes, extras)):
            raise TypeError("a form's parts are lists")
        return cls(
            tuple((str(key), str(text)) for key, text in fields),  # type: ignore[attr-defined]
            tuple(Attachment(str(key), str(path)) for key, path in attachments),  # type: ignore[attr-defined]
            tuple(map(str, cautions)),  # type: ignore[call-overload]
            tuple(map(str, notes)),  # type: ignore[call-overload]
            tuple((str(name), str(about)) for name, about in extras),  # type: ignore[attr-defined]
        )

    @property
    def digest(self) -> str:
        """SHA-256 over what would be sent: what a person approves."""
        sent = [[list(pair) for pair in self.fields], [[one.key, one.path] for one in self.attachments]]
        sent += [[list(pair) for pair in self.extras]] if self.extras else []
        return hashlib.sha256(json.dumps(sent, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class Upload:
    """What a tracker needs to publish, and later to find it again."""

    form: Form
    info: bytes  # the frozen info dictionary, bencoded
    infohash: str  # 40 hex, lower case: SHA-1 of `info`
    name: str  # of the torrent
    files: tuple[tuple[str, int], ...]  # (path, size), in the torrent's order
    size: int  # bytes
    account: Account
    sent_at: float | None = None  # wall seconds of the last POST
    attached: tuple[tuple[str, str, bytes], ...] = ()  # (form key, file name, content)


@dataclass(frozen=True)
class Receipt:
    """What the tracker answered. `url` is the page, without a key; `infohash` as registered, None if it did not say."""

    torrent_id: str
    group_id: str | None = None
    url: str | None = None
    infohash: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """Something on the site that resembles a form. `what`: `torrent` (this very edition and encoding), `group` (this
    release, another encoding or edition), `near` (this title by this artist, but another year or type)."""

    what: str
    url: str
    torrent_id: str | None = None
    group_id: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)  # what matched, or what differs
    joins: Mapping[str, str] = field(default_factory=dict)  # for `group`: what to `set` to upload into it


@dataclass(frozen=True)
class CannotTell:
    """An answer that proves nothing."""

    why: str


@dataclass(frozen=True)
class Found:
    """The upload is on the site. `ours` None: whose it is can't be told."""

    receipt: Receipt
    ours: bool | None
    uploader: str = ""


@dataclass(frozen=True)
class Absent:
    """The upload is not there, and `canary` (a torrent id) was seen in the same pass."""

    canary: str


class Uploader(ABC):
    """Publishes releases on one tracker. No verb repeats a request by itself.

    The look-ups raise `Unavailable` (site away, rate limit) or `NotAuthorised`; `CannotTell` is an answer that came and
    proves nothing. Each look-up is one pass: the fewest requests that can answer.
    """

    name: str  # its name in rules.yaml, for messages
    hosts_images = False  # whether `host_image` has somewhere to put a cover
    rehosts_images = False  # whether `rehost_image` takes the address of one
    hosts_screenshots = False  # whether `host_image` has somewhere to put pictures of a video
    looks_up = True  # whether it can be asked for an upload at all
    # What may follow an upload (logs, request fill …), by the names that `Form.extras` has: retried alone, never
    # `upload`. Each is given what was uploaded, the receipt, and what `Form.extras` says; done twice it does no harm.
    # Raises `Refused` if trying again will not help, else what look-ups raise.
    extras: Mapping[str, Callable[[Upload, Receipt, str], None]] = {}

    def opening(self) -> float:
        """Seconds until the site's limit lets one more request through; 0 if it does now. Takes nothing from it."""
        return 0.0

    def held_up(self) -> float:
        """Seconds for which the site's limit has held requests up, since this was opened."""
        return 0.0

    def screenshots(self, content: Content, set: Mapping[str, object]) -> int:
        """How many pictures of its video have to be taken for the form, which then has their addresses in `set` as
        `screenshots`; 0 where the site wants none, or somebody gave them. Pure."""
        return 0

    def host_image(self, data: bytes, name: str) -> str:
        """Put a picture on a host for pictures; returns its address. Asked twice it does no harm."""
        raise Refused("no-cover", f"{self.name} has no host for pictures")

    def rehost_image(self, address: str) -> str:
        """Have a cover that stands elsewhere put on the site's own host; returns its address there."""
        raise Refused("no-cover", f"{self.name} has no host for pictures")

    def may_upload(self) -> bool | None:
        """Ask whether this account and key have the right to upload: one request that can publish nothing. None: the
        site does not say. Raises `Unavailable`, and `NotAuthorised` where the key lacks the right."""
        return None

    def describe(self, infohash: str) -> Mapping[str, object]:
        """What the site says of a torrent that content came from: facts by the names that rules know, only those it
        has something to say of; none if it does not know the torrent. One look, nothing is changed."""
        return {}

    def log_score(self, logs: Sequence[tuple[str, bytes]]) -> int | CannotTell:
        """What the site's log checker makes of rip logs, (name, content) each: the lowest score counts."""
        return CannotTell(f"{self.name} has no log checker")

    def dry_run(self, upload: Upload) -> Mapping[str, object]:
        """What the site itself would make of an upload, where it can say so without storing it (`dry_run` in the
        catalogue). Raises `Refused` with its words, and what look-ups raise."""
        raise Refused("no-dry-run", f"{self.name} has no dry run of its own")

    def moderation(self, receipt: Receipt) -> str:
        """How an upload of ours stands with the site's moderators: `pending`, `rejected`, `deleted`; empty where it is
        shown to all, as everything is on a site without moderators. One look."""
        return ""

    @abstractmethod
    def account(self) -> Account:
        """Ask the site who we are: one GET. The caller keeps it for an hour."""

    @abstractmethod
    def compose(self, content: Content, set: Mapping[str, object]) -> Form | list[Problem]:
        """The form for `content`, or every problem at once. Pure: local rules and vocabulary. `set`: the tracker's own
        form keys, with `X.add` and `X.remove` on lists, and what a `Match.joins` said."""

    @abstractmethod
    def similar(self, form: Form) -> list[Match] | CannotTell:
        """What on the site resembles this form: asked before hashing and again before the POST."""

    @abstractmethod
    def find(self, upload: Upload, known: Receipt | None) -> Found | Absent | CannotTell:
        """Ask once whether the site has this upload. `Absent` only if `known`, or one the site lists now, was seen in
        the same pass."""

    @abstractmethod
    def upload(self, upload: Upload) -> Receipt:
        """Publish once, without retrying. Raises `Refused`, `Unavailable`, `NotAuthorised`: proved not processed;
        `Unconfirmed` or `AlreadyThere`: nobody knows."""

    @abstractmethod
    def registered(self, receipt: Receipt) -> bytes:
        """The .torrent as the site registered it, with our announce address in it: a secret."""
