"""Which rules are in force: what a start decides by, when an edit is taken, and what is kept of it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.support_clock import VirtualClock
from tests.support_rules import marked
from tests.watcher.test_config_malformed import GOOD as GOOD_BY_MISTAKES
from tests.watcher.test_config_malformed import KEYS, MISTAKES, put
from watcher.config import RulesInvalid, keep, kept, load
from watcher.durable import FileSystem
from watcher.errors import INVALID, SeedpostError
from watcher.journal import Journal
from watcher.service.rulesfile import RulesFile, start

GOOD = """\
version: 1
seed: {client: none}
trackers: {RED: {type: redacted}}
lists: {banned: {file: banned.txt}}
rules:
  - {name: all, match: {kind: music, not: {group: $banned}}, upload_to: [RED]}
tests:
  - given: {kind: music}
    expect: {rule: all}
"""
BAD = GOOD.replace("kind: music, not", "kind: musik, not")
FAILING = GOOD.replace("given: {kind: music}", "given: {kind: tv}")


class Place:
    """A rules file with a list beside it, and a state folder."""

    def __init__(self, folder: Path) -> None:
        self.file, self.list, self.state = folder / "rules.yaml", folder / "banned.txt", folder / "state"
        self.file.write_text(GOOD)
        self.list.write_text("YIFY\nEVO\n")
        self.state.mkdir(0o700)

    def accept(self) -> None:
        keep(load(self.file), self.state, FileSystem())

    def journal(self) -> Journal:
        return Journal.open(self.state, clock=VirtualClock())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_was_kept_is_the_file_byte_for_byte_with_the_lists_it_read(place: Place) -> None:
    place.accept()
    place.list.unlink()
    place.file.write_text("")
    found = kept(place.state)
    assert found.text == GOOD.encode()
    assert found.lists == {"banned.txt": b"YIFY\nEVO\n"}
    assert (found.path, found.files) == (place.file, (place.file, place.list))
    assert found.rules.guards == ()
    assert (place.state / "rules.accepted.yaml").stat().st_mode & 0o777 == 0o600


def test_bytes_that_are_no_text_and_the_mark_itself_in_a_file_survive(place: Place) -> None:
    place.accept()
    once = (place.state / "rules.accepted.yaml").read_text()
    place.file.write_text(once)
    place.list.write_bytes(b"\xef\xbb\xbfYIFY\r\n")
    place.accept()
    assert kept(place.state).text == once.encode()
    assert kept(place.state).lists["banned.txt"] == b"\xef\xbb\xbfYIFY\r\n"


@pytest.mark.parametrize("text", ["", "version: 1\n", "x\n# kept by seedpost, as it was last taken into use: {}\n"])
def test_what_is_no_kept_file_is_none(place: Place, text: str) -> None:
    (place.state / "rules.accepted.yaml").write_text(text)
    with pytest.raises(SeedpostError, match="no rules were kept") as caught:
        kept(place.state)
    assert caught.value.exit_code == INVALID


def test_a_start_takes_the_file_and_its_state_folder(place: Place, tmp_path: Path) -> None:
    begun = start(lambda: place.file, None)
    assert begun.config.digest == load(place.file).digest
    assert begun.refused == ()
    assert start(lambda: place.file, tmp_path / "other").state == tmp_path / "other"


@pytest.mark.parametrize(("text", "reason"), [(BAD, "musik"), (FAILING, "test 1 fails"), ("", "empty")])
def test_R1_a_start_with_an_invalid_file_decides_by_the_one_last_accepted(place: Place, text: str, reason: str) -> None:
    place.accept()
    place.file.write_text(text)
    begun = start(lambda: place.file, place.state)
    assert begun.config.text == GOOD.encode()
    assert begun.config.path == place.file
    assert reason in begun.refused[0]


def test_R11_a_start_without_a_file_decides_by_the_one_last_accepted(place: Place) -> None:
    place.accept()
    place.file.unlink()
    place.list.unlink()

    def gone() -> Path:
        raise SeedpostError("there is no rules.yaml", exit_code=INVALID)

    begun = start(gone, place.state)
    assert begun.config.path == place.file
    assert begun.refused == ("there is no rules.yaml",)


@pytest.mark.parametrize("text", [BAD, FAILING, ""])
def test_a_start_with_an_invalid_file_and_none_accepted_ends_in_78(place: Place, text: str) -> None:
    place.file.write_text(text)
    with pytest.raises(RulesInvalid) as caught:
        start(lambda: place.file, place.state)
    assert caught.value.exit_code == INVALID


def test_the_state_folder_that_a_broken_file_names_is_the_one_looked_into(place: Place) -> None:
    named = f"state: {place.state}\n"
    place.file.write_text(GOOD + named)
    place.accept()
    place.file.write_text(BAD + named)
    assert start(lambda: place.file, None).state == place.state


def test_faults_that_are_not_the_files_are_not_hidden_by_an_older_one(place: Place) -> None:
    place.accept()

    def failing() -> Path:
        raise SeedpostError("something else")

    with pytest.raises(SeedpostError, match="something else"):
        start(failing, place.state)


def test_older_rules_are_told_as_rejected_until_the_file_is_good_again(place: Place) -> None:
    place.accept()
    place.file.write_text(BAD)
    begun = start(lambda: place.file, place.state)
    with closing(place.journal()) as journal:
        rules = RulesFile(begun.config, journal, place.state, begun.refused)
        rules.begin()
        told = journal.ledger.rules
        assert told["rejected"]["seq"] > told["loaded"]["seq"]
        assert kept(place.state).text == GOOD.encode()
        place.file.write_text(GOOD + "# mended\n")
        assert not rules.edited()  # not still yet
        assert rules.edited()
        assert rules.reload()
        told = journal.ledger.rules
        assert told["loaded"]["seq"] > told["rejected"]["seq"]
        assert kept(place.state).text == (GOOD + "# mended\n").encode()


def test_a_start_with_the_same_good_file_takes_back_that_it_was_rejected(place: Place) -> None:
    with closing(place.journal()) as journal:
        RulesFile(load(place.file), journal, place.state).begin()
        journal.append([{"type": "rules", "what": "rejected", "errors": ["x"]}])
        assert not RulesFile(load(place.file), journal, place.state).begin()
        assert journal.ledger.rules["loaded"]["seq"] > journal.ledger.rules["rejected"]["seq"]
        place.file.write_text(GOOD + "# other\n")
        assert RulesFile(load(place.file), journal, place.state).begin()


def test_a_list_that_was_edited_is_an_edit(place: Place) -> None:
    with closing(place.journal()) as journal:
        rules = RulesFile(load(place.file), journal, place.state)
        place.list.write_text("YIFY\nEVO\nFGT\n")
        assert [rules.edited(), rules.edited()] == [False, True]
        assert rules.reload()
        assert kept(place.state).lists["banned.txt"] == b"YIFY\nEVO\nFGT\n"


def test_a_state_folder_that_takes_no_copy_takes_no_rules_away(place: Place) -> None:
    (place.state / "rules.accepted.yaml" / "in the way").mkdir(parents=True)
    with closing(place.journal()) as journal:
        rules = RulesFile(load(place.file), journal, place.state)
        rules.begin()
        place.file.write_text(GOOD + "# edited\n")
        assert rules.reload()
        assert rules.config.text.endswith(b"# edited\n")


TRAPS = [
    b"", b"\n", b"---\n", b"null\n", b"version: 1\nversion: 1\nrules: []\n", b"a: &a [x]\nb: [*a, *a]\n",
    b"[" * 100_000, b"{a: " * 50_000, b"a: !!python/object/apply:os.system ['true']\n", b"version: 1\nrules:\n\t- {}\n",
    GOOD.encode("utf-16"), GOOD.encode() + b"\x00", GOOD.encode() + b"\xff", b"version: 1\n---\nrules: []\n",
    b"#" * (1024 * 1024 + 1), GOOD.replace("kind: music, not", "name: NO, not").encode(),
    GOOD.replace("kind: music, not", "name: 1:30, not").encode(), GOOD[: len(GOOD) // 2].encode(),
]  # fmt: skip
MALFORMED = [
    *TRAPS,
    *(marked(GOOD_BY_MISTAKES.replace(old, new, 1))[0].encode() for old, new, _ in MISTAKES),
    *(put(scalar, scalar.value + "q").encode() for scalar, _ in KEYS),
]


def test_R3_of_over_two_hundred_malformed_files_none_takes_the_rules_in_force_away(place: Place) -> None:
    assert len(MALFORMED) > 200
    with closing(place.journal()) as journal:
        rules = RulesFile(load(place.file), journal, place.state)
        rules.begin()
        before, copy = rules.config, (place.state / "rules.accepted.yaml").read_bytes()
        for text in MALFORMED:
            place.file.write_bytes(text)
            assert not rules.reload(), text[:200]
            assert journal.ledger.rules["rejected"]["errors"]
            assert rules.config is before
        assert (place.state / "rules.accepted.yaml").read_bytes() == copy
        place.file.write_text(GOOD)
        assert rules.reload()


@pytest.mark.parametrize("writable", ["1", "", "yes"])
def test_R15_one_setting_outside_the_file_lets_everybody_write_it(
    place: Place, monkeypatch: pytest.MonkeyPatch, writable: str
) -> None:
    place.file.chmod(0o666)
    monkeypatch.setenv("SEEDPOST_RULES_WRITABLE_BY_ALL", writable)
    if writable == "1":
        load(place.file)
        return
    with pytest.raises(SeedpostError, match="can be written by everybody") as caught:
        load(place.file)
    assert caught.value.hint == f"chmod o-w {place.file}"
