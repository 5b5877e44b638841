"""How the loop comes by its torrents: taken over, read once for all, staged. In virtual time, on real files."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_loop import World, world
from tests.support_torrents import judged, write
from trackers.catalogue import TYPES, Pieces
from trackers.content import File
from trackers.secret import Secret
from watcher.jobs import State
from watcher.release import Fact, Release
from watcher.torrents import Whole, describe, info_dict, piece_hashes, stamp
from watcher.uploader.tidy import EVERY, UNSEEDED

KIB = 1024
HASH = "ab" * 20
BOTH = "RED: {}, OPS: {}"


@pytest.fixture
def both(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, to=BOTH) as made:
        yield made


def album(one: World, name: str = "Album", tree: dict[str, int] | None = None) -> tuple[Path, tuple[File, ...]]:
    root = one.folder / "content" / name
    return root, write(root, tree or {f"{number:02}.flac": 300_000 for number in range(1, 4)})


def completed(one: World, root: Path, files: tuple[File, ...], length: int = 32 * KIB, **whole: object) -> None:
    """What a client downloaded is seen by intake; the client holds its torrent."""
    info = info_dict(root.name, files, False, length, piece_hashes(root, files, False, length), "ELSEWHERE")
    given = {"completed": 4_000_000_000, "pieces_have": 5, "pieces_num": 5, "complete": True} | whole
    held = Whole(stamp(info, Secret("http://127.0.0.1:1/announce/foreign")), **given)  # type: ignore[arg-type]
    one.client.held[HASH] = held
    seen(one, root, files, "qbittorrent")


def seen(one: World, root: Path, files: tuple[File, ...], from_: str = "folder") -> None:
    client = {"client": "seedbox", "save_path": str(root.parent), "infohash": HASH} if from_ == "qbittorrent" else {}
    facts = {"scene": Fact(False, "person")}
    release = Release("rips", from_, root.name, str(root), files, completed=1, facts=facts, **client)  # type: ignore[arg-type]
    one.intake.seen(release)


def frozen(one: World, tracker: str = "RED") -> bytes:
    return one.bench.store.get(str(one.job(tracker).infohash))


def hashed(one: World, tracker: str = "RED") -> dict[str, object]:
    return dict(one.job(tracker).rest["hashed"])


def test_content_of_a_client_is_uploaded_with_the_hashes_that_the_client_has(both: World) -> None:
    root, files = album(both)
    completed(both, root, files)
    both.until(both.settled)
    first, second = sorted((hashed(both), hashed(both, "OPS")), key=lambda made: str(made["how"]))
    assert first == {"how": "known", "read": 0, "of": 28, "why": None}
    assert second == {"how": "taken-over", "read": 4, "of": 28, "why": None}
    assert both.client.exports == [HASH]
    for tracker, flag in (("RED", "RED"), ("OPS", "OPS")):
        info = frozen(both, tracker)
        assert describe(info).pieces == piece_hashes(root, files, False, 32 * KIB)
        assert (describe(info).source, describe(info).private) == (flag, True)
        assert str(judged(stamp(info, Secret("http://127.0.0.1:1/x"))).info_hashes().v1) == both.job(tracker).infohash
        assert b"foreign" not in info


def test_a_FLAC_that_was_retagged_in_place_is_read_and_uploaded_as_it_is_now(both: World) -> None:
    root, files = album(both)
    done = max(int((root / file.path).stat().st_ctime) for file in files)
    completed(both, root, files, completed=done)
    with (root / "02.flac").open("r+b") as file:
        file.seek(150_000)
        file.write(b"TITLE=Other")
    os.utime(root / "02.flac", (done + 9, done + 9))
    both.until(both.settled)
    made, other = sorted((hashed(both), hashed(both, "OPS")), key=lambda made: str(made["how"]), reverse=True)
    assert other["how"] == "known"
    assert (made["how"], made["read"]) == ("read", made["of"])
    assert "'02.flac' was touched after the torrent was complete" in str(made["why"])
    length = describe(frozen(both)).piece_length
    assert describe(frozen(both)).pieces == piece_hashes(root, files, False, length)


@pytest.mark.parametrize("fault", ["gone", "away"])
def test_where_the_client_can_not_be_asked_the_content_is_read(tmp_path: Path, fault: str) -> None:
    with world(tmp_path) as one:
        root, files = album(one)
        completed(one, root, files)
        if fault == "gone":
            one.client.held.clear()
        else:
            one.client.away = True
        one.until(one.settled)
        assert hashed(one)["how"] == "read"
        assert one.job().state is State.UPLOADED


def test_pieces_of_a_length_outside_the_sites_table_are_not_taken_over(tmp_path: Path) -> None:
    with world(tmp_path) as one:
        root, files = album(one)
        completed(one, root, files, length=32 * KIB * KIB)
        one.until(one.settled)
        assert "not of a length that the site wants" in str(hashed(one)["why"])


def test_one_reading_serves_every_site_and_every_piece_length(both: World, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = dataclasses.replace(TYPES["sandbox-orpheus"], pieces=Pieces(least=64 * KIB, most=64 * KIB))
    monkeypatch.setitem(TYPES, "sandbox-orpheus", wide)  # type: ignore[arg-type]
    reads: list[int] = []
    real = os.preadv
    monkeypatch.setattr(os, "preadv", lambda *given: reads.append(real(*given)) or reads[-1])
    root, files = album(both)
    seen(both, root, files)
    both.until(both.settled)
    assert sum(reads) == sum(file.size for file in files)
    assert {hashed(both, name)["how"] for name in ("RED", "OPS")} == {"read", "known"}
    assert [describe(frozen(both, name)).piece_length for name in ("RED", "OPS")] == [16 * KIB, 64 * KIB]


def test_a_file_that_is_changed_between_prepared_and_sending_is_hashed_anew(tmp_path: Path) -> None:
    with world(tmp_path) as one:
        root, files = album(one)
        seen(one, root, files)
        one.turn()
        assert one.job().state is State.PREPARED
        before = one.job().infohash
        (root / "01.flac").write_bytes(b"z" * 300_000)
        one.turn()
        assert (one.job().state, one.job().code) == (State.QUEUED, "content-changed")
        one.until(one.settled)
        assert one.job().infohash != before
        assert one.sites["RED"].posts[0][1] == one.job().infohash


def test_F14_a_file_that_changes_while_it_is_hashed_is_looked_at_again_and_never_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path) as one:
        root, files = album(one)
        seen(one, root, files)
        real = os.preadv

        def meanwhile(*given):
            monkeypatch.setattr(os, "preadv", real)
            (root / "01.flac").write_bytes(b"z" * 300_000)
            return real(*given)

        monkeypatch.setattr(os, "preadv", meanwhile)
        one.turn()
        assert (one.job().state, one.job().code) == (State.QUEUED, "content-changed")
        one.until(one.settled)
        assert describe(frozen(one)).pieces == piece_hashes(root, files, False, describe(frozen(one)).piece_length)


def test_what_was_sent_once_is_built_again_with_the_piece_length_it_was_sent_with(tmp_path: Path) -> None:
    with world(tmp_path, client="seedbox") as one:
        root, files = album(one)
        completed(one, root, files)
        one.sites["RED"].fates = [("dropped", 0.0)]
        one.until(lambda: one.job().state is State.UNCONFIRMED, hours=1)
        one.client.held.clear()
        one.restart()  # what was known in memory is gone as well
        one.until(lambda: one.job().state in (State.UPLOADED, State.SEEDING, State.DONE, State.HELD))
        assert one.job().code is None
        assert len({posted for _, posted in one.sites["RED"].posts}) == 1
        assert describe(frozen(one)).piece_length == 32 * KIB


def test_what_a_gap_in_the_journal_may_hide_is_looked_for_as_it_would_have_been_sent(tmp_path: Path) -> None:
    with world(tmp_path) as one:
        root, files = album(one)
        completed(one, root, files)
        one.turn()
        sent = one.job()
        assert sent.state is State.PREPARED
        one.bench.write(sent, {"state": State.UNCONFIRMED, "infohash": None, "sent_at": None, "code": "journal-gap"})
        one.client.held.clear()
        one.restart()
        one.turn()
        assert (one.job().state, one.job().infohash) == (State.UNCONFIRMED, sent.infohash)


# Staging


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[World]:
    keys = f", stage: {tmp_path / 'stage'}, exclude: ['*.nfo']"
    with world(tmp_path, to=BOTH, client="seedbox", red_keys=keys) as made:
        yield made


NAMES = {"01 - Why?.flac": 300_000, "02.flac": 200_000, "x.nfo": 50}


def later(one: World, seconds: float) -> None:
    for _ in range(int(seconds // EVERY) + 1):
        one.clock.wait(EVERY + 1)
        one.turn(2)


def test_a_site_that_will_not_take_the_names_gets_a_tree_of_links_and_the_other_the_content(staged: World) -> None:
    root, files = album(staged, "Who: Live?", NAMES)
    before = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes()) for path in root.iterdir()}
    seen(staged, root, files)
    staged.until(lambda: all(job.state is State.DONE for job in staged.jobs()))
    red, ops = describe(frozen(staged)), describe(frozen(staged, "OPS"))
    assert (red.name, [file.path for file in red.files]) == ("Who_ Live_", ["01 - Why_.flac", "02.flac"])
    assert (ops.name, ops.files) == ("Who: Live?", files)
    folder = Path(str(staged.job().rest["staged"]))
    assert staged.client.places[str(staged.job().registered)] == str(folder)
    assert staged.client.places[str(staged.job("OPS").registered)] == "/content"
    assert folder.parent == staged.folder / "stage"
    tree = folder / red.name
    assert piece_hashes(tree, red.files, False, red.piece_length) == red.pieces
    assert (tree / "02.flac").samefile(root / "02.flac")
    after = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes()) for path in root.iterdir()}
    assert after == before


def test_every_change_is_told_with_the_form(staged: World) -> None:
    root, files = album(staged, "Who: Live?", NAMES)
    seen(staged, root, files)
    staged.until(staged.settled)
    assert staged.bench.form(staged.job()).notes == (
        "leaves out 'x.nfo'",
        "calls the folder 'Who: Live?' 'Who_ Live_'",
        "calls '01 - Why?.flac' '01 - Why_.flac'",
    )
    assert staged.models["RED"].composed[0].name == "Who_ Live_"
    assert staged.bench.form(staged.job("OPS")).notes == ()


def test_content_of_a_client_is_taken_over_and_staged_without_being_read(staged: World) -> None:
    root, files = album(staged, "Who: Live?", {"01.flac": 300_000, "02.flac": 200_000})
    completed(staged, root, files)
    staged.until(staged.settled)
    assert hashed(staged)["how"] in ("taken-over", "known")
    assert hashed(staged, "OPS")["how"] in ("taken-over", "known")
    assert describe(frozen(staged)).name == "Who_ Live_"


def test_a_staged_file_that_is_changed_before_it_is_sent_gets_another_tree(staged: World) -> None:
    root, files = album(staged, "Who: Live?", NAMES)
    seen(staged, root, files)
    staged.turn()
    first = staged.job()
    assert first.state is State.PREPARED
    with (root / "02.flac").open("r+b") as file:
        file.write(b"other")
    os.utime(root / "02.flac", (5, 5))
    staged.until(lambda: staged.job().state is State.DONE)
    assert staged.job().rest["staged"] != first.rest["staged"]
    later(staged, UNSEEDED)
    assert not Path(str(first.rest["staged"])).exists()
    assert Path(str(staged.job().rest["staged"])).exists()
    assert [posted for _, posted in staged.sites["RED"].posts] == [staged.job().infohash]


def test_a_stage_on_another_file_system_holds_the_job_and_says_so(staged: World, monkeypatch) -> None:
    def fails(*_, **__):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", fails)
    root, files = album(staged, "Who: Live?", NAMES)
    seen(staged, root, files)
    staged.until(staged.settled)
    job = staged.job()
    assert (job.state, job.code) == (State.HELD, "staging")
    assert "`stage` has to be a folder on the file system of the content" in str(job.why)
    staged.until(lambda: staged.job("OPS").state is State.DONE)


def test_the_tree_of_a_cancelled_job_goes_and_the_files_stay(staged: World) -> None:
    staged.sites["RED"].down = False
    root, files = album(staged, "Who: Live?", NAMES)
    seen(staged, root, files)
    staged.turn()
    folder = Path(str(staged.job().rest["staged"]))
    staged.bench.write(staged.job(), {"state": State.CANCELLED})
    staged.clock.wait(EVERY + 1)
    staged.turn(2)
    assert not folder.exists()
    assert staged.job().rest.get("staged") is None
    assert staged.job().state is State.CANCELLED
    assert sorted(path.name for path in root.iterdir()) == sorted(NAMES)


def test_a_tree_that_is_seeded_stays_and_goes_a_day_after_nobody_seeds_it(staged: World) -> None:
    root, files = album(staged, "Who: Live?", NAMES)
    seen(staged, root, files)
    staged.until(lambda: staged.job().state is State.DONE)
    folder = Path(str(staged.job().rest["staged"]))
    later(staged, 2 * UNSEEDED)
    assert folder.exists()
    staged.client.places.clear()
    later(staged, UNSEEDED / 2)
    staged.client.away = True
    later(staged, UNSEEDED)
    assert folder.exists()
    staged.client.away = False
    later(staged, EVERY)
    assert not folder.exists()
    assert (root / "02.flac").stat().st_size == 200_000


def test_a_name_that_is_not_utf8_holds_the_job_with_its_name(tmp_path: Path) -> None:
    with world(tmp_path) as one:
        root, files = album(one, "Album", {os.fsdecode(b"caf\xe9.flac"): 1000})
        seen(one, root, files)
        one.until(one.settled)
        job = one.job()
        assert (job.state, job.code) == (State.HELD, "content-unreadable")
        assert "caf\\udce9.flac' is not UTF-8; rename it" in str(job.why)
