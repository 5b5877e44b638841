"""`seedpost torrent` as people and programs meet it: real processes against the sandbox."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_seedpost import Seedpost, keys_of
from tests.support_torrents import judged, judged_addresses, write
from trackers.sandbox import Sandbox
from trackers.secret import Secret
from watcher.cli.history import _hashed
from watcher.cli.overview import hashing
from watcher.cli.torrent import _bar
from watcher.errors import FAILED, NETWORK, NOT_AUTHORISED, NOT_FOUND, OK, USAGE
from watcher.torrents import Hasher, create, describe, info_of, stamp

RULES = """\
version: 1
trackers:
  RED: {{type: sandbox-redacted, url: '{red}', quiet: 1s}}
  OPS: {{type: sandbox-orpheus, url: '{ops}', quiet: 1s}}
rules: []
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


@pytest.fixture
def seedpost(tmp_path: Path, sandbox: Sandbox) -> Seedpost:
    text = RULES.format(red=sandbox.url_of("redacted"), ops=sandbox.url_of("orpheus"))
    return Seedpost(tmp_path, text, keys_of(sandbox))


@pytest.fixture
def album(tmp_path: Path) -> Path:
    write(tmp_path / "Album", {"01.flac": 300_000, "02.flac": 200_000, "Thumbs.db": 5})
    return tmp_path / "Album"


def announce(sandbox: Sandbox, site: str = "redacted") -> str:
    return next(one["announce"] for one in sandbox.access().values() if one["type"].endswith(site))


def test_a_torrent_is_made_for_a_tracker_and_only_its_owner_may_read_it(tmp_path, sandbox, seedpost, album) -> None:
    output = tmp_path / "out.torrent"
    done = seedpost("torrent", "create", str(album), "--tracker", "RED", "--output", str(output), "--json")
    assert done.returncode == OK, done.stderr
    said = json.loads(done.stdout)
    torrent = output.read_bytes()
    assert judged_addresses(torrent) == [announce(sandbox)]
    assert said["infohash"] == str(judged(torrent).info_hashes().v1)
    assert (said["path"], said["piece_length"], said["pieces"]) == (str(album), 16384, 31)
    assert (said["reused"], said["read"], said["output"]) == (False, 31, str(output))
    assert said["seconds"] >= 0
    assert output.stat().st_mode & 0o777 == 0o600
    assert describe(info_of(torrent)).source == "RED"
    passkey = announce(sandbox).split("/")[-2]
    assert passkey not in done.stdout + done.stderr


def test_without_output_it_is_named_after_content_and_tracker_and_never_written_over(tmp_path, seedpost, album) -> None:
    asked = ("torrent", "create", str(album), "--tracker", "OPS")
    done = seedpost(*asked, "--json")
    made = Path(json.loads(done.stdout)["output"])
    try:
        assert made.name == "Album.OPS.torrent"
        again = seedpost(*asked)
        assert (again.returncode, "is there already" in again.stderr) == (FAILED, True)
    finally:
        made.unlink()


def test_what_is_told_to_a_person_names_what_was_made_and_hides_the_passkey(tmp_path, sandbox, seedpost, album) -> None:
    output = tmp_path / "out.torrent"
    done = seedpost("torrent", "create", str(album), "--tracker", "RED", "--output", str(output))
    assert str(output) in done.stdout
    shown = seedpost("torrent", "show", str(output))
    assert "01.flac" in shown.stdout
    assert "http://127.0.0.1/…" in shown.stdout
    assert announce(sandbox).split("/")[-2] not in done.stdout + done.stderr + shown.stdout + shown.stderr


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("nowhere", "--tracker", "RED"), NOT_FOUND, "there is nothing at"),
        (("{album}", "--tracker", "BLUE"), NOT_FOUND, "there are: RED, OPS"),
        (("{album}",), USAGE, "--tracker"),
        (("{album}", "--tracker", "RED", "--output", "/nowhere/at/all.torrent"), FAILED, "can't be written"),
        (("{empty}", "--tracker", "RED", "--output", "{out}"), FAILED, "nothing in it to hash"),
        (("{odd}", "--tracker", "RED", "--output", "{out}"), FAILED, "is a symbolic link"),
    ],
)
def test_what_can_not_be_made_is_told_with_its_exit_code(tmp_path, seedpost, album, words, code, text) -> None:
    write(tmp_path / "Empty", {"a": 0})
    write(tmp_path / "Odd", {"a": 5})
    (tmp_path / "Odd" / "link").symlink_to("/etc/passwd")
    places = {"album": album, "empty": tmp_path / "Empty", "odd": tmp_path / "Odd", "out": tmp_path / "o.torrent"}
    done = seedpost("torrent", "create", *(word.format(**places) for word in words))
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr
    assert not (tmp_path / "o.torrent").exists()


def test_a_missing_key_and_a_site_that_is_away_are_told_apart(tmp_path, sandbox, album) -> None:
    text = RULES.format(red=sandbox.url_of("redacted"), ops="http://127.0.0.1:9/orpheus")
    (tmp_path / "in").mkdir()
    seedpost = Seedpost(tmp_path / "in", text, {"SEEDPOST_SECRET_OPS_API_KEY": "k" * 40})
    output = str(tmp_path / "o.torrent")
    codes = [
        seedpost("torrent", "create", str(album), "--tracker", name, "--output", output).returncode
        for name in ("RED", "OPS")
    ]
    assert codes == [NOT_AUTHORISED, NETWORK]


def test_a_torrent_file_is_shown_to_programs_without_its_key(tmp_path, seedpost, album) -> None:
    made = create(album, source_flag="RED")
    file = tmp_path / "x.torrent"
    file.write_bytes(stamp(made.info, Secret("https://tracker.invalid:8443/0123456789abcdef/announce")))
    done = seedpost("torrent", "show", str(file), "--json")
    said = json.loads(done.stdout)
    assert (said["infohash"], said["name"], said["source"], said["private"]) == (made.infohash, "Album", "RED", True)
    assert said["announce"] == ["https://tracker.invalid/…"]
    assert said["files"] == [{"path": "01.flac", "size": 300_000}, {"path": "02.flac", "size": 200_000}]
    assert "0123456789abcdef" not in done.stdout


@pytest.mark.parametrize(
    ("data", "code"), [(b"<html>", FAILED), (b"", FAILED), (None, NOT_FOUND), (b"d8:announcei5e4:infodee", FAILED)]
)
def test_what_is_no_torrent_file_is_told_as_such(tmp_path, seedpost, data, code) -> None:
    file = tmp_path / "x.torrent"
    if data is not None:
        file.write_bytes(data)
    done = seedpost("torrent", "show", str(file))
    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr


def test_a_name_from_outside_can_not_write_to_the_terminal(tmp_path, seedpost) -> None:
    write(tmp_path / "Album", {"a\x1b[2Jb.flac": 5})
    file = tmp_path / "x.torrent"
    file.write_bytes(stamp(create(tmp_path / "Album", source_flag=None).info, Secret("http://127.0.0.1/x")))
    assert "\x1b" not in seedpost("torrent", "show", str(file)).stdout


@pytest.mark.parametrize("verb", ["create", "show"])
def test_help_has_an_example(seedpost, verb) -> None:
    assert f"seedpost torrent {verb}" in seedpost("torrent", verb, "--help").stdout.split("Examples:")[1]


@pytest.mark.parametrize("count", [2_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_very_many_files_make_a_torrent(tmp_path, count) -> None:
    folder = tmp_path / "Many"
    folder.mkdir()
    for number in range(count):
        fd = os.open(folder / f"{number:05}.txt", os.O_WRONLY | os.O_CREAT)
        os.write(fd, b"%05d" % number)
        os.close(fd)
    made = create(folder, source_flag="RED")
    torrent = stamp(made.info, Secret("http://127.0.0.1/x"))
    assert judged(torrent).num_files() == count
    assert str(judged(torrent).info_hashes().v1) == made.infohash


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_how_far_the_reading_is_stands_on_a_terminal_alone_and_is_wiped(monkeypatch) -> None:
    with _bar() as told:
        assert told is None
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with _bar() as told:
        assert told is not None
        told(512 * 1024, 1024 * 1024)
    assert screen.getvalue() == "\r512 KiB of 1.0 MiB (50%) \r\x1b[K"


@pytest.mark.parametrize(
    ("made", "text"),
    [
        ({"how": "taken-over", "read": 4, "of": 28, "why": None},
         "pieces: taken over from the client; 4 of 28 pieces compared with the disk"),
        ({"how": "known", "read": 0, "of": 28, "why": None},
         "pieces: 28 pieces, hashed before for another job of this content"),
        ({"how": "read", "read": 28, "of": 28, "why": "'a' was touched"},
         "pieces: 28 pieces, read from the disk (nothing was taken over: 'a' was touched)"),
    ],
)  # fmt: skip
def test_queue_show_says_how_the_pieces_came_about(made, text) -> None:
    assert _hashed(made) == text


def test_status_says_how_far_a_reading_is() -> None:
    assert hashing({"name": "Album", "done": 1024, "size": 4096}) == "hashing Album: 1.0 KiB of 4.0 KiB (25%)"
    assert hashing({"name": "Empty", "done": 0, "size": 0}) == "hashing Empty: 0 bytes of 0 bytes (0%)"


def test_a_reading_shows_while_it_lasts_and_not_after(tmp_path) -> None:
    hasher, seen = Hasher(threads=1), []
    files = write(tmp_path / "Album", {"01.flac": 300_000})
    hasher.pieces(tmp_path / "Album", files, False, 16384, progress=lambda _: seen.extend(hasher.readings))
    assert [(one.name, one.done, one.size) for one in seen] == [("Album", 300_000, 300_000)]
    assert hasher.readings == []
