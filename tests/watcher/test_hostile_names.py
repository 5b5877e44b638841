"""Names and tags that strangers chose, through everything that shows or sends them: no raw control, nothing outside the
root, and the bytes on the disk unchanged. And files of strangers that are never read."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bencode2
import mutagen
import pytest

from tests.support_hostile import FOLDERS, NAMES, RAW
from tests.support_seedpost import Seedpost
from trackers.description import GAZELLE
from trackers.sandbox.album import write_album
from trackers.sheet import Sheet
from watcher.cli import main
from watcher.errors import OK, SeedpostError
from watcher.logs import safe
from watcher.torrents import create

ROOT = Path(__file__).parents[2]
RULES = """\
version: 1
defaults: {{mode: review, brake: 1000/h}}
seed: {{client: none}}
folders:
  - {{name: rips, path: '{folder}', settle: 1s}}
trackers:
  RED: {{type: sandbox-redacted, url: 'http://127.0.0.1:9', new_group: upload, web_flac: upload}}
rules:
  - name: albums
    match: {{kind: music}}
    upload_to: {{RED: {{set: {{image: 'https://pictures.invalid/c.png'}}}}}}
"""


def tag_of(name: str) -> str:
    """What a tag can hold of it: tags are UTF-8, so a byte that is none can't be in one."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@pytest.fixture(scope="module")
def seedpost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seedpost]:
    """After a run over fifty albums whose folders, tracks and tags have hostile names."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "rips").mkdir()
    one = Seedpost(folder, RULES.format(folder=folder / "rips"), {"LC_ALL": "C.UTF-8"})
    assert one("run", "--once").returncode == OK
    made = write_album(folder, artist="The Loopbacks", album="Album", year=2020, tracks=1, media="WEB", seconds=0.1)
    (track,) = made.glob("*.flac")
    for number, name in enumerate(FOLDERS):
        album = folder / "rips" / name
        album.mkdir()
        for stranger in ("seedpost.yaml", f"{name}.seedpost.yaml", "rules.yaml"):  # content, and never read
            (album / stranger).write_text("kind: other\nset: {kind: other}\n")
        copy = album / f"01 {name[:40]}.flac"
        copy.write_bytes(track.read_bytes())
        tags = mutagen.File(copy)
        tags["artist"] = tags["albumartist"] = tag_of(NAMES[number]) or "x"
        tags["album"] = tags["title"] = f"{tag_of(NAMES[number])} {number}"
        tags.save()
    ran = one("run", "--once")
    assert ran.returncode in (OK, 7), ran.stderr
    (folder / "ran").write_text(ran.stdout + ran.stderr, errors="surrogateescape")
    yield one


def test_no_raw_control_leaves_through_queue_status_logs_journal_or_the_run(seedpost: Seedpost) -> None:
    rows = seedpost.json("queue", "list")
    utf8 = {name for name in FOLDERS if not any("\udc80" <= char <= "\udcff" for char in name)}
    assert {os.path.basename(row["path"]) for row in rows} == utf8  # what is not UTF-8 is told and never uploaded
    said = (seedpost.folder / "ran").read_text(errors="surrogateescape")
    for words in (("queue", "list"), ("status",), ("logs",), ("queue", "show", rows[0]["job"])):
        said += seedpost(*words).stdout
    assert RAW.findall(said) == []
    for file in (seedpost.state / "journal.jsonl", seedpost.state / "log" / "seedpost.jsonl"):
        data = file.read_bytes()
        assert data.isascii()
        assert not [byte for byte in data if byte < 0x20 and byte != 0x0A], file
        assert all(json.loads(line) for line in data.splitlines()), "one record a line"


def test_no_raw_control_leaves_through_explain_and_the_form(
    seedpost: Seedpost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(seedpost.folder))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    told = 0
    for name in FOLDERS:
        monkeypatch.setenv("SEEDPOST_SECRET_RED_API_KEY", "a-key-that-opens-nothing")
        for stranger in (seedpost.folder / "rips" / name).glob("*.yaml"):
            stranger.unlink()  # no tracker of music takes them, and then there is no form
        words = ["rules", "explain", str(seedpost.folder / "rips" / name)]
        with pytest.raises(SystemExit) as ended:
            main([*words, "--rules", str(seedpost.rules), "--state", str(seedpost.state)])
        said = "".join(capsys.readouterr())
        assert ended.value.code == OK, said
        assert RAW.findall(said) == []
        told += "    title = " in said or "would be held: files: " in said
    assert told == len(FOLDERS) - 2  # its form, or that the site takes no such name; what is not UTF-8 matches no rule


def test_the_bytes_on_the_disk_and_everything_outside_are_as_they_were(seedpost: Seedpost) -> None:
    assert set(os.listdir(os.fsencode(seedpost.folder / "rips"))) == {os.fsencode(name) for name in FOLDERS}
    assert not list(seedpost.folder.rglob("pwned"))
    assert not (ROOT / "pwned").exists()
    top = {path.name for path in seedpost.folder.iterdir()} - {"The Loopbacks - Album (2020) [WEB FLAC]"}
    assert top <= {"rips", "state", "rules.yaml", "ran", "stderr", ".cache", ".local", ".config"}


@pytest.mark.parametrize("name", NAMES)
def test_one_escape_makes_each_name_fit_for_a_terminal_and_a_line(name: str) -> None:
    shown = safe(name)
    assert RAW.findall(shown) == []
    assert "\n" not in shown
    assert "\t" not in shown
    assert safe(shown) == shown


@pytest.mark.parametrize("name", NAMES)
def test_no_name_becomes_a_tag_of_bbcode(name: str) -> None:
    text = GAZELLE.line(tag_of(name))
    assert RAW.findall(text.replace("\u200b", "")) == []
    assert "\n" not in text
    if "[" in name:
        assert text.startswith("[plain]")
        assert text.lower().count("[/plain]") == 1


def test_no_name_brings_a_control_into_a_form() -> None:
    sheet = Sheet("RED", {})
    for name in NAMES:
        sheet.put("title", tag_of(name))
    assert len(sheet.fields) == len(NAMES)
    assert [text for _, text in sheet.fields if RAW.findall(text.replace("\u200b", ""))] == []


@pytest.mark.parametrize("name", FOLDERS)
def test_a_torrent_has_the_bytes_of_the_disk_or_says_why_it_can_not_be_made(tmp_path: Path, name: str) -> None:
    content = tmp_path / name
    content.mkdir()
    (content / f"01 {name[:40]}.flac").write_bytes(b"x" * 1000)
    try:
        info = bencode2.bdecode(create(content, source_flag="RED").info)
    except SeedpostError as error:
        assert RAW.findall(safe(str(error))) == []
        return
    assert info[b"name"] == os.fsencode(name)
    assert [one[b"path"] for one in info[b"files"]] == [[os.fsencode(f"01 {name[:40]}.flac")]]


def test_there_are_fifty() -> None:
    assert len(set(NAMES)) == len(set(FOLDERS)) == 50


def test_a_rules_file_of_a_stranger_in_the_current_folder_is_not_read(tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    for name in ("rules.yaml", "seedpost.yaml", ".seedpost.yaml"):
        (stranger / name).write_text("version: 1\nstate: /stranger\n")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    for words in (("run", "--once"), ("secrets", "status")):
        command = [sys.executable, "-m", "watcher", *words]
        done = subprocess.run(command, cwd=stranger, env=environment, capture_output=True, text=True)
        assert done.returncode == 78
        assert "there is no rules.yaml" in done.stderr
        assert "stranger" not in done.stdout + done.stderr
