"""The sandbox's OPS against 399 recorded exchanges of a real Gazelle, one after the other, compared text by text.

Recorded on OPSnet/Gazelle 71b45155 on loopback. The torrents' bytes were not kept: equivalent ones are built here.
Times, keys, hashes and sizes are masked, pages of HTML compared by their title; answers that were cut when they were
recorded, up to there. What differs, and why, stands in DIFFERS; what had to be arranged before a request, in ARRANGE.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support_sandbox import GOOD_LOG, POOR_LOG, Answered, Hands, call, file_row, torrent
from trackers.sandbox import Fault, Sandbox

SITE = "orpheus"
RECORDED = Path(__file__).parent / "data/sandbox_gazelle.jsonl"
RECORDS = [json.loads(line) for line in RECORDED.read_text("utf-8").split("\n") if line]
EMPTY_AGAIN = (0, 385, 387, 396)  # where the recording began with an empty site
AT_ONCE = (320, 321, 322)  # three of four uploads of one torrent at the same moment
SINGLE = {"files": None, "length": 20_000_000}

# Index of the record: why its answer is not as recorded. Everything else is compared.
DIFFERS: dict[int, str] = {
    14: "staff sees a fourth key with the site's queries; the sandbox has no database to show",
    178: "riplog is no action of the sandbox: no client of this project reads logs back",
    320: "one upload at a time is taken in: of four at once one is registered and three are duplicates, not pages",
    321: "as 320",
    322: "as 320",
}

FILES: dict[str, list[str]] = {
    "upload-success": ["01 - One.flac", "02 - Two.flac", "cover.jpg"],
    "content: ext forbidden .exe": ["01.flac", "setup.exe"],
    "content: ext .wav": ["01.wav"],
    "content: ext .aac/.ogg": ["01.ogg"],
    "content: no extension": ["01.flac", "README"],
    "content: uppercase ext OK": ["01.FLAC"],
    "content: .torrent inside": ["01.flac", "x.torrent"],
    "content: .DS_Store": ["01.flac", ".DS_Store"],
    "content: Thumbs.db": ["01.flac", "Thumbs.db"],
    "content: .webp": ["01.flac", "cover.webp"],
    "content: .jxl": ["01.flac", "cover.tif"],
    "content: colon in file": ["01: One.flac"],
    "content: backslash": ["01 \\ One.flac"],
    "content: quote": ['01 "One".flac'],
    "content: keyword h33t": ["01.flac", "h33t.txt"],
    "content: INCOMPLETE~": ["INCOMPLETE~01.flac"],
    "path 255 ok": ["a" * 150 + ".flac"],
    "path 256 fail": [],
    "no files (empty list)": [],
    "no audio at all (txt only)": ["readme.txt"],
    "zero piece": ["01.flac"],
    "many files 3000": [f"{number:04}.flac" for number in range(3000)],
    "pad file dir .pad": ["01.flac", ".pad/123"],
    "piece length / nested dirs": ["CD1/01.flac", "CD2/01.flac"],
    "category 6 Comics": ["01.cbz"],
    "CD upload with logfiles[] (good)": ["01 - One.flac", "The Artist - X.log", "The Artist - X.cue"],
    "CD upload with logfiles[] (poor)": ["01 - One.flac", "The Artist - X.log", "The Artist - X.cue"],
    "CD upload, .log in torrent but no logfiles": ["01 - One.flac", "The Artist - X.log", "The Artist - X.cue"],
    "CD upload, logfiles without brackets": ["01 - One.flac", "The Artist - X.log", "The Artist - X.cue"],
}
NAMES = {
    "content: question mark in dir": "What? (2024)",
    "content: keyword in dir": "Album thepiratebay.org",
    "leading space dir": " Lead",
    "path 255 ok": "D" * 99,
    "folder clash 1": "Folder clash",
    "folder clash 2": "Folder clash",
    "folder clash 3": "Folder clash",
    "private absent": "Fail Artist - twice",
    "private=0": "Fail Artist - twice",
}
# Changes of the info dictionary.
INFO: dict[str, dict[str, object]] = {
    "private absent": {"private": None},
    "private=0": {"private": 0},
    "source absent": {"source": None},
    "source RED": {"source": b"RED"},
    "source ops lower": {"source": b"ops"},
    "both absent": {"private": None, "source": None},
    "extra info keys (entropy, x_cross_seed) OK flags": {"entropy": b"abc", "x_cross_seed": b"x"},
    "extra info keys and wrong source": {"entropy": b"abc", "x_cross_seed": b"x", "source": b"RED"},
    "v2/hybrid torrent": {"meta_version": 2},
    "single file ok": {**SINGLE, "name": b"single.flac"},
    "single file dir-forbidden char": {**SINGLE, "name": b"a:b.flac"},
    "torrent name.utf-8": {"name": b"Real ???", "name.utf-8": "Real Ünï (2024)".encode()},
    "piece length / nested dirs": {"piece_length": 16384},
    'private as string "1"': {"private": b"1"},
    "source with trailing space": {"source": b"OPS "},
    "RED source first": {"source": b"RED"},
}
# The whole file, where it is no plain torrent.
BYTES: dict[str, Callable[[bytes], bytes]] = {
    "fail: torrent empty file": lambda data: b"",
    "fail: torrent garbage": lambda data: b"garbage, no torrent",
    "fail: torrent truncated": lambda data: data[: len(data) // 2],
    "fail: torrent trailing junk": lambda data: data + b"junk",
    "fail: torrent without info": lambda data: b"d8:announce18:http://127.0.0.1/ae",
    "fail: torrent is a list": lambda data: b"li1ee",
    "encrypted_files": lambda data: b"d15:encrypted_filesi1e" + data[1:],
    "unsorted info dict, flags ok": lambda data: _moved(data, b"7:privatei1e"),
    "integer with leading zero": lambda data: data.replace(b"i262144e", b"i0262144e"),
    "torrent without announce": lambda data: b"d" + data[data.index(b"4:info") :],
    "announce-list, comment, url-list, foreign announce": lambda data: data[:-1] + b"8:url-list18:http://127.0.0.1/ae",
    "big torrent 3 MB": lambda data: data[:-1] + b"7:padding3000000:" + b"x" * 3_000_000 + b"e",
}
LOGS = {"good": GOOD_LOG, "poor": POOR_LOG, "no-test-copy": POOR_LOG, "garbage": "this is no log", "add_log": GOOD_LOG}
MASKED = ("time", "groupTime", "timeAdded", "lastVote", "infoHash", "authkey", "passkey", "class")


def _moved(data: bytes, piece: bytes) -> bytes:
    """A key of the info dictionary put before all others: no longer sorted."""
    return data.replace(piece, b"").replace(b"4:infod", b"4:infod" + piece)


def masked(text: str) -> str:
    """An answer without what is different each time: times, keys, hashes, sizes, covers from the site's cache."""
    for key in MASKED:
        text = re.sub(rf'"{key}":"[^"]*"', f'"{key}":"…"', text)
    text = re.sub(r'"(size|maxSize|bonusPoints|uploaded)":\d+', r'"\1":0', text)
    text = re.sub(r"\{\{\{\d+\}\}\}", "{{{0}}}", text)
    text = re.sub(r'"filePath":"[^"]*"', '"filePath":"…"', text)
    return text.replace("\\/static\\/common\\/noartwork\\/music.png", "")


def unlike(record: dict[str, Any], answer: Answered) -> str:
    """In which way an answer is not the recorded one; empty if it is."""
    wanted = (record["status"], record["content_type"], record["location"])
    got = (answer.status, answer.content_type, answer.headers.get("Location"))
    if wanted != got:
        return f"{got} instead of {wanted}"
    body: str = record["body"]
    if body.startswith("b'"):
        return "" if outer_keys(body) == outer_keys(repr(answer.body)) else f"{answer.body[:200]!r}"
    text = answer.body.decode()
    if body.startswith("<!DOCTYPE"):
        titles = [re.findall("<title>(.*?)</title>", one) for one in (body, text)]
        return "" if titles[0] == titles[1] else f"title {titles[1]} instead of {titles[0]}"
    whole, cut, _ = body.partition(" … [cut")
    want, have = masked(whole), masked(text)
    if cut:
        last = want.rindex('"time"') if '"time"' in want else len(want)
        want, have = want[:last], have[:last]
    return "" if want == have else first_difference(want, have)


def outer_keys(text: str) -> list[str]:
    """What a downloaded torrent file shows of itself in its first bytes; a lost one nothing."""
    found = re.match(
        r"b.d8:announce\d+:[^']*?/(\w{32})/announce7:comment\d+:[^']*?torrents\.php\?torrentid=(\d+)4:infod", text
    )
    return [str(len(found[1])), found[2]] if found else [text[:3]]


def first_difference(want: str, have: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(want, have, strict=False)) if a != b), min(len(want), len(have)))
    return f"…{have[max(0, at - 60) : at + 120]!r} instead of …{want[max(0, at - 60) : at + 120]!r}"


class Replay:
    """A site that is as the recorded one was before each request."""

    def __init__(self) -> None:
        self.clock = Hands()
        self.sandbox = Sandbox(clock=self.clock, stocked=False)
        self.sandbox.start()
        self.sandbox.traits(SITE, index_lag=0)
        self.hashes: dict[str, str] = {}
        self.sent = b""

    def close(self) -> None:
        self.sandbox.stop()

    def token(self, user: str) -> str:
        return self.sandbox.account(SITE, user).api_key

    def send(self, index: int, record: dict[str, Any]) -> Answered:
        self.clock.time += 61
        params = dict(record["params"])
        if "hash" in params:
            last = self.sandbox.posts(SITE)[-1].infohash if self.sandbox.posts(SITE) else ""
            if "hash" not in record["label"] or "sent hash" in record["label"] or index == 362:
                self.hashes.setdefault(params["hash"], last)
            known = self.hashes.get(params["hash"].lower(), params["hash"])
            params["hash"] = known.upper() if params["hash"].isupper() else known
        form = body = None
        if record["method"] == "POST":
            form = (fields(record), list(self.files(index, record)))
            if index == 252:
                form, body = None, ("application/json", b'{"type": "0", "title": "First Album"}')
        address = self.sandbox.url_of(SITE) + "/ajax.php"
        return call(address, params, self.headers(index, record), form, body)

    def headers(self, index: int, record: dict[str, Any]) -> dict[str, str]:
        good = self.token(record["user"] or "uploader")
        special: dict[str, dict[str, str]] = {
            "auth-wrong-token": {"Authorization": "token " + "x" * 116},
            "auth-wrong-token-upload": {"Authorization": "token " + "x" * 116},
            "auth-Bearer": {"Authorization": f"Bearer {good}"},
            "auth-Token-capital": {"Authorization": f"Token {good}"},
            "auth-bare-token (RED style)": {"Authorization": good},
            "auth-X-API-Key": {"X-API-Key": good},
            "auth-bad-cookie": {"Cookie": "session=abc"},
            "lowercase header name": {"authorization": f"token {good}"},
            "extra space token": {"Authorization": f"token  {good}"},
        }
        if record["label"] in special:
            return special[record["label"]]
        shy = "python-requests/2.28" if "UA python-requests" in record["label"] else "curl/7.88"
        return {"User-Agent": shy, **({"Authorization": f"token {good}"} if record["user"] else {})}

    def files(self, index: int, record: dict[str, Any]) -> Iterator[tuple[str, str, bytes]]:
        for part, filename in record["files"]:
            if part in ("file_input", "torrent"):
                self.sent = self.built(index, record["label"])
                yield part, filename, self.sent
            elif part.startswith("extra_file"):
                yield part, filename, torrent(f"extra {index}")
            else:
                words = next((text for key, text in LOGS.items() if key in record["label"]), GOOD_LOG)
                yield part, filename, words.encode()

    def built(self, index: int, label: str) -> bytes:
        """The torrent that this record sent, or one like it."""
        if label.startswith(("fail: same torrent", "fail: dupe")):
            return self.built(0, RECORDS[0]["label"])
        if label in ("retry after storage failure", "lost: reupload same"):
            return self.sent
        name = NAMES.get(label, f"Fail Artist - Case {45000 + index} (2024) [WEB FLAC]")
        changed = dict(INFO.get(label, {}))
        if label in NAMES:
            changed["pieces"] = f"{index:020}".encode() * 161
        if 385 <= index <= 395:
            changed["files"] = [file_row("01.flac")]
        if label in FILES:
            changed["files"] = [file_row(path) for path in FILES[label]]
        if label == "path 256 fail":
            name, changed["files"] = "D" * 100 + "x", [file_row("a" * 149 + ".flac")]
        if label == "path 255 unicode chars":
            name, changed["files"] = "Ü" * 100, [file_row("ä" * 149 + ".flac")]
        if index in (386, 394):  # the same files as in the record before
            name = f"Fail Artist - Case {45000 + index - 1} (2024) [WEB FLAC]"
        data = torrent(name, **changed)
        return BYTES[label](data) if label in BYTES else data


def fields(record: dict[str, Any]) -> list[tuple[str, str]]:
    """The recorded form as pairs; what was long and of one letter is written out again."""
    pairs = []
    for key, value in (record["fields"] or {}).items():
        for one in value if isinstance(value, list) else [value]:
            pairs.append((key, one["repeat"] * one["times"] if isinstance(one, dict) else one))
    return [(key, GOOD_LOG if value == "LOG" else value) for key, value in pairs]


def _banned(replay: Replay) -> None:
    revoked = replay.token("second")
    replay.sandbox.revoke(SITE, "second")
    for _ in range(14):
        call(replay.sandbox.url_of(SITE) + "/ajax.php", {"action": "index"}, {"Authorization": f"token {revoked}"})


def _not_banned(replay: Replay) -> None:
    replay.sandbox.restore(SITE, "second")


def _browsed(replay: Replay) -> None:
    for _ in range(7):
        headers = {"Authorization": f"token {replay.token('second')}"}
        call(replay.sandbox.url_of(SITE) + "/ajax.php", {"action": "browse"}, headers)
    replay.clock.time -= 61


def _ids_lost(replay: Replay) -> None:
    """The race left three empty groups and two numbers of torrents behind."""
    for kind in ("group", "group", "group", "torrent", "torrent"):
        replay.sandbox.store(SITE).next_id(kind)


def _uploaded(title: str, artist: str = "The Artist") -> Callable[[Replay], None]:
    def act(replay: Replay) -> None:
        record = {
            **RECORDS[98],
            "label": "-",
            "fields": {**RECORDS[98]["fields"], "title": title, "artists[]": [artist]},
        }
        replay.send(900, record)

    return act


def _index_stops(replay: Replay) -> None:
    replay.sandbox.traits(SITE, index_lag=1e9)


def _index_runs(replay: Replay) -> None:
    """The newest had not reached the index: the recorded second page begins one row later."""
    for one in replay.sandbox.torrents(SITE)[:-1]:
        one.searchable_at = 0.0


def _just_uploaded(replay: Replay) -> None:
    next(one for one in replay.sandbox.torrents(SITE) if one.id == 18).time = replay.clock.time


def _fault(fault: Fault) -> Callable[[Replay], None]:
    return lambda replay: replay.sandbox.fail(SITE, fault)


DOWN = Fault("answer", action="*", status=500, content_type="text/html; charset=UTF-8")
# Index of the record: what has to happen before it.
ARRANGE: dict[int, Callable[[Replay], None]] = {
    165: _index_stops,
    276: _browsed,
    **{index: _fault(DOWN) for index in (277, 279, 280, 281, 282, 289, 291, 292, 293, 294)},
    298: _fault(Fault("empty", action="browse")),
    **{index: _fault(Fault("bad-gateway", action="*")) for index in range(301, 307)},
    313: _banned,
    320: _not_banned,
    324: lambda replay: (_ids_lost(replay), _fault(Fault("unstored"))(replay))[0],
    327: lambda replay: replay.sandbox.lose_file(SITE, replay.sandbox.torrents(SITE)[-1].id),
    362: _uploaded("Aborted client"),
    370: _index_runs,
    379: _just_uploaded,
    385: _uploaded("Another", "Another Artist"),
}


def test_every_recorded_answer_comes_from_the_sandbox_too() -> None:
    found: dict[int, str] = {}
    replay = Replay()
    for index, record in enumerate(RECORDS):
        if index in EMPTY_AGAIN[1:]:
            replay.close()
            replay = Replay()
        ARRANGE.get(index, lambda _: None)(replay)
        if index in AT_ONCE:
            continue
        if difference := unlike(record, replay.send(index, record)):
            found[index] = f"{record['label']}: {difference}"
    replay.close()
    wrong = {index: text for index, text in found.items() if index not in DIFFERS}
    assert not wrong, "\n".join(f"{index} {text}" for index, text in wrong.items())
    assert set(DIFFERS) == {*found, *AT_ONCE}, "what stands in DIFFERS differs"
