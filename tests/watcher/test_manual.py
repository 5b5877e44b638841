"""Every command, walked as a tree: help, examples, exit codes, JSON, and its place in docs/commands.md."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.support_commands import tree, understood
from tests.support_seedpost import an_album
from watcher import cli
from watcher.cli.manual import MEANS, PAGES
from watcher.errors import FAILED, INVALID, NETWORK, NOT_AUTHORISED, NOT_FOUND, OK, USAGE

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "commands.md").read_text()
COMMANDS = dict(tree())
LEAVES = {path: one for path, one in COMMANDS.items() if not isinstance(one, click.Group)}
EVERYWHERE = {"--rules", "--state", "--json", "--help"}
OF_JOBS = {"--tracker", "--code", "--rule", "--kind", "--since"}  # choose jobs below `queue`
WITHOUT_JSON = {"init", "run", "queue review", "completion"}  # they ask, log, or write for a shell
RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {{client: none}}
folders: [{{name: rips, path: '{folder}', settle: 1s}}]
trackers: {{RED: {{type: sandbox-redacted, url: 'http://127.0.0.1:1/redacted'}}}}
rules: [{{name: albums, match: {{kind: music}}, upload_to: {{RED: {{}}}}}}]
"""
HASH = "2c6b6858d61da9543d4231a71db4b1c9264b0685"


def helped(path: str) -> str:
    command = COMMANDS[path]
    return command.get_help(click.Context(command, info_name=f"seedpost {path}"))


def test_each_command_has_a_page_and_each_page_a_command() -> None:
    assert set(PAGES) == set(LEAVES)


@pytest.mark.parametrize("path", LEAVES)
def test_help_has_examples_that_are_understood_and_exit_codes(path: str) -> None:
    text = helped(path)
    examples, codes = text.split("Examples:")[1].split("Exit codes:")
    lines = [line.strip() for line in examples.strip().splitlines()]
    assert lines and all(understood(line) == path for line in lines)
    told = {int(code): means for code, means in re.findall(r"^ +(\d+) +(.+)$", codes, re.M)}
    assert {OK, FAILED, USAGE, INVALID} <= set(told) <= set(MEANS)


@pytest.mark.parametrize("path", COMMANDS)
def test_each_command_and_option_says_what_it_does(path: str) -> None:
    command = COMMANDS[path]
    assert command.help
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.opts for one in options if not one.help] == []
    assert {"--rules", "--state"} <= {name for one in options for name in one.opts}, "they may stand anywhere"
    if path in LEAVES:
        assert path in WITHOUT_JSON or any("--json" in one.opts for one in options)


@pytest.mark.parametrize("path", LEAVES)
def test_the_page_of_commands_names_each_with_its_own_options(path: str) -> None:
    rows = [line for line in DOCUMENT.splitlines() if re.search(rf"^\|.*`{path}[` ]", line.partition(" | ")[0])]
    assert rows, f"no row for {path}"
    options = {name for one in LEAVES[path].params if isinstance(one, click.Option) for name in one.opts}
    known = EVERYWHERE | (OF_JOBS if path.startswith("queue ") and path != "queue list" else set())
    missing = {name for name in options - known if not any(re.search(rf"{name}\b", row) for row in rows)}
    assert missing == set(), f"{path}: {missing} in {rows}"


def test_the_page_of_commands_has_the_exit_codes() -> None:
    table = DOCUMENT.split("## Exit codes")[1]
    told = {int(code): means.strip() for code, means in re.findall(r"^\| (\d+) \|(.+)\|$", table, re.M)}
    assert {code: means.replace("`", "") for code, means in told.items()} == MEANS


def test_every_command_line_in_the_page_of_commands_is_understood() -> None:
    lines = re.findall(r"^(?:\$ |    )(seedpost .+)$", DOCUMENT, re.M)
    assert len(lines) > 3
    assert all(understood(line) for line in lines)


# -- each command on the real command line


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with rules, an album, and no daemon."""
    for name in ("SEEDPOST_RULES", "SEEDPOST_STATE", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rips").mkdir()
    (tmp_path / "rules.yaml").write_text(RULES.format(folder=tmp_path / "rips"))
    shutil.copy(tmp_path / "rules.yaml", tmp_path / "new.yaml")
    return tmp_path


def ended(capsys: pytest.CaptureFixture[str], place: Path, words: list[str]) -> tuple[int, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        cli.main([*words, "--rules", str(place / "rules.yaml")])
    return int(end.value.code or 0), capsys.readouterr().out


LINES = {
    "check": (INVALID, NETWORK),
    "rules explain Album": (OK,),
    "rules explain nothing": (NOT_FOUND,),
    "rules test": (OK,),
    "rules fields": (OK,),
    "rules fields --tracker RED": (OK,),
    "rules fields --tracker PED": (NOT_FOUND,),
    "rules schema": (OK,),
    "rules replay new.yaml": (OK,),
    "queue list": (OK,),
    "queue list --state held": (OK,),
    "queue show 5f0c": (NOT_FOUND,),
    "queue review": (USAGE,),
    "queue retry 5f0c": (NOT_FOUND,),
    "queue approve 5f0c": (NOT_FOUND,),
    "queue cancel 5f0c": (NOT_FOUND,),
    "queue redecide 5f0c": (NOT_FOUND,),
    "queue prioritise 5f0c": (NOT_FOUND,),
    "queue edit 5f0c music.year=1999": (NOT_FOUND,),
    "queue edit 5f0c music.year=long": (USAGE,),
    "queue resolve 5f0c": (USAGE,),
    "queue resolve 5f0c --absent --yes": (NOT_FOUND,),
    "queue forget 5f0c --deleted-on-site --yes": (NOT_FOUND,),
    "upload nothing --to RED": (NOT_FOUND,),
    "upload Album --to PED": (NOT_FOUND,),
    "enqueue nothing": (NOT_FOUND,),
    f"enqueue --hash {HASH}": (OK,),
    "enqueue --hash long": (USAGE,),
    "pause RED --for 2h": (OK,),
    "pause RED --for ever": (USAGE,),
    "resume RED": (OK,),
    "status": (OK,),
    "status --check": (FAILED,),
    "status --verbose": (OK,),
    "stats": (OK,),
    "stats --since ever": (USAGE,),
    "logs": (NOT_FOUND,),
    "secrets status": (OK,),
    "secrets list": (OK,),
    "secrets delete red.api_key": (NOT_FOUND,),
    "secrets rotate": (NOT_FOUND,),
    "secrets slot list": (OK,),
    "secrets slot remove 5f0c": (NOT_FOUND,),
    "unlock": (NOT_FOUND,),
    "torrent create Album --tracker PED": (NOT_FOUND,),
    "torrent show nothing": (NOT_FOUND,),
    "notify test": (OK,),
    "notify test phone": (NOT_FOUND,),
    "journal verify": (OK,),
    "journal compact": (OK,),
    "journal repair": (OK,),
    "completion bash": (OK,),
}


def test_each_command_ends_with_a_code_of_its_page_and_prints_one_json_value(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    an_album(place).rename(place / "Album")
    assert ended(capsys, place, ["enqueue", "Album"])[0] == OK  # the journal begins
    for line, codes in LINES.items():
        path, words = understood(f"seedpost {line}"), line.split()
        for more in ([], ["--json"]) if path not in WITHOUT_JSON else ([],):
            monkeypatch.setattr(sys, "stdin", io.StringIO("a passphrase"))
            code, printed = ended(capsys, place, [*words, *more])
            assert code in codes, f"{line}: {code}"
            assert f"\n    {code:<3} " in helped(path).split("Exit codes:")[1], f"{line} ends with {code}"
            if more and code == OK:
                json.loads(printed)
    capsys.readouterr()


def test_what_is_nearly_a_command_is_answered_with_the_nearest(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, near in {
        "statsu": "seedpost stats", "queue aprove": "seedpost queue approve", "retry 5f0c": "seedpost queue retry",
        "Status": "seedpost status",
    }.items():  # fmt: skip
        with pytest.raises(SystemExit) as end:
            cli.main(words.split())
        assert (end.value.code, f"hint: did you mean: {near}" in capsys.readouterr().err) == (USAGE, True), words
    for words, near in {"nonsense": "seedpost --help", "queue list --sate held": "--state"}.items():
        with pytest.raises(SystemExit) as end:
            cli.main(words.split())
        assert (end.value.code, near in capsys.readouterr().err) == (USAGE, True), words


def test_not_authorised_is_among_the_codes_of_what_needs_a_key() -> None:
    for path in ("check", "upload", "torrent create", "init", "queue show", "unlock"):
        assert NOT_AUTHORISED in PAGES[path].codes
