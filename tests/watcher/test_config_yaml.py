"""Reading YAML: strict, bounded, with positions. The faults R1 to R15 of docs that are about reading, by their ids."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
import yaml

from tests.support_rules import HEAD, config, decided, marked, refused
from watcher.config import RulesInvalid, load, parse, reading
from watcher.config.files import read_file
from watcher.errors import SeedpostError
from watcher.rules.nodes import Problems

GOOD = HEAD + "rules: []\n"


def only(text: str | bytes) -> tuple[int, int, str]:
    """Line, column and message of the one problem of a file."""
    (problem,) = refused(text)
    return problem.line, problem.column, problem.message


def test_R1_a_syntax_error_names_its_line_and_column_once() -> None:
    assert only("version: 1\nrules:\n- {name: a, match: {}\n  upload_to: [RED]}\n")[:2] == (3, 3)


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "---\n", "\ufeff"])
def test_R2_an_empty_file_is_an_error_and_not_a_file_without_rules(text: str) -> None:
    problems = refused(text)
    assert "empty" in problems[0].message or "nothing" in problems[0].message


@pytest.mark.parametrize("cut", range(0, 300, 7))
def test_R2_a_half_written_file_never_loads_as_another(cut: int) -> None:
    whole = GOOD.replace(
        "rules: []", "rules:\n- {name: a, match: {kind: music}, upload_to: [RED, OPS]}\notherwise: hold"
    )
    try:
        found = parse(whole[:cut].encode())
    except RulesInvalid:
        return
    assert len(whole) - cut < len("otherwise: hold\n") + 1
    assert found.rules.rules == parse(whole.encode()).rules.rules


def test_R3_unknown_keys_types_and_values_are_refused_with_the_nearest_name() -> None:
    assert only(GOOD + "otherwize: hold\n")[2] == "unknown key 'otherwize' in rules.yaml, did you mean 'otherwise'?"
    assert "did you mean 'redacted'?" in only(GOOD.replace("redacted", "redactd"))[2]
    assert "did you mean 'dry_run'?" in only(GOOD + "defaults: {mode: dry-run}\n")[2]


def test_R4_a_key_that_stands_twice_is_refused_and_both_lines_named() -> None:
    assert only(GOOD + "otherwise: hold\nversion: 1\n") == (6, 1, "'version' stands twice, first in line 1")
    text, places = marked(GOOD.replace("[]", "\n- {name: a, match: {kind: tv, §kind: music}, upload_to: []}"))
    line, column, message = only(text)
    assert ({(line, column)}, message) == (places, "'kind' stands twice, first in line 5")


R5 = [
    ("{group: §NO}", "quotes"),
    ("{group: §on}", "quotes"),
    ("{group: §yes}", "quotes"),
    ("{group: §true}", "quotes"),
    ("{group: §1:30}", "base 60"),
    ("{group: §0644}", "octal"),
    ("{group: §0x1F}", "number"),
    ("{group: §1_000}", "number"),
    ("{group: §1.50}", "number"),
    ("{group: §1e3}", "number"),
    ("{group: §.inf}", "number"),
    ("{group: §2026-01-31}", "a date"),
    ("{group: §2026-01-31 10:00:00}", "a date"),
    ("{group: §~}", "nothing"),
    ("{group: §null}", "nothing"),
    ("{group: [x264, §off]}", "quotes"),
    ("{music.has_log: §yes}", "write true"),
    ("{music.has_log: §off}", "write false"),
    ("{music.has_log: §True}", "write true"),
    ("{music.has_log: §'true'}", "write true"),
    ("{music.has_log: §1}", "write true"),
    ("{music.year: §0644}", "write 644"),
    ("{music.year: §1:30}", "base 60"),
    ("{music.year: §0x10}", "digits only"),
    ("{music.year: §1_990}", "digits only"),
    ("{music.year: §1990.5}", "digits only"),
    ("{music.year: §²}", "digits only"),
    ("{size: {min: §1:30}}", "units"),
]


@pytest.mark.parametrize(("match", "message"), R5)
def test_R5_what_yaml_might_take_for_something_else_is_refused_in_words_that_help(match: str, message: str) -> None:
    text, places = marked(GOOD.replace("[]", f"\n- {{name: a, match: {match}, upload_to: []}}"))
    line, column, said = only(text)
    assert {(line, column)} == places
    assert message in said


def test_R5_in_quotes_they_are_what_they_say() -> None:
    for value in ("NO", "on", "1:30", "0644", "2026-01-31", "null", "1.50"):
        found = config(f"rules: [{{name: a, match: {{group: '{value}'}}, upload_to: []}}]\n")
        assert decided(found, {"group": value.lower()}).rule == "a"


def test_R5_on_is_a_key_like_any_other() -> None:
    assert config("rules: []\nnotify: {phone: {on: job.held}}\n").notify["phone"].on == ("job.held",)


def test_R5_whole_numbers_are_texts_where_texts_are_wanted() -> None:
    found = config("rules: [{name: 1917, match: {movie.title: 1917}, upload_to: []}]\n")
    assert decided(found, {"movie.title": "1917"}).rule == "1917"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(?=x)y", "look-ahead"),
        ("(?<!x)y", "look-behind"),
        (r"(a)\1", "back-references"),
        ("(", "missing"),
        ("a{1001}", "repetition"),
        ("((a{500}){500}){500}", "repetition"),
        ("x" * 513, "512"),
    ],
)
def test_R6_R7_patterns_that_linear_time_rules_out_are_refused_and_the_message_says_which(
    pattern: str, message: str
) -> None:
    text, places = marked(
        GOOD.replace("[]", f"\n- {{name: a, match: {{name: {{regex: §'{pattern}'}}}}, upload_to: []}}")
    )
    line, column, said = only(text)
    assert {(line, column)} == places
    assert message in said


def test_R6_a_hostile_pattern_is_harmless() -> None:
    found = config("rules: [{name: a, match: {name: {regex: '(a*)*(a|aa)+b(a+)+$'}}, upload_to: []}]\n")
    assert decided(found, {"name": "a" * 65536}).rule is None
    found = config(f"rules: [{{name: a, match: {{name: '{'*a' * 200}b'}}, upload_to: []}}]\n")
    assert decided(found, {"name": "a" * 65536}).rule is None


BOMB = "a: &a [x]\n" + "".join(
    f"b{n}: &b{n} [{', '.join(['*' + ('a' if n == 0 else f'b{n - 1}')] * 9)}]\n" for n in range(12)
)


def test_R8_anchors_and_aliases_are_refused_and_a_bomb_of_them_costs_nothing() -> None:
    said = [(one.line, one.column, one.message) for one in refused(BOMB)]
    assert (1, 4, "anchors such as '&a' are not read") in said
    assert (2, 10, "'*a' without quotes is an alias, and aliases are not read") in said


def test_R8_more_nodes_than_a_rules_file_has_are_refused() -> None:
    line, _, message = only("a: [" + "1," * 100_001 + "]")
    assert line == 1
    assert "100000" in message


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 50_000, "- " * 100_000, "[" * 3_000 + "]" * 3_000])
def test_R9_brackets_in_brackets_are_counted_before_anything_recurses(text: str) -> None:
    assert "nested more than 64 deep" in only(text)[2]


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system ['x']", "!!str x", "!x y", "!!binary aGk=", "! x"])
def test_R10_tags_are_refused(tag: str) -> None:
    said = {(one.line, one.column, one.message) for one in refused(GOOD + f"otherwise: {tag}\n")}
    assert (5, 12, "tags that begin with ! are not read") in said


def test_R11_a_file_that_is_gone_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SeedpostError, match=r"gone\.yaml can't be read: No such file") as caught:
        load(tmp_path / "gone.yaml")
    assert caught.value.exit_code == 78


def test_R12_a_file_over_a_mebibyte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(GOOD + "# " + "x" * 2**20)
    with pytest.raises(RulesInvalid, match="larger than 1024 KiB"):
        load(path)


def test_R12_a_pipe_a_folder_and_a_device_are_no_rules_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero", "."):
        with pytest.raises(SeedpostError, match="no regular file") as caught:
            load(tmp_path / name)
        assert caught.value.exit_code == 78


def test_R12_a_link_to_a_file_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text(GOOD)
    (tmp_path / "rules.yaml").symlink_to("real.yaml")
    assert load(tmp_path / "rules.yaml").path == tmp_path / "rules.yaml"


def test_R13_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    assert parse(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()).rules.rules == ()
    broken = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode() + b"otherwise: x\r\n"
    (problem,) = refused(broken)
    assert (problem.line, problem.column) == (5, 12)


@pytest.mark.parametrize(
    ("data", "line", "column", "message"),
    [
        (GOOD.encode() + b"otherwise: h\xe9ld\n", 5, 13, "not UTF-8"),
        ("otherwise: ü\n".encode() + b"\xff", 2, 1, "not UTF-8"),
        (GOOD.encode("utf-16"), 1, 1, "UTF-16"),
        (GOOD.encode() + b"otherwise: h\x00ld\n", 5, 13, "U+0000"),
        (GOOD.encode() + b"otherwise: \x1b[31mhold\n", 5, 12, "U+001B"),
        (GOOD.encode() + b"x:\n\ty: 1\n", 6, 1, "tab"),
        (GOOD.encode() + b"x:\n  y: 1\n\tz: 1\n", 7, 1, "tab"),
    ],
)
def test_R13_what_is_no_text_is_refused_at_its_place(data: bytes, line: int, column: int, message: str) -> None:
    (problem,) = refused(data)
    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message


def test_R15_a_file_that_everybody_may_write_is_refused_with_what_to_type(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(GOOD)
    path.chmod(0o666)
    with pytest.raises(SeedpostError, match="written by everybody") as caught:
        load(path)
    assert caught.value.hint == f"chmod o-w {path}"
    path.chmod(0o664)
    assert load(path).rules.rules == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another group")
def test_R15_a_file_that_another_group_may_write_is_refused_and_one_of_our_own_is_not(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("version: 1\n")
    path.chmod(0o664)
    os.chown(path, -1, os.getegid())
    assert read_file(path)
    os.chown(path, -1, os.getegid() + 12_345)
    with pytest.raises(SeedpostError, match="group with id") as caught:
        read_file(path)
    assert caught.value.hint == f"chmod g-w {path}"
    path.chmod(0o644)
    assert read_file(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_R15_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(GOOD)
    os.chown(path, 12345, -1)
    with pytest.raises(SeedpostError, match=r"belongs to another user \(uid 12345\)") as caught:
        load(path)
    assert f"chown 0 {path}" in caught.value.hint


def test_R15_the_owner_is_looked_at_on_the_open_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(GOOD)
    other = os.stat_result((stat.S_IFREG | 0o644, 1, 1, 1, os.geteuid() + 1, 0, 1, 0, 0, 0))
    monkeypatch.setattr(os, "fstat", lambda _: other)
    with pytest.raises(SeedpostError, match="belongs to another user"):
        load(path)


def test_a_file_that_can_not_be_read_to_its_end_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if not Path("/proc/self/mem").exists():
        pytest.skip("needs /proc")
    link = tmp_path / "rules.yaml"
    link.symlink_to("/proc/self/mem")
    with pytest.raises(SeedpostError, match="can't be read"):
        load(link)


SYNTAX = [
    ("a: §*.log", "alias"),
    ("a: §*x264", "alias"),
    ("a: §@foo", "@"),
    ("a: §`foo`", "`"),
    ("a: §%I", "%"),
    ('a: "§\\d+"', "backslash"),
    ("a: b§: c", "colon"),
    ("a: §[1, 2\nb: 3", "brackets"),
    ("a: §{x: 1\nb: 2", "braces"),
    ("a: {x: 1§]", "braces"),
    ("a: [x§}", "brackets"),
    ("a: §'x\nb: 2\n", "closing"),
    ('a: §"x', "closing"),
    ("a:\n  b: 1\n §c: 2", "line up"),
    ("- a\n§b: 1", "line up"),
    ("a: §- b", "list can't begin"),
    ("a: 1\n§- b", "line up"),
    ("§<<: {a: 1}", "merge"),
    ("? §[a]\n: 1", "key can't be"),
    ("§~: 1", "key without a name"),
    ("a: 1\n§---\nb: 2", "second document"),
    ("a: >§x", "no YAML"),
]


@pytest.mark.parametrize(("text", "message"), SYNTAX)
def test_what_is_no_yaml_is_told_in_words_that_say_what_to_change(text: str, message: str) -> None:
    text, places = marked(text)
    (found,) = [one for one in refused(text) if message in one.message + one.hint]
    assert {(found.line, found.column)} == places


def test_messages_never_repeat_the_text_of_a_line_that_can_not_be_parsed() -> None:
    for problem in refused("trackers: {RED: {api_key: 'hunter2-hunter2\n"):
        assert "hunter2" not in problem.message + problem.hint


def test_without_libyaml_the_same_file_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = GOOD.replace("[]", "\n- {name: a, match: {group: [x, 'y']}, upload_to: [RED]}").encode()
    fast, slow = Problems("f"), Problems("f")
    first = reading.tree(text, fast)
    monkeypatch.setattr(reading, "_Parser", yaml.SafeLoader)
    assert reading.tree(text, slow) == first
    assert reading.tree(b"[" * 5000, slow) is None
