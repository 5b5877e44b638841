"""The limiter: never more in any window than allowed, over processes, restarts and reboots, and whatever is on disk."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support_sandbox import Hands
from trackers.catalogue import Limit
from trackers.errors import Unavailable
from trackers.limits import LONGEST, Limiter
from trackers.secret import Secret

LIMIT = Limit(8, 10.0)
KEY = Secret("c4n4ryKeyOfTheLimiter")


def limiter(path: Path | None, clock: Hands, key: Secret = KEY, limit: Limit = LIMIT, share: float = 1.0) -> Limiter:
    return Limiter(path, limit, clock=clock, credential=key, share=share)


def fullest(times: list[float], seconds: float) -> int:
    """The most requests that stand in any window of that length."""
    ordered, first, most = sorted(times), 0, 0
    for last, time in enumerate(ordered):
        while ordered[first] <= time - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_eight_processes_together_never_exceed_the_limit_in_any_window(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_bytes(struct.pack("d", 1000.0))
    command = [
        sys.executable,
        str(Path(__file__).with_name("limiter_worker.py")),
        str(tmp_path / "site.json"),
        str(clock),
    ]
    running = [subprocess.Popen([*command, "1250"], stdout=subprocess.PIPE, text=True) for _ in range(8)]
    printed = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 8
    times = [float(line) for text in printed for line in text.split()]
    assert len(times) == 10_000
    assert fullest(times, 10.0) == 8


@settings(max_examples=60, deadline=None)
@given(
    pauses=st.lists(st.floats(0.0, 25.0), min_size=1, max_size=60),
    requests=st.integers(1, 9),
    seconds=st.floats(0.5, 60.0),
    restart=st.integers(1, 7),
)
def test_whatever_the_rhythm_no_window_holds_more(
    tmp_path_factory: pytest.TempPathFactory, pauses: list[float], requests: int, seconds: float, restart: int
) -> None:
    path, clock = tmp_path_factory.mktemp("limits") / "site.json", Hands()
    one, times = limiter(path, clock, limit=Limit(requests, seconds)), []
    for number, pause in enumerate(pauses):
        clock.time += pause
        times.append(one.acquire(1e9))
        if number % restart == 0:
            one = limiter(path, clock, limit=Limit(requests, seconds))
    assert fullest(times, seconds) <= requests
    assert all(a <= b for a, b in pairwise(times))


def test_a_window_that_ends_to_the_float_is_still_full(tmp_path: Path) -> None:
    one = limiter(tmp_path / "site.json", clock := Hands(), limit=Limit(1, 10.0))
    clock.time = 1030.002 - 10.0
    first = one.acquire(0.0)
    clock.time = first + 10.0
    assert one.next_opening() > 0.0


def test_what_fits_is_not_held_up(tmp_path: Path) -> None:
    one = limiter(tmp_path / "site.json", clock := Hands())
    start = clock.time
    for _ in range(8):
        one.acquire(0.0)
    assert (clock.time, one.waited) == (start, 0.0)
    assert one.next_opening() == pytest.approx(10.0, abs=0.01)
    one.acquire(30.0)
    assert one.waited == pytest.approx(10.0, abs=0.01)
    assert clock.time - start == pytest.approx(10.0, abs=0.01)


def test_a_wait_beyond_the_deadline_takes_nothing_and_says_until_when(tmp_path: Path) -> None:
    one = limiter(tmp_path / "site.json", clock := Hands())
    for _ in range(8):
        one.acquire(0.0)
    with pytest.raises(Unavailable) as caught:
        one.acquire(5.0)
    assert caught.value.code == "rate-limited"
    assert caught.value.retry_at == pytest.approx(clock.now() + 10.0, abs=0.01)
    clock.time += 10.01
    assert one.acquire(0.0) == clock.time


def test_credentials_have_windows_of_their_own_and_are_not_on_disk(tmp_path: Path) -> None:
    path, clock = tmp_path / "site.json", Hands()
    one, other = limiter(path, clock), limiter(path, clock, Secret("another key"))
    for _ in range(8):
        one.acquire(0.0)
    assert other.next_opening() == 0.0
    other.acquire(0.0)
    assert one.next_opening() > 9.0
    assert KEY.reveal() not in path.read_text()


def test_a_share_leaves_room_for_other_programs(tmp_path: Path) -> None:
    one = limiter(tmp_path / "site.json", Hands(), share=0.5)
    for _ in range(4):
        one.acquire(0.0)
    assert one.next_opening() > 0.0
    assert limiter(None, Hands(), share=0.01).requests == 1


def test_a_pause_holds_every_process_and_is_never_shortened(tmp_path: Path) -> None:
    path, clock = tmp_path / "site.json", Hands()
    limiter(path, clock).pause(clock.now() + 300.0)
    other = limiter(path, clock)
    other.pause(clock.now() + 5.0)
    assert other.next_opening() == pytest.approx(300.0)
    with pytest.raises(Unavailable):
        other.acquire(30.0)
    clock.time += 300.0
    other.acquire(0.0)


def test_no_word_of_a_site_pauses_for_longer_than_an_hour(tmp_path: Path) -> None:
    one = limiter(tmp_path / "site.json", clock := Hands())
    one.pause(clock.now() + 1e9)
    assert one.next_opening() == pytest.approx(LONGEST)


class Reboots(Hands):
    """Running time begins anew at each boot; wall time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.booted = self.time - 5000.0

    def running(self) -> float:
        return self.time - self.booted

    def reboot(self, took: float) -> None:
        self.time += took
        self.booted = self.time


def test_after_a_reboot_the_old_times_count_for_nothing(tmp_path: Path) -> None:
    path, clock = tmp_path / "site.json", Reboots()
    before = limiter(path, clock)
    for _ in range(8):
        before.acquire(0.0)
    clock.reboot(40.0)
    after = limiter(path, clock)
    for _ in range(8):
        after.acquire(0.0)
    assert after.next_opening() == pytest.approx(10.0, abs=0.01)


def test_after_a_reboot_what_is_left_of_a_pause_still_holds(tmp_path: Path) -> None:
    path, clock = tmp_path / "site.json", Reboots()
    limiter(path, clock).pause(clock.now() + 600.0)
    clock.reboot(100.0)
    assert limiter(path, clock).next_opening() == pytest.approx(500.0)


DAMAGED = [
    b"",
    b"\0" * 64,
    b"{",
    b"[]",
    b"null",
    b'{"v":1}',
    b'{"v":1,"credentials":[1]}',
    b'{"v":1,"credentials":{"x":{"taken":["a"],"paused":0,"set_at":0,"wall":0}}}',
    b'{"v":1,"credentials":{"x":{"taken":[NaN],"paused":0,"set_at":0,"wall":0}}}',
    b'{"v":1,"credentials":{"x":{"taken":7}}}',
    b"[" * 100_000,
    b"\xff\xfe",
]


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_means_that_all_was_just_used_up(tmp_path: Path, damage: bytes) -> None:
    path, clock = tmp_path / "site.json", Hands()
    path.write_bytes(damage)
    one, start = limiter(path, clock), clock.time
    one.acquire(30.0)
    assert clock.time - start == pytest.approx(10.0, abs=0.01)
    assert json.loads(path.read_text())["v"] == 1


def test_a_folder_that_can_not_be_written_makes_each_request_wait_a_whole_window(tmp_path: Path) -> None:
    (tmp_path / "limits").write_text("a file where the folder should be")
    one, clock = limiter(tmp_path / "limits" / "site.json", clock := Hands()), clock
    start = clock.time
    one.acquire(30.0)
    one.acquire(30.0)
    assert clock.time - start == pytest.approx(20.0, abs=0.01)
    with pytest.raises(Unavailable):
        one.acquire(5.0)
    one.pause(clock.now() + 25.0)
    assert one.next_opening() == pytest.approx(25.0)
    with pytest.raises(Unavailable):
        one.acquire(20.0)


def test_without_a_folder_the_window_is_kept_in_memory() -> None:
    one = limiter(None, clock := Hands())
    times = [one.acquire(30.0) for _ in range(40)]
    assert fullest(times, 10.0) == 8
    one.pause(clock.now() + 60.0)
    assert one.next_opening() == pytest.approx(60.0)


def test_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "limits" / "site.json"
    limiter(path, Hands()).acquire(0.0)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
