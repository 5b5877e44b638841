"""The process that reads strangers' names and files: it may crash, hang or babble, and we go on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_video import mkv
from watcher.identify import probe as module
from watcher.identify import worker
from watcher.identify.probe import NotTold, Probe

ECHO = "import sys, json\nfor line in sys.stdin: print(json.dumps({'said': json.loads(line)}), flush=True); "


@pytest.fixture
def probe() -> Iterator[Probe]:
    found = Probe()
    yield found
    found.close()


def worker_that(code: str) -> Probe:
    return Probe((sys.executable, "-c", code))


def test_one_process_answers_about_names_and_files(probe: Probe, tmp_path: Path) -> None:
    film = tmp_path / "x.mkv"
    film.write_bytes(mkv())
    assert probe.name("Late.Desk.2024.03.05.720p.WEB.h264-X")["date"] == "2024-03-05"
    assert [track["@type"] for track in probe.media(str(film))["tracks"]] == ["General", "Video", "Audio"]
    assert probe.name("Quiet.Orchard.GERMAN.1999.DVDRip-X")["language"] == "de"


def test_names_that_are_no_utf_8_are_read_as_far_as_they_go(probe: Probe) -> None:
    assert probe.name("Quiet.Orchard\udcff.1999.1080p.BluRay-X")["year"] == 1999


def test_a_worker_that_crashes_is_an_answer_and_the_next_one_is_asked_anew(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    once = (
        f"import os, pathlib\nmark = pathlib.Path({str(mark)!r})\nif not mark.exists():\n    mark.touch(); os.abort()\n"
    )
    code = once + ECHO
    probe = worker_that(code)
    with pytest.raises(NotTold, match=r"it crashed \(SIGABRT\)"):
        probe.name("x")
    assert probe.name("x")["name"] == "x"
    probe.close()


def test_P11_a_library_that_is_gone_leaves_its_facts_unknown_and_says_which(tmp_path: Path) -> None:
    film = tmp_path / "x.mkv"
    film.write_bytes(mkv())
    probe = worker_that(
        "import sys\nsys.modules['pymediainfo'] = None\nfrom watcher.identify.worker import main\nmain()"
    )
    with pytest.raises(NotTold, match="pymediainfo"):
        probe.media(str(film))
    assert probe.name("Quiet.Orchard.1999.1080p.BluRay-X")["year"] == 1999  # the other goes on
    probe.close()


def test_a_worker_that_hangs_is_ended_by_the_kernel() -> None:
    probe = worker_that("import signal\nsignal.alarm(1)\nwhile True: pass")
    with pytest.raises(NotTold, match="it took longer than 10 s"):
        probe.name("x")


def test_a_worker_that_even_the_kernel_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NAME_SECONDS", 0)
    monkeypatch.setattr(module, "_GRACE", 0.2)
    probe = worker_that("import time\nwhile True: time.sleep(1)")
    with pytest.raises(NotTold, match="it took longer"):
        probe.name("x")


def test_a_worker_that_says_too_much_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 1000)
    probe = worker_that("import sys\nsys.stdin.readline()\nwhile True: sys.stdout.write('x' * 4096)")
    with pytest.raises(NotTold):
        probe.name("x")


def test_a_worker_that_ended_for_want_of_questions_is_started_again() -> None:
    probe = worker_that("import sys, json\nprint(json.dumps({'said': json.loads(sys.stdin.readline())}), flush=True)")
    assert [probe.name(text)["name"] for text in "abc"] == ["a", "b", "c"]
    probe.close()


def test_a_worker_that_never_answers_or_can_not_start_says_so() -> None:
    with pytest.raises(NotTold, match="does not start"):
        worker_that("pass").name("x")
    with pytest.raises(NotTold, match=r"it crashed \(exit 3\)"):
        worker_that("raise SystemExit(3)").name("x")
    with pytest.raises(NotTold, match="no process can be started: No such file"):
        Probe(("/nowhere/python",)).name("x")


def test_no_secret_of_ours_is_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDPOST_SECRET_RED_API_KEY", "value")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials")
    code = "import sys, json, os\nfor line in sys.stdin: print(json.dumps({'said': dict(os.environ)}), flush=True)"
    probe = worker_that(code)
    seen = probe.name("x")
    probe.close()
    assert not [key for key in seen if key.startswith(("SEEDPOST_", "CREDENTIALS_"))]
    assert seen["PATH"] == os.environ["PATH"]


def test_what_a_library_trips_over_is_said_in_its_own_words(tmp_path: Path) -> None:
    assert worker.answered({"path": str(tmp_path)}) == {"failed": "can't be read: not a regular file"}
    assert worker.answered({"path": str(tmp_path / "x")}) == {"failed": "can't be read: No such file or directory"}
    assert worker.answered({"name": 5})["failed"].startswith("AttributeError: ")


def test_a_pipe_put_in_the_place_of_a_file_does_not_make_us_wait(probe: Probe, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.mkv")
    with pytest.raises(NotTold, match="not a regular file"):
        probe.media(str(tmp_path / "x.mkv"))
