"""`action=upload`: from a form that arrived to a torrent that is registered, step by step as the site does it.

Raises `Refusal` and `Crashed` before the first write; what the answer looks like is the dialect's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from trackers.sandbox import fields, files, metainfo
from trackers.sandbox.answers import Manner, link, warnings
from trackers.sandbox.faults import Fault
from trackers.sandbox.fields import Refusal, Vocabulary, php_int
from trackers.sandbox.logs import judge
from trackers.sandbox.metainfo import Corrupted, Crashed, Metainfo, Registered
from trackers.sandbox.store import Edition, Group, RipLog, Store, Torrent, User
from trackers.sandbox.wire import Form, Part

LARGEST_FILE = 2 * 1024 * 1024  # PHP's upload_max_filesize
LONGEST_ARTIST = 200  # characters of the database's column
OTHER_THAN_TORRENT = "You seem to have put something other than a torrent file into the upload field. ({})."
NO_FILE = "No torrent file uploaded, or file is empty."
EXISTS = "The exact same torrent file already exists on the site! {}"
FIXED = "Thank you for fixing this torrent {}"
STORAGE_FAILED = "Internal error saving torrent file. Please report this in the bugs forum."


class DatabaseError(Exception):
    """The site answers a page of HTML, and an empty group stays behind."""


@dataclass(frozen=True)
class Checked:
    """An upload that passed every check."""

    form: Form
    artists: list[tuple[int, str]]
    meta: Metainfo
    registered: Registered
    extra: tuple[tuple[Metainfo, Registered, str, str, str], ...]  # with format, bitrate, description


@dataclass(frozen=True)
class Stored:
    """What came of it."""

    torrent: Torrent
    private: bool
    source: bool
    warnings: list[str]
    new_group: bool
    file_failed: bool


@dataclass(frozen=True)
class Desk:
    """Where uploads of one site are taken in."""

    store: Store
    words: Vocabulary
    manner: Manner
    longest_path: int

    def check(self, form: Form, user: User) -> Checked:
        """Every check of the site, in its order; what a lost file was for is mended on the way."""
        if not user.may_upload:
            raise Refusal("Your userclass does not allow you to upload.")
        if user.upload_revoked:
            raise Refusal("Your upload privileges have been revoked.")
        artists = fields.check(form, self.words)
        meta = _read(form.file("file_input"))
        files.check_kind(meta)
        files.check_name(meta.folder)
        registered = metainfo.register(meta, self.store.flag)
        self._refuse_known(registered)
        extra = tuple(self._extra(form)) if fields.category(form) == "Music" else ()
        for one in (meta, *(row[0] for row in extra)):
            files.check_files(one, fields.category(form), self.longest_path)
        return Checked(form, artists, meta, registered, extra)

    def store_upload(self, checked: Checked, user: User, fault: Fault | None = None) -> Stored:
        """Register it. Raises `DatabaseError`."""
        form = checked.form
        logs = self._logs(checked)
        known = self._known_group(checked)
        group = known or self._new_group(checked)
        if any(len(name) > LONGEST_ARTIST for _, name in checked.artists):
            raise DatabaseError
        registered = _rewritten(checked, self.store) if fault and fault.kind == "rewritten" else checked.registered
        encoding = (_encoding(form), (form.get("format") or "").strip(), fields.text(form, "release_desc"))
        torrent = self._torrent(checked.meta, registered, group, user, form, encoding, logs)
        for meta, other, format, bitrate, description in checked.extra:
            self._torrent(meta, other, group, user, form, (bitrate, format, description), [])
        failed = bool(fault and fault.kind == "unstored")
        if fault:
            self._spoil(torrent, fault)
        same = sum(one.folder == torrent.folder for one in self.store.torrents.values()) - 1 if torrent.folder else 0
        told = warnings(registered.private, registered.source, self.store.flag, torrent, same)
        return Stored(torrent, registered.private, registered.source, told, known is None, failed)

    def _refuse_known(self, registered: Registered) -> None:
        known = self.store.by_hash(registered.infohash)
        if known is None or not self.store.traits.refuses_same_hash:
            return
        group = self.store.groups[known.group_id]
        named = link(group, known, self.manner.release_types(group.release_type))
        if known.info is None:
            known.info = registered.info
            raise Refusal(FIXED.format(named))
        raise Refusal(EXISTS.format(named))

    def _extra(self, form: Form) -> list[tuple[Metainfo, Registered, str, str, str]]:
        formats, bitrates, texts = (_list(form, f"extra_{key}") for key in ("format", "bitrate", "release_desc"))
        rows = []
        for index in range(5):
            part = form.file(f"extra_file_{index + 1}")
            if part is None or not formats or not bitrates:
                continue
            if len(formats) <= index or not formats[index].strip():
                raise Refusal("Missing format for extra torrent.")
            if len(bitrates) <= index or not bitrates[index].strip():
                raise Refusal("Missing encoding/bitrate for extra torrent.")
            meta = _read(part)
            registered = metainfo.register(meta, self.store.flag)
            self._refuse_known(registered)
            text = texts[index] if len(texts) > index else ""
            rows.append((meta, registered, formats[index].strip(), bitrates[index].strip(), text))
        return rows

    def _known_group(self, checked: Checked) -> Group | None:
        form = checked.form
        if fields.category(form) != "Music":
            return None
        if (named := self.store.groups.get(php_int(form.get("groupid")))) is not None:
            return named
        main = [name for role, name in checked.artists if role == 1]
        title, kind, year = fields.text(form, "title"), php_int(form.get("releasetype")), php_int(form.get("year"))
        return self.store.matching_group(main, title, kind, year)

    def _new_group(self, checked: Checked) -> Group:
        form, store = checked.form, self.store
        described = "album_desc" if form.get("album_desc") is not None else "desc"
        group = Group(
            id=store.next_id("group"),
            name=fields.text(form, "title"),
            year=php_int(form.get("year")),
            release_type=php_int(form.get("releasetype")),
            category=fields.CATEGORIES.index(fields.category(form)) + 1,
            record_label=fields.text(form, "record_label"),
            catalogue_number=fields.text(form, "catalogue_number"),
            tags=fields.tags(form),
            description=fields.text(form, described),
            image=(form.get("image") or "").strip(),
            time=store.clock.now(),
        )
        store.groups[group.id] = group
        if all(len(name) <= LONGEST_ARTIST for _, name in checked.artists):
            group.artists = list(dict.fromkeys((role, store.artist(name)) for role, name in checked.artists))
        return group

    def _torrent(
        self,
        meta: Metainfo,
        registered: Registered,
        group: Group,
        user: User,
        form: Form,
        encoding: tuple[str, str, str],
        logs: list[RipLog],
    ) -> Torrent:
        store = self.store
        torrent = Torrent(
            id=store.next_id("torrent"),
            group_id=group.id,
            user=user,
            infohash=registered.infohash,
            info=registered.info,
            media=form.get("media") or "",
            format=encoding[1],
            encoding=encoding[0],
            edition=_edition(form, self.words),
            folder=meta.folder,
            files=meta.files(),
            description=encoding[2],
            scene=form.get("scene") is not None,
            has_log=_wants_logs(form) and _lists(meta, ".log"),
            has_cue=encoding[0] == "Lossless" and _lists(meta, ".cue"),
            logs=logs,
            time=store.clock.now(),
            searchable_at=store.clock.running() + store.traits.index_lag,
        )
        group.time = max(group.time, torrent.time)
        store.torrents[torrent.id] = torrent
        return torrent

    def _logs(self, checked: Checked) -> list[RipLog]:
        """Only looked at for a CD in Lossless whose torrent lists a log; without brackets in its name PHP dies."""
        if not (_wants_logs(checked.form) and _lists(checked.meta, ".log")):
            return []
        if checked.form.file("logfiles"):
            raise Crashed
        return kept_logs(checked.form, self.store)

    def _spoil(self, torrent: Torrent, fault: Fault) -> None:
        match fault.kind:
            case "unstored" | "file-lost":
                torrent.info = None
            case "search-lag":
                torrent.searchable_at = self.store.clock.running() + fault.delay
            case "hash-lag":
                torrent.found_at = self.store.clock.running() + fault.delay
            case "logs-lost":
                torrent.logs = []
            case "phantom":
                del self.store.torrents[torrent.id]


def kept_logs(form: Form, store: Store) -> list[RipLog]:
    """The logs among a form's files, judged and numbered."""
    sent = [judge(part.content) for part in form.files if part.name == "logfiles[]"]
    return [replace(log, id=store.next_id("log")) for log in sent]


def _read(part: Part | None) -> Metainfo:
    if part is None or not part.filename.lower().endswith(".torrent"):
        raise Refusal(OTHER_THAN_TORRENT.format(part.filename if part else ""))
    if not part.content or len(part.content) > LARGEST_FILE:
        raise Refusal(NO_FILE)
    try:
        return metainfo.read(part.content)
    except Corrupted as error:
        raise Refusal(f"The torrent file '{part.filename}' is corrupted, please recreate it") from error


def _rewritten(checked: Checked, store: Store) -> Registered:
    own = {b"entropy": store.draw(8).hex().encode(), b"private": 1, b"source": store.flag.encode()}
    info = {**checked.meta.info, **own}
    return metainfo.sealed(info, checked.registered.private, checked.registered.source)


def _encoding(form: Form) -> str:
    sent = (form.get("bitrate") or "").strip()
    if sent != "Other" or form.get("format") == "FLAC":
        return sent
    return (form.get("other_bitrate") or "").strip() + (" (VBR)" if form.get("vbr") else "")


def _edition(form: Form, words: Vocabulary) -> Edition:
    if not fields.edition_sent(form, words):
        return Edition(remastered=bool(form.get("unknown")) and not words.remaster_field)
    if form.get("unknown"):
        return Edition(remastered=True)
    return Edition(
        remastered=True,
        year=php_int(form.get("remaster_year")),
        title=fields.text(form, "remaster_title"),
        record_label=fields.text(form, "remaster_record_label"),
        catalogue_number=fields.text(form, "remaster_catalogue_number"),
    )


def _wants_logs(form: Form) -> bool:
    return form.get("media") == "CD" and form.get("bitrate") == "Lossless"


def _lists(meta: Metainfo, extension: str) -> bool:
    return any(re.search(re.escape(extension) + r"\Z", path, re.IGNORECASE) for path, _ in meta.files())


def _list(form: Form, key: str) -> list[str]:
    found = form.array(key)
    return found if isinstance(found, list) else []
