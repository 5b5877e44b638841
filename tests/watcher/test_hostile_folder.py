"""The real daemon over one watched folder in which everything goes wrong at once: each ends as it should, and it goes
on."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support_hostile import RAW
from tests.support_seedpost import Seedpost, an_album, keys_of, rules_of
from trackers.sandbox import Sandbox
from watcher.jobs import State
from watcher.journal import Journal

NAMES = ("new\nline", "\x1b[2J\x1b[H wiped", "-rf", "$(touch pwned)", "..hidden", "\u202egnp.exe", "x" * 255)
NO_UTF8 = os.fsdecode(b"caf\xe9")
BOUND = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")  # root, too, may then not read everything


class Bound(Seedpost):
    """The daemon as a user who may not read everything."""

    def command(self, *words: str) -> list[str]:
        return [*(BOUND if os.geteuid() == 0 else ()), *super().command(*words)]


@pytest.fixture
def rips(tmp_path: Path) -> Path:
    folder = tmp_path / "rips"
    folder.mkdir()
    return folder


@pytest.fixture
def seedpost(tmp_path: Path, rips: Path) -> Iterator[Seedpost]:
    with Sandbox() as sandbox:
        one = Bound(tmp_path, rules_of(rips, sandbox), keys_of(sandbox))
        process = one.start()
        one.until(lambda: (one.state / "heartbeat").exists() and "source.baseline" in one.events())
        one.pid = process.pid  # type: ignore[attr-defined]
        yield one
        one.end()


def releases(seedpost: Seedpost) -> dict[str, int]:
    """Name of each release -> its files."""
    ledger = Journal.open(seedpost.state, writable=False).ledger
    return {str(one["name"]): int(str(one["files"])) for one in ledger.releases.values()}


def problems(seedpost: Seedpost) -> str:
    return "\n".join(seedpost.json("status")["folders"]["rips"]["problems"])


def copied_slowly(album: Path, to: Path, copied: threading.Event) -> threading.Thread:
    """A copy whose bytes come in bits, with less than `settle` between them."""

    def copy() -> None:
        to.mkdir()
        for file in sorted(album.iterdir()):
            data = file.read_bytes()
            with (to / file.name).open("wb", buffering=0) as out:
                for at in range(0, len(data), len(data) // 4 + 1):
                    out.write(data[at : at + len(data) // 4 + 1])
                    copied.wait(0.15)
        copied.set()

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    return thread


def growing(file: Path, until: threading.Event) -> threading.Thread:
    file.parent.mkdir()

    def grow() -> None:
        while not until.wait(0.2) and file.parent.exists():
            with file.open("ab") as out:
                out.write(b"x")

    thread = threading.Thread(target=grow, daemon=True)
    thread.start()
    return thread


def is_read(pid: int, path: Path) -> Callable[[], bool]:
    """Whether a process has a file open."""

    def asked() -> bool:
        for one in Path(f"/proc/{pid}/fd").iterdir():
            try:
                if Path(os.readlink(one)) == path:
                    return True
            except OSError:
                continue
        return False

    return asked


def test_each_ends_as_it_should_and_the_service_goes_on(tmp_path: Path, rips: Path, seedpost: Seedpost) -> None:
    made, full, still = tmp_path / "made", threading.Event(), threading.Event()
    source = an_album(made, "Source")
    threads = [copied_slowly(source, rips / "Slowly", full), growing(rips / "Growing" / "a.bin", still)]
    an_album(made, "Whole").rename(rips / "Whole")
    shutil.copytree(source, rips / "Linked", copy_function=os.link)
    for name in (*NAMES, NO_UTF8):
        (rips / name).mkdir()
        (rips / name / "a.bin").write_bytes(b"x")
    for name in ("Loop", "Locked"):
        shutil.copytree(source, rips / name)
    (rips / "Loop" / "again").symlink_to(rips / "Loop")
    (rips / "Locked" / "inside").mkdir(mode=0)
    vanishing = an_album(made, "Vanishing")
    (vanishing / "booklet.pdf").touch()
    os.truncate(vanishing / "booklet.pdf", 1 << 30)
    vanishing = vanishing.rename(rips / "Vanishing")
    seedpost.until(is_read(seedpost.pid, vanishing / "booklet.pdf"), "no reading")  # type: ignore[attr-defined]
    shutil.rmtree(vanishing)

    wanted = {"Slowly", "Whole", "Linked", "Vanishing", *NAMES}
    seedpost.until(lambda: wanted <= releases(seedpost).keys(), "not all releases")
    assert full.is_set()
    assert releases(seedpost)["Slowly"] == len(list(source.iterdir()))
    assert releases(seedpost).keys() == wanted  # the others wait, or can't be one
    said = problems(seedpost)
    for name in ("Loop", "Locked", "caf"):
        assert name in said
    assert not RAW.search(said)
    still.set()
    (rips / "Loop" / "again").unlink()
    (rips / "Locked" / "inside").chmod(0o700)
    os.kill(seedpost.pid, signal.SIGHUP)  # type: ignore[attr-defined]  # permissions give no hint: look at all now
    an_album(made, "Last").rename(rips / "Last")
    wanted |= {"Growing", "Loop", "Locked", "Last"}
    seedpost.until(lambda: releases(seedpost).keys() == wanted, "what was mended")
    assert not (tmp_path / "pwned").exists()
    jobs = Journal.open(seedpost.state, writable=False).ledger
    (lost,) = [job for job in jobs.jobs.values() if jobs.releases[job.release]["name"] == "Vanishing"]
    assert lost.state in (State.QUEUED, State.HELD)
    assert lost.code in ("content-changed", "content-moved", None)
    assert seedpost.end() == 0
    for thread in threads:
        thread.join()
