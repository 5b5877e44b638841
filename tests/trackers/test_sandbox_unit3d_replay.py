"""The sandbox's UNIT3D against 468 recorded exchanges of five versions of a real one, compared text by text.

Recorded on loopback: UNIT3D v9.2.0 (8b88f4c8), v9.1.5, v9.0.0, v8.3.4, v8.0.0. The torrents' bytes were not kept:
equivalent ones are built here. Keys, times and hashes are masked, pages of HTML compared by their title and their text;
answers that were cut when they were recorded, up to there. What differs, and why, stands in DIFFERS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bencode2

from tests.support_sandbox import Answered, Hands, call, multipart
from trackers.sandbox import Fault, Sandbox

SITE = "unit3d"
RECORDED = Path(__file__).parent / "data/sandbox_unit3d.jsonl"
RECORDS: list[dict[str, Any]] = [json.loads(line) for line in RECORDED.read_text("utf-8").split("\n") if line]
THEIRS = re.compile(r"http:(?P<slash>\\?/)(?P=slash)127\.0\.0\.1:84\d\d")
# Where the recording began with an empty site, and how many torrents it had then.
BEGINNINGS = {
    "client-timeout-then-retry": 4,
    "internal-group-no-row": 0,
    "v915-infohash-foreseen": 8,
    "v915-auth-none-json": 0,
    "v900-auth-none-json": 0,
    "v834-auth-none-json": 0,
    "v800-auth-none-json": 0,
}
RANKS = {"validating": "Validating", "internal": "Internal", "modo": "Moderator"}

# Label of the record: why its answer is not as recorded. Everything else is compared.
DIFFERS: dict[str, str] = {
    "requests-filter": "requests are no matter of this project; the sandbox has none",
    "requests-unknown": "as requests-filter",
    "quicksearch-api-token": "a route for browsers: the sandbox has no sessions",
    "v834-filter-name": "nobody ran the queue that feeds its search index when it was recorded",
}

# What the torrent of a record was; every other is a folder with two files, named as the form names it.
NAMES: Mapping[str, bytes] = {
    "fname-colon": b"a: b.mkv",
    "fname-question": b"what?.mkv",
    "fname-pipe": b"a|b.mkv",
    "fname-quote": b'a"b.mkv',
    "fname-star": b"a*b.mkv",
    "fname-backslash": b"a\\b.mkv",
    "fname-lt": b"a<b.mkv",
    "fname-trail-dot": b"a.",
    "fname-trail-space": b"a.mkv ",
    "fname-dots": b"..",
    "fname-con": b"con.mkv",
    "fname-con-plain": b"CON",
    "fname-aux-txt": b"aux.txt",
    "fname-pad": b".pad/123",
    "fname-padding": b"_____padding_file_0_x",
    "fname-tilde": b"~a.mkv",
    "fname-ctrl": b"a\tb.mkv",
    "fname-long": b"a" * 256,
    "fname-hidden": b".hidden",
    "fname-apostrophe": b"it's.mkv",
    "fname-unicode": "日本語.mkv".encode(),
    "fname-dir-colon": b"a: b/c.mkv",
    "fname-dir-trail-space": b"Dir /a.mkv",
    "fname-empty-comp": b"a//b.mkv",
    "fname-long-unicode": ("日" * 86 + ".mkv").encode(),
    "fname-bad-utf8": b"caf\xe9.mkv",
    **{f"v{version}-bad-filename": b"a: b.mkv" for version in ("915", "900", "834", "800")},
}
INFO: Mapping[str, dict[str, object]] = {
    "val-no-name-multi": {"name": None},
    "val-no-length-single": {"files": None},
    "val-no-pieces": {"pieces": None},
    "fname-root-colon": {"name": b"Root: name?"},
    "fname-root-bad-utf8": {"name": b"caf\xe9"},
    "fname-single-colon": {"files": None, "length": 5, "name": b"a: b.mkv"},
    "fname-bad-utf8-single": {"files": None, "length": 5, "name": b"caf\xe9.mkv"},
    "tor-single": {"files": None, "length": 1000000, "name": b"single.mkv"},
    "tor-zero-files": {"files": []},
    "tor-string-length": {"files": [{b"length": b"5", b"path": [b"a.mkv"]}]},
    "tor-files-extra-keys": {
        "files": [{b"attr": b"x", b"length": 5, b"md5sum": b"0" * 32, b"path": [b"a.mkv"], b"path.utf-8": [b"a.mkv"]}],
        "name": b"q", "piece length": 16384, "pieces": b"x" * 20,
    },
    "tor-no-created-by": {
        "files": [{b"length": 5, b"path": [b"a.mkv"]}], "name": b"q", "piece length": 16384, "pieces": b"x" * 20,
    },
    "tor-5000-files": {"files": [{b"length": 5, b"path": [f"{at}.mkv".encode()]} for at in range(5000)]},
    "tor-2MB-pieces": {"pieces": b"p" * 2_000_000},
    "tor-keys": {
        "files": [{b"length": 1000000, b"path": [b"E01.mkv"]}, {b"length": 500, b"path": [b"Sub Dir", b"x.srt"]}],
        "name": b"Some.Keys.2024",
    },
}  # fmt: skip
OUTER: Mapping[str, dict[bytes, object]] = {
    "tor-keys": {b"comment": b"mine", b"encoding": b"UTF-8", b"url-list": b"http://127.0.0.1/"},
    "tor-no-created-by": {b"created by": None},
    "tor-files-extra-keys": {b"created by": None},
}
GARBAGE: Mapping[str, bytes] = {
    "val-empty-file": b"",
    "val-garbage": b"this is not a torrent ok",
    "val-html": b"<html></html>",
    "val-bencode-list": b"le",
    "val-bencode-int": b"i1e",
    "val-no-info": b"d8:announce1:xe",
    "val-info-empty": b"d4:infodee",
    "val-info-string": b"d4:info1:xe",
    **{f"v{version}-garbage": b"not bencode" for version in ("915", "900", "834", "800")},
}


def built(record: dict[str, Any], name: str) -> bytes:
    """A torrent like the one that was sent."""
    label, size = record["label"], next(part[2] for part in record["files"] if part[0].startswith("torrent"))
    if label in GARBAGE:
        return GARBAGE[label]
    root = name.strip().encode() if size > 340 or label in NAMES else b"x"
    if label == "upload-params-in-query":
        root = b"Some.Release.2024.1080p.WEB-DL-GRP"
    if record["server"] != "9.2.0" and size == 354:
        root = b"OldTorrent"
    paths = [(NAMES[label], 1004000)] if label in NAMES else [(root + b".mkv", 1000000), (b"Subs/eng.srt", 4000)]
    info: dict[str, object] = {
        "files": [{b"length": length, b"path": path.split(b"/")} for path, length in paths],
        "name": root,
        "piece length": 262144,
        "pieces": b"p" * 80,
        "private": 1,
        "source": b"OLDSRC",
        **INFO.get(label, {}),
    }
    if size > 3_000_000:
        info["pieces"] = b"p" * (size - 400)
    outer: dict[bytes, object] = {b"announce": b"http://127.0.0.1/announce", b"created by": b"mktorrent 1.1"}
    outer |= {**OUTER.get(label, {}), b"info": {key.encode(): one for key, one in info.items() if one is not None}}
    data = bencode2.bencode({key: one for key, one in outer.items() if one is not None})
    return {"val-truncated": data[:-26], "val-trailing-garbage": data + b"xx"}.get(label, data)


class Replay:
    """A site that is as the recorded one was before each request."""

    def __init__(self, version: str, torrents: int) -> None:
        self.clock = Hands()
        self.sandbox = Sandbox(clock=self.clock, stocked=False)
        self.sandbox.start()
        self.sandbox.traits(SITE, version=version)
        self.store = self.sandbox.store(SITE)
        self.rsskeys: dict[str, str] = {}  # theirs: the user
        self.lose(torrents)
        self.downloaded = b""

    def lose(self, count: int) -> None:
        """Numbers of torrents that were uploaded unrecorded."""
        for _ in range(count):
            self.store.next_id("torrent")

    def largest(self, size: int) -> None:
        self.sandbox.traits(SITE, largest_file=size)

    def close(self) -> None:
        self.sandbox.stop()

    def token(self, name: str) -> str:
        if name not in [user.name for user in self.store.users]:
            rank, draw = RANKS.get(name, "Uploader"), self.store.draw
            self.store.add_user(name, draw(50).hex(), draw(16).hex(), rank=rank, rsskey=draw(16).hex())
        return self.store.user(name).token

    def keyed(self, text: str) -> str:
        """Their words for a key replaced by the key."""
        return re.sub(r"\{API_TOKEN of (\w+)\}", lambda found: self.token(found[1]), text)

    def send(self, record: dict[str, Any]) -> Answered:
        self.clock.time += 1 if record["label"] in AT_ONCE else 61
        address = self.sandbox.url_of(SITE) + self.path(record["path"])
        params = {key: self.keyed(str(value)) for key, value in record.get("params", [])}
        headers = {key: self.keyed(value) for key, value in record["asked"].items()}
        body = self.body(record) if record["method"] == "POST" else None
        answer = call(address, params, headers, None, body, record["method"])
        if record["path"].startswith("/torrent/download/") and answer.status == 200:
            self.downloaded = answer.body
        return answer

    def path(self, path: str) -> str:
        """A download's address with the key of the same user."""
        number, _, key = path.partition(".")
        user = USERS.get(key)
        if user is None:
            return path
        self.token(user)
        return f"{number}.{self.store.user(user).rsskey}"

    def body(self, record: dict[str, Any]) -> tuple[str, bytes]:
        label = record["label"]
        fields = [(key, written_out(self.keyed(str(value)))) for key, value in record.get("fields", [])]
        if label == "json-body-upload":
            return "application/json", b'{"name": "x"}'
        given = dict(record.get("params", [])) | dict(fields)
        name = written_out(str(given.get("name", "Some.Release")))
        files = [
            (part, filename, self.file(record, name) if part.startswith("torrent") else b"n" * size)
            for part, filename, size in record.get("files", [])
        ]
        kind, body = multipart(fields, files)
        if "bad-utf8" in label and "retry" not in label:
            body = body.replace("é".encode(), b"\xe9")
        return kind, body

    def file(self, record: dict[str, Any], name: str) -> bytes:
        if record["label"] == "dup-upload-of-downloaded" or "infohash-of-downloaded" in record["label"]:
            return self.downloaded
        if record["label"] in ("dup-name-same-torrent", "dup-torrent-new-name"):
            record = by_label("tor-keys")
        return built(record, name)

    def masked(self, text: str) -> str:
        """An answer without what is different each time or belongs to one of the two sites."""
        for user in self.store.users:
            text = text.replace(user.token, "{API_TOKEN of " + user.name + "}")
        base = self.sandbox.url_of(SITE)
        for ours in (base, base.replace("/", "\\/")):
            text = text.replace(ours, "{site}")
        text = THEIRS.sub("{site}", text)
        text = re.sub(r"(/download\\?/\d+)\.[0-9a-f]{32}", r"\1.{key}", text)
        text = re.sub(r'("created_at": ?)"[^"]*"', r'\1"…"', text)
        text = re.sub(r'"info_hash": ?"[0-9a-f]*"', lambda found: f'"info_hash":{len(found[0])}', text)
        return re.sub(r'\{"id":\d+,"name"', '{"id":0,"name"', text)

    def unlike(self, record: dict[str, Any], answer: Answered) -> str:
        """In which way an answer is not the recorded one; empty if it is."""
        headers = {key.lower(): value for key, value in answer.headers.items()}
        for key in HEADERS:
            wanted, got = record["headers"].get(key, ""), headers.get(key, "")
            if key in PRESENT:
                wanted, got = bool(wanted), bool(got)
            if self.masked(str(wanted)) != self.masked(str(got)):
                return f"{key} {got!r} instead of {wanted!r}: {answer.status} {answer.body[:200]!r}"
        if answer.status != record["status"]:
            return f"status {answer.status} instead of {record['status']}: {answer.body[:300]!r}"
        body = record["body"]
        if isinstance(body, dict):
            return self.unlike_page(body, answer.body)
        if answer.content_type == "application/x-bittorrent":
            ours = self.as_theirs(answer.body).decode("latin-1")
            return difference(*(re.sub(r"[0-9a-f]{32,}", "…", one) for one in (body, ours)))
        if body.startswith(("<html>", "<!DOCTYPE")) and "Redirecting" not in body:
            return difference(titles(body), titles(answer.body.decode()))
        want, cut, _ = body.partition(" … [cut")
        want, have = self.masked(want), self.masked(answer.body.decode())
        return difference(want, have[: len(want)] if cut else have)

    def as_theirs(self, body: bytes) -> bytes:
        """A downloaded torrent with the addresses of the recorded site."""
        file, base = bencode2.bdecode(body), self.sandbox.url_of(SITE).encode()
        file[b"announce"] = b"http://127.0.0.1:8480/announce/" + file[b"announce"].split(b"/")[-2]
        file[b"comment"] = file[b"comment"].replace(base, b"http://127.0.0.1:8480")
        return bencode2.bencode(file)

    def unlike_page(self, wanted: dict[str, Any], body: bytes) -> str:
        if "bytes" in wanted:
            return difference(f"{wanted['bytes']} bytes", f"{len(self.as_theirs(body))} bytes")
        text = body.decode()
        found = {"title": titles(text), "text": (re.findall('error__body">(.*?)</div>', text) or [""])[0]}
        return difference(str(wanted), str({key: found[key] for key in wanted}))


HEADERS = (
    "content-type", "location", "allow", "content-disposition", "retry-after", "x-ratelimit-limit",
    "x-ratelimit-remaining", "x-ratelimit-reset",
)  # fmt: skip
PRESENT = ("retry-after", "x-ratelimit-remaining", "x-ratelimit-reset")
AT_ONCE = ("rate-429-noaccept", "rate-429-upload", "rate-429-index-star", "rate-429-json", "rate-429-download")


def written_out(text: str) -> str:
    """What was long and of one letter."""
    found = re.fullmatch(r"(.)\1*…\((\d+) characters\)", text)
    return found[1] * int(found[2]) if found else text


def titles(text: str) -> str:
    return " ".join(re.findall("<title>(.*?)</title>", text))


def difference(want: str, have: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(want, have, strict=False)) if a != b), min(len(want), len(have)))
    return (
        ""
        if want == have
        else f"…{have[max(0, at - 60) : at + 160]!r} instead of …{want[max(0, at - 60) : at + 160]!r}"
    )


def _users() -> dict[str, str]:
    """Whose keys of downloads the recordings show: those of who uploaded, and of who was shown an address."""
    found = {"d417cc975d6a1978872ba3b5799e2636": "second", "9d8abc016808565f79c28acf89bbfaab": "banned"}
    found |= {"90ddd94148953457176fa38c6da92f52": "up40", "acfadad5817fdbee3ec90c9a73fb8e30": "up38"}
    for record in RECORDS:
        text = json.dumps([record.get("params"), record.get("fields"), record["asked"]])
        users = re.findall(r"API_TOKEN of (\w+)", text)
        keys = re.findall(r"download\\?/\d+\.([0-9a-f]{32})", record["body"]) if isinstance(record["body"], str) else []
        found |= dict.fromkeys(keys, users[0]) if users else {}
    return found


USERS = _users()


def _fault(kind: str, **more: Any) -> Callable[[Replay], None]:
    return lambda replay: replay.sandbox.fail(SITE, Fault(kind, action="*", **more))


def _moderated(status: str) -> Callable[[Replay], None]:
    return lambda replay: replay.sandbox.moderate(SITE, replay.sandbox.torrents(SITE)[-1].id, status)


def _used_up(user: str, path: str) -> Callable[[Replay], None]:
    def act(replay: Replay) -> None:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {replay.token(user)}"}
        replay.clock.time += 61
        where = path.format(replay.store.user(user).rsskey)
        for _ in range(30):
            call(f"{replay.sandbox.url_of(SITE)}/{where}", None, headers)

    return act


def _cut_off(replay: Replay) -> None:
    """The client went away after a second; the server went on."""
    record = {**by_label("client-timeout-then-retry"), "label": "-"}
    replay.send(record)


def by_label(label: str) -> dict[str, Any]:
    return next(record for record in RECORDS if record["label"] == label)


def _same_second(*numbers: int) -> Callable[[Replay], None]:
    """They were uploaded in one second: what is sorted by time keeps the order of their numbers."""

    def act(replay: Replay) -> None:
        for number in (n for n in numbers if n in replay.store.torrents):
            replay.store.torrents[number].time = replay.store.torrents[numbers[0]].time

    return act


# Label of the record: what has to happen before it.
ARRANGE: dict[str, Callable[[Replay], None]] = {
    "rate-429-json": _used_up("up40", "api/user"),
    "rate-429-download": _used_up("up38", "torrent/download/1.{}"),
    "limit-nginx-1m-body-3M": _fault("too-large"),
    "search-503-upload": _fault("search-down"),
    "search-503-filter": _fault("search-down"),
    "search-503-filter-noaccept": _fault("search-down"),
    "search-refused-upload": _fault("search-down"),
    "anon-upload": _same_second(69, 70, 71, 72, 73),
    "filter-name-after-cached": _same_second(77, 78),
    "filter-uploader": _same_second(44, 45, 46),
    "filter-anon-uploader": _same_second(11, 12),
    "limit-upload-max-2M-file-3M": lambda replay: replay.largest(2 * 1024 * 1024),
    "limit-post-max-8M-body-10M": lambda replay: replay.largest(8 * 1024 * 1024),
    "big-3M-torrent": lambda replay: replay.lose(10),
    "rejected-show": _moderated("rejected"),
    "postponed-show": _moderated("postponed"),
    "deleted-show": lambda replay: replay.sandbox.remove(SITE, replay.sandbox.torrents(SITE)[-1].id),
    "file-gone-download": lambda replay: replay.sandbox.lose_file(SITE, replay.sandbox.torrents(SITE)[-1].id),
    "disk-unwritable-upload": _fault("unstored"),
    "fpm-down-user": _fault("bad-gateway"),
    "client-timeout-then-retry": _cut_off,
    **dict.fromkeys(
        ("maintenance-user-json", "maintenance-upload-json", "maintenance-upload-noaccept"), _fault("maintenance")
    ),
    **dict.fromkeys(
        (
            "db-down-user-json", "db-down-upload-json", "db-down-upload-noaccept", "redis-down-user-json",
            "redis-down-upload-json", "redis-down-noaccept",
        ),
        _fault("server-error"),
    ),
}  # fmt: skip


def test_every_recorded_answer_comes_from_the_sandbox_too() -> None:
    found: dict[str, str] = {}
    replay = Replay("9.2.0", 0)
    for record in RECORDS:
        label = record["label"]
        if label in BEGINNINGS:
            replay.close()
            replay = Replay(record["server"], BEGINNINGS[label])
        ARRANGE.get(label, lambda _: None)(replay)
        if difference := replay.unlike(record, replay.send(record)):
            found[label] = difference
    replay.close()
    wrong = {label: text for label, text in found.items() if label not in DIFFERS}
    assert not wrong, "\n".join(f"{label}: {text}" for label, text in wrong.items())
    assert set(DIFFERS) == set(found), "what stands in DIFFERS differs"
