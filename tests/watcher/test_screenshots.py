"""Screenshots: taken by a stand-in for ffmpeg that is as unkind as a real one, hosted once, shown to all."""

from __future__ import annotations

import errno
import json
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_films import IMAGE_KEY, Site, site
from tests.support_sandbox import call
from tests.support_trackers import Play, Stage, says
from tests.watcher.test_uploader_faults import fail
from trackers.sandbox import Fault
from watcher.jobs import State
from watcher.torrents import ContentAway, HashingStopped, OutOfFiles
from watcher.uploader.frames import LARGEST, NoFrame, frame, moments

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
JPEG = b"\xff\xd8\xff\xe0" + bytes(64)
# Writes what lies beside it, as `mode` says; real ones end well without a byte where a video is shorter than was asked.
STAND_IN = """\
#!/bin/sh
here=$(dirname "$0")
echo "$@" >>"$here/asked"
env >"$here/environment"
case $(cat "$here/mode") in
  fails) echo "moov atom not found" >&2; exit 183;;
  hangs) echo $$ >"$here/pid"; exec sleep 600;;
  nothing) exit 0;;
  words) echo no picture;;
  *) case "$*" in *mjpeg*) cat "$here/a.jpg";; *) cat "$here/a.png";; esac;;
esac
"""


class Ffmpeg:
    """The stand-in, on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.put(PNG, JPEG)
        self.does("well")
        program = folder / "ffmpeg"
        program.write_text(STAND_IN)
        program.chmod(0o755)

    def does(self, mode: str) -> None:
        (self.folder / "mode").write_text(mode)

    def put(self, png: bytes, jpeg: bytes) -> None:
        (self.folder / "a.png").write_bytes(png)
        (self.folder / "a.jpg").write_bytes(jpeg)

    def asked(self) -> list[str]:
        log = self.folder / "asked"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ffmpeg:
    one = Ffmpeg(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{one.folder}:{os.environ['PATH']}")
    return one


@pytest.fixture
def host() -> Iterator[Stage]:
    with Stage() as one:
        yield one


def hosted(*names: str) -> list[Play]:
    return [says(json.dumps({"image": {"url": f"https://pictures.example/{name}.png"}})) for name in names]


def description(one: Site) -> str:
    return dict(one.sandbox.posts("unit3d")[-1].fields)["description"]


# one picture


def test_moments_are_spread_over_the_whole_and_away_from_its_ends() -> None:
    assert moments(2400.0, 3) == [600.0, 1200.0, 1800.0]
    assert moments(10.0, 0) == []


def test_a_frame_is_asked_for_by_an_open_file_and_without_our_secrets(
    ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEEDPOST_SECRET_EXM_API_KEY", "c4n4ry")
    (tmp_path / "film.mkv").write_bytes(b"a film")
    assert frame(tmp_path / "film.mkv", 61.5, threading.Event()) == PNG
    (asked,) = ffmpeg.asked()
    assert "-ss 61.500" in asked
    assert re.search(r"-protocol_whitelist file,pipe -format_whitelist \S+ -i /proc/self/fd/\d+ ", asked)
    assert "c4n4ry" not in (ffmpeg.folder / "environment").read_text()


def test_a_picture_that_is_too_large_is_taken_as_jpeg(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    (tmp_path / "film.mkv").write_bytes(b"a film")
    ffmpeg.put(PNG + bytes(LARGEST), JPEG)
    assert frame(tmp_path / "film.mkv", 1.0, threading.Event()) == JPEG
    ffmpeg.put(PNG + bytes(LARGEST), JPEG + bytes(LARGEST))
    with pytest.raises(NoFrame, match="larger than any host takes"):
        frame(tmp_path / "film.mkv", 1.0, threading.Event())


@pytest.mark.parametrize(
    ("mode", "words"),
    [("fails", "exit 183.*moov atom"), ("nothing", "wrote no picture"), ("words", "wrote no picture")],
)
def test_an_ffmpeg_that_gives_no_picture_is_told(ffmpeg: Ffmpeg, tmp_path: Path, mode: str, words: str) -> None:
    (tmp_path / "film.mkv").write_bytes(b"a film")
    ffmpeg.does(mode)
    with pytest.raises(NoFrame, match=words):
        frame(tmp_path / "film.mkv", 1.0, threading.Event())


def test_an_ffmpeg_that_hangs_is_killed(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    (tmp_path / "film.mkv").write_bytes(b"a film")
    ffmpeg.does("hangs")
    with pytest.raises(NoFrame, match="longer than 1 s"):
        frame(tmp_path / "film.mkv", 1.0, threading.Event(), seconds=1.0)
    written = ffmpeg.folder / "pid"
    pid = written.read_text().strip() if written.exists() else ""  # it may have been killed before it could say
    assert not pid or not Path("/proc", pid).exists()


@pytest.mark.parametrize(("number", "told"), [(errno.EMFILE, OutOfFiles), (errno.EIO, ContentAway)])
def test_what_passes_is_told_as_that_and_holds_no_job(
    ffmpeg: Ffmpeg, tmp_path: Path, number: int, told: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "film.mkv").write_bytes(b"a film")
    assert fail(monkeypatch, "open", number, "film.mkv") == []
    with pytest.raises(told, match=r"'film\.mkv' can't be read"):
        frame(tmp_path / "film.mkv", 1.0, threading.Event())
    assert ffmpeg.asked() == []


def test_a_stop_waits_for_no_picture(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    (tmp_path / "film.mkv").write_bytes(b"a film")
    ffmpeg.does("hangs")
    stop = threading.Event()
    stop.set()
    with pytest.raises(HashingStopped):
        frame(tmp_path / "film.mkv", 1.0, stop)


def test_what_is_no_file_and_a_missing_ffmpeg_are_told(
    ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "film.mkv")
    with pytest.raises(NoFrame, match="not a regular file"):
        frame(tmp_path / "film.mkv", 1.0, threading.Event())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoFrame, match="not installed"):
        frame(tmp_path / "film.mkv", 1.0, threading.Event())


# through the loop


def test_pictures_spread_over_the_film_stand_in_the_description(ffmpeg: Ffmpeg, host: Stage, tmp_path: Path) -> None:
    with site(tmp_path, screenshots=3, images=host.url) as one:
        host.plays(*hosted("a", "b", "c"))
        one.film()
        one.until(one.settled)
        assert one.mine().state is State.UPLOADED
        assert re.findall(r"-ss (\S+)", " ".join(ffmpeg.asked())) == ["630.000", "1260.000", "1890.000"]
        shown = [f"[url={url}][img=350]{url}[/img][/url]" for url in one.mine().rest["screenshots"]]
        assert description(one).endswith(f"\n\n[center]{' '.join(shown)}[/center]")
        assert [url[-5:] for url in one.mine().rest["screenshots"]] == ["a.png", "b.png", "c.png"]


def test_pictures_stand_on_the_sandboxs_host_and_a_cover_among_the_files_is_none(
    ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    with site(tmp_path, screenshots=2) as one:
        one.images = one.sandbox.url_of("chevereto")
        one.film(cover=True)
        one.until(one.settled)
        assert one.mine().state is State.UPLOADED
        assert [call(address).body for address in one.mine().rest["screenshots"]] == [PNG, PNG]
        assert len(one.sandbox.posts("chevereto")) == 2
        told = "".join(path.read_text() for path in (tmp_path / "state").glob("journal*"))
        assert IMAGE_KEY not in told


def test_a_retry_takes_no_picture_a_second_time(ffmpeg: Ffmpeg, host: Stage, tmp_path: Path) -> None:
    with site(tmp_path, screenshots=3, images=host.url) as one:
        host.plays(*hosted("a", "b"), says("", 502), *hosted("c"))
        one.film()
        one.until(lambda: one.mine().code == "image-host")
        assert len(one.mine().rest["screenshots"]) == 2
        one.restart()
        one.sandbox.fail("unit3d", Fault("rate-limit-exceeded", action="upload"))
        one.until(one.settled)
        assert one.mine().state is State.UPLOADED
        assert len(host.asked) == 4
        assert description(one).count("[img=350]") == 3


@pytest.mark.parametrize(("mode", "words"), [("fails", "moov atom"), ("nothing", "wrote no picture")])
def test_a_film_that_gives_no_picture_is_held_and_may_go_without(
    ffmpeg: Ffmpeg, host: Stage, tmp_path: Path, mode: str, words: str
) -> None:
    with site(tmp_path, screenshots=2, images=host.url) as one:
        ffmpeg.does(mode)
        one.film()
        one.until(one.settled)
        assert (one.mine().state, one.mine().code) == (State.HELD, "no-screenshots")
        assert words in str(one.mine().why)
        assert "set screenshots to 0" in str(one.mine().why)
        assert (one.posts(), host.asked) == (0, [])
        one.command("edit", one.mine().job, set={"screenshots": "0"})
        one.until(one.settled)
        assert one.mine().state is State.UPLOADED
        assert "[img" not in description(one)


def test_everything_that_is_lacking_for_pictures_and_form_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with site(tmp_path, screenshots=4) as one:
        one.film(ids=False)
        one.until(one.settled)
        why = str(one.mine().why)
        assert one.mine().state is State.HELD
        for words in ("wants 4 screenshots, and ffmpeg is not installed", "name one as `images`", "set ids.tmdb"):
            assert words in why


def test_a_host_that_refuses_holds_the_job(ffmpeg: Ffmpeg, host: Stage, tmp_path: Path) -> None:
    with site(tmp_path, screenshots=1, images=host.url) as one:
        host.plays(says("{}", 403))
        one.film()
        one.until(one.settled)
        assert (one.mine().state, one.mine().code) == (State.HELD, "no-screenshots")
        assert "images.api_key" in str(one.mine().why)


def test_pictures_of_ones_own_need_neither_ffmpeg_nor_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with site(tmp_path, screenshots=2) as one:
        one.film()
        one.until(one.settled)
        one.command("edit", one.mine().job, set={"screenshots": "https://a.example/1.png, https://a.example/2.png"})
        one.until(one.settled)
        assert one.mine().state is State.UPLOADED
        assert "[url=https://a.example/2.png][img=350]https://a.example/2.png[/img][/url]" in description(one)
