"""The rules that `seedpost init` writes load, pass their tests and stay; without a terminal it asks nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support_seedpost import Seedpost, keys_of
from tests.support_terminal import Terminal
from trackers.base import COVER_TO_COME
from trackers.catalogue import TYPES
from trackers.sandbox import Sandbox
from watcher.cli.replay import show_destinations
from watcher.cli.show import show_facts, show_form, show_forms
from watcher.config import parse, run_tests
from watcher.errors import OK, USAGE
from watcher.release import Release
from watcher.service.beginning import MUSIC, Answers, ClientAnswer, TrackerAnswer, rules_text
from watcher.service.replay import Change, Side

CLIENT = ClientAnswer("http://127.0.0.1:8080", "admin", {"/downloads": "/srv/downloads"})
RED = TrackerAnswer("RED", "redacted")


def test_the_file_says_what_was_answered_and_begins_in_dry_run() -> None:
    config = parse(rules_text(Answers(Path("/var/state"), CLIENT, ["music"], [Path("/srv/a b")], [RED])).encode(), "r")
    assert config.rules.mode == "dry_run" and config.state == Path("/var/state")
    assert dict(config.clients["seedbox"].path_map) == {"/downloads": "/srv/downloads"}
    assert [folder.path for folder in config.folders] == [Path("/srv/a b")]
    assert [rule.name for rule in config.rules.rules] == ["cd-rips", "lossless-music", "video"]
    assert config.seed.client == "seedbox" and not config.warnings and run_tests(config) == []


def test_without_trackers_or_a_client_it_loads_too() -> None:
    config = parse(rules_text(Answers(Path("/var/state"))).encode(), "r")
    assert config.seed.client is None and list(config.trackers) == []


@pytest.mark.parametrize("type", [name for name, one in TYPES.items() if one.host and not one.sandbox])
def test_every_type_of_tracker_makes_rules_that_load(type: str) -> None:
    config = parse(rules_text(Answers(Path("/s"), CLIENT, trackers=[TrackerAnswer("T", type)])).encode(), "r")
    assert config.trackers["T"].type == type
    rule = {rule.name: rule for rule in config.rules.rules}["lossless-music" if type in MUSIC else "video"]
    assert list(rule.targets) == ["T"]


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(lambda text: text.strip() == text)


@given(st.lists(WORDS, max_size=3), st.lists(st.sampled_from(["on", "no", "1:30", "a: b", "~", "a#b", "'", '"', "é"])))
def test_categories_of_any_name_are_read_back_as_they_are(categories: list[str], odd: list[str]) -> None:
    names = [name for name in (*categories, *odd) if not set("*?[]{}$") & set(name)]
    config = parse(rules_text(Answers(Path("/s"), CLIENT, names, trackers=[RED])).encode(), "r")
    assert config.trackers["RED"].type == "redacted"


class TestTheCommand:
    def test_flags_and_environment_are_enough(self, tmp_path: Path) -> None:
        (tmp_path / "rips").mkdir()
        with Sandbox() as sandbox:
            seedpost = Seedpost(tmp_path, "", keys_of(sandbox))
            seedpost.rules.unlink()
            tracker = f"RED=sandbox-redacted={sandbox.url_of('redacted')}"
            words = ("--client", "none", "--folder", str(tmp_path / "rips"), "--tracker", tracker)
            done = seedpost("init", "--non-interactive", *words)
            assert done.returncode == OK, done.stdout + done.stderr
            assert "all answered" in done.stdout
            before = seedpost.rules.read_bytes()
            assert seedpost("check").returncode == OK
            again = seedpost("init", "--non-interactive", *words)
        assert again.returncode == OK and "stays as it is" in again.stdout
        assert seedpost.rules.read_bytes() == before

    def test_what_can_not_be_a_name_is_asked_for_again(self, tmp_path: Path) -> None:
        seedpost = Seedpost(tmp_path, "", {})
        seedpost.rules.unlink()
        with Terminal(seedpost, "init") as terminal:
            for question, answer in (("a qBittorrent?", "n"), ("a folder", "n"), ("are yours?", "sandbox-redacted")):
                terminal.until(question)
                terminal.line(answer)
            terminal.until("be called?")
            terminal.line("http://127.0.0.1:1/redacted")
            terminal.until("letters, digits")
            terminal.until("be called?")
            terminal.line("RED")
            terminal.until("Address of RED")

    def test_a_missing_key_is_named_with_its_command(self, tmp_path: Path) -> None:
        seedpost = Seedpost(tmp_path, "", {})
        seedpost.rules.unlink()
        with Sandbox() as sandbox:
            tracker = f"RED=sandbox-redacted={sandbox.url_of('redacted')}"
            done = seedpost("init", "--non-interactive", "--client", "none", "--tracker", tracker)
        assert done.returncode != OK
        assert "seedpost secrets set red.api_key" in done.stderr

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("init",), "--non-interactive and flags"),
            (("init", "--non-interactive", "--tracker", "RED=redcated"), "types are redacted, orpheus"),
            (("init", "--non-interactive", "--tracker", "X=sandbox-redacted"), "X=sandbox-redacted=https://"),
            (("init", "--non-interactive", "--client", "http://x", "--path-map", "/a"), "wants THERE=HERE"),
        ],
    )
    def test_what_is_wrong_is_told_and_nothing_is_written(
        self, tmp_path: Path, words: tuple[str, ...], told: str
    ) -> None:
        seedpost = Seedpost(tmp_path, "", {})
        seedpost.rules.unlink()
        done = seedpost(*words)
        assert done.returncode == USAGE and told in done.stderr
        assert not seedpost.rules.exists()


def test_what_is_there_is_shown_by_where_it_would_go(capsys: pytest.CaptureFixture[str]) -> None:
    nowhere, music = Side(guard="opted-out"), Side(rule="music", upload_to=("RED",))
    names = {"One": nowhere, "Two": music, "Three": music, "Four": music, "Five": music}
    changes = [
        Change(Release("seedbox", "qbittorrent", name, f"/{name}", ()), Side(), to) for name, to in names.items()
    ]
    show_destinations(changes)
    told = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert told == [
        "4 × rule music → RED",
        "Two",
        "Three",
        "Four",
        "and 1 more",
        "1 × guard opted-out → nowhere",
        "One",
    ]
    show_destinations([])
    assert capsys.readouterr().out == "  nothing is there.\n"


def test_a_cover_that_is_still_to_be_hosted_says_so_and_a_time_is_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    form = {"fields": [["image", COVER_TO_COME], ["year", 2020]], "attachments": []}
    show_form(form, "the form")
    show_forms({"RED": form, "OPS": form})
    assert capsys.readouterr().out.count("(the cover, hosted when sent)") == 3
    show_facts({"torrent.added": {"is": "value", "value": 1795378674.0, "origin": "torrent"}})
    assert capsys.readouterr().out.split()[1].startswith("2026-11-")
