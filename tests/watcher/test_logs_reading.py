"""`seedpost logs`: the files of the log read back in order, and followed whoever rotates them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support_journal import NOON, ManualClock
from trackers.clock import utc_text
from watcher.cli import cli
from watcher.cli.options import Place, since
from watcher.errors import SeedpostError
from watcher.logs.lines import as_json
from watcher.logs.reading import NAME, Tail, files
from watcher.logs.sinks import FileSink

Followed = Callable[[Path], Tail]


def line(number: int, **more: object) -> dict[str, object]:
    return {"time": utc_text(NOON + number), "level": "info", "event": "job.done", "n": number} | more


def written(path: Path, *found: dict[str, object]) -> None:
    with path.open("a") as file:
        file.writelines(json.dumps(one) + "\n" for one in found)


@pytest.fixture
def followed() -> Iterator[Followed]:
    with ExitStack() as all:
        yield lambda folder: all.enter_context(closing(Tail(folder)))


def numbers(found: object) -> list[object]:
    return [one["n"] for one in found]  # type: ignore[attr-defined]


def test_files_are_read_oldest_first_and_what_is_no_line_is_passed_over(tmp_path: Path, followed: Followed) -> None:
    written(tmp_path / f"{NAME}.2", line(1))
    written(tmp_path / f"{NAME}.1", line(2))
    (tmp_path / NAME).write_bytes(b'{"time":"2026\n\xff\xff\n[1]\n')
    written(tmp_path / NAME, line(3))
    (tmp_path / f"{NAME}.1.swp").write_bytes(b"x")
    assert [path.name for path in files(tmp_path)] == [f"{NAME}.2", f"{NAME}.1", NAME]
    assert numbers(followed(tmp_path).all()) == [1, 2, 3]


def test_what_our_own_rotation_moves_away_is_read_once(tmp_path: Path, followed: Followed) -> None:
    sink = FileSink(tmp_path / NAME, as_json, rotate_at=400)
    sink.write(line(0))
    tail = followed(tmp_path)
    seen = numbers(tail.all())
    for number in range(1, 40):
        sink.write(line(number))
        if number % 3 == 0:
            seen += numbers(tail.read())
    seen += numbers(tail.read())
    assert (tmp_path / f"{NAME}.5").exists()
    assert seen == list(range(40))


def test_a_log_cut_to_nothing_in_place_is_read_from_its_new_beginning(tmp_path: Path, followed: Followed) -> None:
    written(tmp_path / NAME, line(1), line(2))
    tail = followed(tmp_path)
    assert numbers(tail.all()) == [1, 2]
    (tmp_path / NAME).write_bytes(b"")
    written(tmp_path / NAME, line(3))
    assert numbers(tail.read()) == [3]


def test_a_line_is_shown_when_it_is_whole(tmp_path: Path, followed: Followed) -> None:
    whole = json.dumps(line(1)).encode() + b"\n"
    (tmp_path / NAME).write_bytes(whole[:20])
    tail = followed(tmp_path)
    assert numbers(tail.all()) == []
    with (tmp_path / NAME).open("ab") as file:
        file.write(whole[20:])
    assert numbers(tail.read()) == [1]


def test_a_log_that_is_not_there_yet_is_followed_from_its_first_line(tmp_path: Path, followed: Followed) -> None:
    tail = followed(tmp_path)
    assert numbers(tail.all()) == []
    written(tmp_path / NAME, line(1))
    assert numbers(tail.read()) == [1]


class TestTheCommand:
    @pytest.fixture
    def state(self, tmp_path: Path) -> Path:
        (tmp_path / "log").mkdir()
        written(
            tmp_path / "log" / NAME,
            *(line(number) for number in range(60)),
            line(60, level="warning", event="job.held", job="5f0c9a1e77d2"),
            line(61, level="error", event="rules.rejected", errors=["a\x1b[31mb"]),
            line(62, event="command.retry", jobs=["5f0c9a1e77d2", "0123456789ab"]),
        )
        return tmp_path

    def run(self, state: Path, *words: str) -> Result:
        return CliRunner().invoke(cli, ["logs", "--state", str(state), *words], obj=Place(), catch_exceptions=False)

    def shown(self, state: Path, *words: str) -> list[object]:
        found = self.run(state, "--json", *words)
        return numbers(map(json.loads, found.stdout.splitlines()))

    def test_the_newest_lines_are_shown_where_nothing_is_asked_for(self, state: Path) -> None:
        assert self.shown(state) == list(range(13, 63))
        assert self.shown(state, "-n", "2") == [61, 62]

    def test_lines_are_chosen_by_job_level_and_time(self, state: Path) -> None:
        assert self.shown(state, "--job", "5f0c") == [60, 62]
        assert self.shown(state, "--level", "warning") == [60, 61]
        assert self.shown(state, "--since", "2026-11-22T12:01:01Z") == [61, 62]
        assert self.shown(state, "--since", "2026-11-22") == list(range(63))
        assert self.shown(state, "--job", "nobody") == []

    def test_text_is_one_line_each_and_can_not_write_to_the_terminal(self, state: Path) -> None:
        text = self.run(state, "--level", "error").stdout
        assert "error   rules.rejected" in text and "\\x1b[31m" in text and "\x1b" not in text

    def test_without_a_log_it_says_who_writes_it(self, tmp_path: Path) -> None:
        with pytest.raises(SeedpostError, match="there is no log in"):
            self.run(tmp_path)


def test_since_is_an_age_or_a_day() -> None:
    now = ManualClock().now()
    assert since("2h", now) == now - 7200
    assert since("2026-11-22", now) == now - 12 * 3600
    for wrong in ("yesterday", "2026-13-01", "5", ""):
        with pytest.raises(SeedpostError, match="--since wants an age"):
            since(wrong, now)


@pytest.mark.real
@pytest.mark.parametrize("how", ["create 0600", "copytruncate", "nocreate", "delaycompress\n  compress"])
def test_logrotate_moves_the_log_of_a_daemon_that_goes_on_and_no_line_is_lost(
    tmp_path: Path, followed: Followed, how: str
) -> None:
    if shutil.which("logrotate") is None:
        pytest.skip("logrotate is not installed")
    log = tmp_path / "log"
    log.mkdir()
    config = tmp_path / "logrotate.conf"
    config.write_text(f"{log / NAME} {{\n  rotate 5\n  missingok\n  notifempty\n  {how}\n}}\n")
    config.chmod(0o600)
    sink, tail, seen = FileSink(log / NAME, as_json), followed(log), list[object]()
    for number in range(4):
        sink.write(line(number))
        seen += numbers(tail.read() if number else tail.all())
        subprocess.run(["logrotate", "-f", "-s", str(tmp_path / "status"), str(config)], check=True)
        seen += numbers(tail.read())  # as `logs -f` does, three times a second
    sink.write(line(4))
    seen += numbers(tail.read())
    sink.close()
    assert seen == [0, 1, 2, 3, 4]
    assert numbers([json.loads((log / NAME).read_text())]) == [4]
