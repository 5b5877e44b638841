"""The blocks of rules.yaml as values, where the file is found, and what is warned of."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import watcher.config
from tests.support_rules import HEAD, config, decided, refused
from watcher.config import Config, Seed, find_rules, load, parse, state_of
from watcher.errors import SeedpostError
from watcher.rules import Rate
from watcher.rules.quantities import duration, show_duration, show_size, size

FULL = """\
version: 1
state: /srv/state
defaults: {mode: upload, brake: 5/30m}
seed: {client: home, category: up, tags: [one, two]}
clients:
  home: {url: 'https://box.example/qb/', username: me, poll: 1500ms, ca_file: /etc/ca.pem}
  attic: {url: 'http://127.0.0.1:8081', path_map: {/data: /srv/attic, /data/new: /srv/ssd}}
folders:
  - {name: rips, path: /srv/rips, settle: 1h30m, ready: '*.log', depth: 2, client: attic}
  - {name: plain, path: ~/in}
trackers:
  RED: {type: redacted, limit: 20/day, cover: wanted, image: 'https://i.example/a.png', seed: {client: none, tags: red}}
  OPS: {type: orpheus, mode: review, exclude: ['*.nfo']}
  LOCAL: {type: sandbox-redacted, url: 'http://127.0.0.1:9000', quiet: 2s, deadline: 1s, share: .5, stage: ~/stage}
rules:
  - {name: all, match: {}, upload_to: [RED, OPS, LOCAL]}
notify: {phone: {on: [job.held, 'client.*']}, mail: {}}
"""


@pytest.fixture
def full() -> Config:
    """Every block once."""
    return parse(FULL.encode(), "/etc/seedpost/rules.yaml")


def test_the_top_of_the_file(full: Config) -> None:
    assert (full.path, full.state) == (Path("/etc/seedpost/rules.yaml"), Path("/srv/state"))
    assert (full.mode, full.brake) == ("upload", Rate(5, 1800.0))
    assert full.digest == hashlib.sha256(FULL.encode()).hexdigest()
    assert full.text == FULL.encode()
    assert full.files == (full.path,)
    count, seconds = full.brake
    assert (count, seconds, str(full.brake)) == (5, 1800.0, "5/30m")


def test_clients(full: Config) -> None:
    home, attic = full.clients["home"], full.clients["attic"]
    assert (home.name, home.url, home.username, home.poll) == ("home", "https://box.example/qb", "me", 1.5)
    assert home.ca_file == Path("/etc/ca.pem")
    assert (attic.username, attic.poll, attic.ca_file) == ("admin", 2.0, None)
    assert attic.path_map == (("/data", "/srv/attic"), ("/data/new", "/srv/ssd"))


def test_folders(full: Config) -> None:
    rips, plain = full.folders
    assert (rips.name, rips.path, rips.settle, rips.ready) == ("rips", Path("/srv/rips"), 5400.0, "*.log")
    assert (rips.depth, rips.client) == (2, "attic")
    assert (plain.path, plain.settle, plain.ready, plain.depth) == (Path.home() / "in", 600.0, None, 1)
    assert plain.client is None


def test_trackers_have_their_types_values_where_nothing_is_said(full: Config) -> None:
    red, ops = full.trackers["RED"], full.trackers["OPS"]
    assert (red.name, red.type, red.site, red.url) == ("RED", "redacted", "redacted.sh", None)
    assert (red.limit, red.mode, red.quiet, red.deadline, red.share) == (Rate(20, 86400.0), None, 600.0, 90.0, 1.0)
    assert (red.new_group, red.web_flac, red.cover) == ("review", "review", "wanted")
    assert (ops.cover, ops.mode, ops.exclude, ops.limit, ops.seed) == ("wanted", "review", ("*.nfo",), None, None)


def test_a_sandbox_is_a_site_of_its_own_and_takes_any_quiet_and_deadline(full: Config) -> None:
    local = full.trackers["LOCAL"]
    assert (local.site, local.url) == ("sandbox:redacted:127.0.0.1", "http://127.0.0.1:9000")
    assert (local.quiet, local.deadline, local.share, local.stage) == (2.0, 1.0, 0.5, Path.home() / "stage")


def test_what_a_tracker_is_opened_with(full: Config) -> None:
    assert full.trackers["LOCAL"].settings == {
        "url": "http://127.0.0.1:9000",
        "quiet": 2.0,
        "deadline": 1.0,
        "share": 0.5,
        "cover": "required",
    }
    assert full.trackers["RED"].settings["image"] == "https://i.example/a.png"


def test_seeding_of_a_tracker_is_over_the_files(full: Config) -> None:
    assert full.seed == Seed("home", "up", ("one", "two"))
    assert full.trackers["RED"].seed == Seed(None, "up", ("red",))


def test_targets_of_notifications(full: Config) -> None:
    assert full.notify["phone"].on == ("job.held", "client.*")
    assert "job.held" in full.notify["mail"].on
    assert full.notify["mail"].idle == 21600.0


def test_a_config_can_not_be_changed(full: Config) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        full.mode = "upload"  # type: ignore[misc]


def test_the_smallest_file_has_the_defaults() -> None:
    found = parse(b"version: 1\nrules: []\n")
    assert (found.mode, found.brake, found.state) == (
        "dry_run",
        Rate(10, 3600.0),
        Path.home() / ".local/state/seedpost",
    )
    assert (found.seed, dict(found.trackers), found.folders) == (Seed(), {}, ())
    assert [str(one) for one in found.warnings] == [
        "rules.yaml:1:1: nothing will be seeded: no client is named under `seed`"
    ]


def test_without_seed_the_only_client_seeds() -> None:
    text = "version: 1\nclients: {box: {url: 'http://127.0.0.1:1'}}\nrules: []\n"
    assert parse(text.encode()).seed.client == "box"
    two = text.replace("}}\n", "}, attic: {url: 'http://127.0.0.1:2'}}\n")
    (problem,) = refused(two)
    assert "there are several clients" in problem.message


@pytest.mark.parametrize(
    ("client", "warned"),
    [("http://qbittorrent:8080", 0), ("http://10.0.0.2", 0), ("http://box.example", 1), ("https://box.example", 0)],
)
def test_a_password_that_would_cross_the_net_in_clear_is_warned_of(client: str, warned: int) -> None:
    found = parse(f"version: 1\nclients: {{box: {{url: '{client}'}}}}\nrules: []\n".encode())
    assert len(found.warnings) == warned


def warnings(body: str) -> list[str]:
    """What is warned of, without the seeding that the head has none of."""
    return [str(one) for one in config(body).warnings if "seeded" not in one.message]


def test_what_is_never_used_is_warned_of() -> None:
    assert warnings(
        "lists: {used: [a], idle: [b]}\nrules:\n- {name: a, match: {group: $used}, upload_to: [RED]}\n"
    ) == [
        "rules.yaml:3:35: no rule names tracker 'OPS'",
        "rules.yaml:4:20: list 'idle' is never used",
    ]


def test_a_guard_that_stops_everything_is_warned_of() -> None:
    body = "guards: [{name: g, match: {}}]\nrules: [{name: a, match: {}, upload_to: [RED, OPS]}]\n"
    assert warnings(body) == ["rules.yaml:4:10: this guard matches everything: nothing will ever be uploaded"]


def test_an_exact_size_is_warned_of() -> None:
    body = "rules: [{name: a, match: {size: 3 MiB}, upload_to: [RED, OPS]}]\n"
    assert warnings(body) == ["rules.yaml:4:33: 'size' is hardly ever exactly this"]


def test_not_over_several_keys_is_warned_of() -> None:
    body = "rules: [{name: a, match: {not: {kind: tv, group: x}}, upload_to: [RED, OPS]}]\n"
    assert warnings(body) == ["rules.yaml:4:27: `not` over several keys is true unless all of them hold"]


COVERED = [
    ("{}", "{kind: tv}"),
    ("{kind: tv}", "{kind: TV}"),
    ("{kind: [tv, movie]}", "{kind: tv, group: x}"),
    ("{group: 'a*'}", "{group: [abc, 'a*']}"),
    ("{group: {regex: x}}", "{group: {regex: x}, kind: tv}"),
    ("{size: {min: 1 GiB}}", "{size: {min: 2 GiB, max: 3 GiB}}"),
    ("{size: {max: 3 GiB}}", "{size: {max: 2 GiB}}"),
    ("{music.year: {min: 1990}}", "{music.year: [1990, 2000]}"),
    ("{torrent.tags: [a, b]}", "{torrent.tags: {all_of: [a, c]}}"),
    ("{group: {exists: true}}", "{group: x}"),
    ("{any: [{kind: tv}, {kind: movie}]}", "{kind: tv}"),
    ("{any: [{kind: tv, group: x}, {kind: movie}]}", "{kind: tv, group: X}"),
    ("{kind: [tv, movie]}", "{any: [{kind: tv}, {kind: movie, group: x}]}"),
    ("{not: {group: x}}", "{not: {group: x}, kind: tv}"),
    ("{all: [{kind: tv}, {group: x}]}", "{group: x, kind: tv, scene: true}"),
    ("{torrent.added_complete: true}", "{torrent.added_complete: true, kind: tv}"),
]
FREE = [
    ("{kind: tv}", "{}"),
    ("{kind: tv, group: x}", "{kind: tv}"),
    ("{kind: tv}", "{kind: [tv, movie]}"),
    ("{group: abc}", "{group: 'a*'}"),
    ("{size: {min: 2 GiB}}", "{size: {min: 1 GiB}}"),
    ("{size: {min: 1 GiB}}", "{size: {max: 2 GiB}}"),
    ("{size: {min: 1 GiB}}", "{size: {exists: true}}"),
    ("{torrent.tags: {all_of: [a, b]}}", "{torrent.tags: a}"),
    ("{group: {exists: false}}", "{group: x}"),
    ("{kind: tv}", "{any: [{kind: tv}, {group: x}]}"),
    ("{not: {group: x}}", "{group: z}"),
    ("{kind: tv}", "{kind: tv, torrent.added_complete: true}"),
    ("{group: {none_of: [x]}}", "{group: z}"),
]


@pytest.mark.parametrize(("above", "below"), COVERED)
def test_a_rule_below_one_that_takes_all_of_it_is_warned_of(above: str, below: str) -> None:
    body = f"rules:\n- {{name: a, match: {above}, upload_to: [RED]}}\n- {{name: b, match: {below}, upload_to: [OPS]}}\n"
    assert warnings(body) == ["rules.yaml:6:3: rule 'b' can never match: rule 'a' above it takes all of it"]
    assert warnings(body.replace("name: a,", "name: a, continue: true,")) == []
    assert warnings(body.replace("name: a,", "name: a, enabled: false,")) == []


@pytest.mark.parametrize(("above", "below"), FREE)
def test_a_rule_that_can_match_is_not_warned_of(above: str, below: str) -> None:
    body = f"rules:\n- {{name: a, match: {above}, upload_to: [RED]}}\n- {{name: b, match: {below}, upload_to: [OPS]}}\n"
    assert warnings(body) == []


def test_a_list_may_lie_in_a_file_beside_the_rules(tmp_path: Path) -> None:
    (tmp_path / "banned.txt").write_text("# not wanted\n\n  YIFY\nE*O # and this too\n", encoding="utf-8")
    body = "lists: {bad: {file: banned.txt}}\nrules: [{name: a, match: {group: $bad}, upload_to: [RED, OPS]}]\n"
    found = config(body, base=tmp_path)
    assert found.files[1] == tmp_path / "banned.txt"
    assert decided(found, {"group": "yify"}).rule == "a"
    (tmp_path / "rules.yaml").write_text(HEAD + body)
    assert load(tmp_path / "rules.yaml").files == (tmp_path / "rules.yaml", tmp_path / "banned.txt")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "kept.yaml").write_text(HEAD + body)
    assert len(load(tmp_path / "other" / "kept.yaml", base=tmp_path).files) == 2


@pytest.mark.parametrize(
    ("content", "line", "column", "message"),
    [
        (b"", 1, 1, "no word"),
        (b"# only a remark\n", 1, 1, "no word"),
        (b"fine\n\xff\n", 2, 1, "not UTF-8"),
        (b"x\n" * 50_001, 50_001, 1, "more than 50000"),
    ],
)
def test_what_is_wrong_in_a_lists_file_is_told_there(
    tmp_path: Path, content: bytes, line: int, column: int, message: str
) -> None:
    (tmp_path / "banned.txt").write_bytes(content)
    body = "lists: {bad: {file: banned.txt}}\nrules: [{name: a, match: {group: $bad}, upload_to: []}]\n"
    problem = refused(HEAD + body, base=tmp_path)[0]
    assert (problem.file, problem.line, problem.column) == (str(tmp_path / "banned.txt"), line, column)
    assert message in problem.message


def test_a_word_of_a_lists_file_that_does_not_fit_the_field_is_told_there(tmp_path: Path) -> None:
    (tmp_path / "kinds.txt").write_text("music\n  musik\n")
    body = "lists: {k: {file: kinds.txt}}\nrules: [{name: a, match: {kind: $k}, upload_to: []}]\n"
    (problem,) = refused(HEAD + body, base=tmp_path)
    assert str(problem) == f"{tmp_path / 'kinds.txt'}:2:3: 'kind' wants a word, got 'musik', did you mean 'music'?"


def test_every_problem_is_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        HEAD + "otherwise: maybe\nrules:\n- {name: a, match: {knd: tv, size: {min: 3}}, upload_to: [RAD]}\nfolders: 3\n"
    )
    problems = refused(text)
    assert [(one.line, one.column) for one in problems] == [(4, 12), (6, 21), (6, 42), (6, 59), (7, 10)]
    assert problems == sorted(problems)


def test_an_error_names_the_file_and_tells_how_many() -> None:
    with pytest.raises(SeedpostError) as caught:
        parse(b"version: 2\nrules: 3\n", "/etc/rules.yaml")
    assert str(caught.value).split("\n")[:2] == [
        "/etc/rules.yaml has 2 problems",
        "/etc/rules.yaml:1:10: 'version' wants the number 1, got '2'",
    ]
    assert caught.value.hint


def test_a_problem_can_be_told_to_programs() -> None:
    (problem,) = refused("version: 1\nrules: []\nseeds: {}\n")
    assert problem.as_json() == {
        "severity": "error",
        "file": "rules.yaml",
        "line": 3,
        "column": 1,
        "message": "unknown key 'seeds' in rules.yaml, did you mean 'seed'?",
        "hint": problem.hint,
    }
    assert "otherwise" in problem.hint


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("trackers: {RED: {type: redacted, api_key: x}}", "seedpost secrets set red.api_key"),
        ("trackers: {RED: {type: redacted, apikey: x}}", "seedpost secrets set red.api_key"),
        ("trackers: {Box-2: {type: redacted, cookie: x}}", "seedpost secrets set box-2.cookies"),
        ("clients: {box: {url: 'http://127.0.0.1:1', password: x}}", "seedpost secrets set box.password"),
        ("clients: {box: {url: 'http://u:p@127.0.0.1:1'}}", "seedpost secrets set NAME"),
        ("notify: {phone: {token: x}}", "seedpost secrets set notify.phone"),
        ("state: /srv/aaaabbbbccccddddeeeeffff00001111", "seedpost secrets set NAME"),
        ("state: /srv?passkey=abc", "seedpost secrets set NAME"),
        ("lists: {a: [0a1b2c3d.00112233445566778899aabbccddeeff]}", "seedpost secrets set NAME"),
    ],
)
def test_a_secret_is_refused_with_the_command_that_stores_it_and_never_repeated(line: str, command: str) -> None:
    problems = refused(f"version: 1\nrules: []\n{line}\n")
    assert command in [one.hint for one in problems]
    said = " ".join(one.message + one.hint for one in problems)
    assert "u:p" not in said
    assert not any(len(word) >= 32 for word in said.replace(".", " ").replace("/", " ").split())


def test_an_info_hash_is_no_secret_where_one_is_asked_for() -> None:
    found = config(
        "rules: [{name: a, match: {torrent.infohash: 2c6b6858d61da9543d4231a71db4b1c9264b0685}, upload_to: []}]\n"
    )
    assert decided(found, {"torrent.infohash": "2C6B6858D61DA9543D4231A71DB4B1C9264B0685"}).rule == "a"


def test_rules_are_looked_for_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    home, option, named = tmp_path / "home", tmp_path / "option.yaml", tmp_path / "named.yaml"
    own = home / ".config" / "seedpost" / "rules.yaml"
    own.parent.mkdir(parents=True)
    for path in (option, named, own, tmp_path / "rules.yaml"):
        path.write_text("x")
    environ = {"HOME": str(home), "SEEDPOST_RULES": str(named)}
    assert find_rules(Path("option.yaml"), environ) == option
    assert find_rules(None, environ) == named
    assert find_rules(None, {"HOME": str(home)}) == own
    xdg = tmp_path / "xdg" / "seedpost" / "rules.yaml"
    xdg.parent.mkdir(parents=True)
    xdg.write_text("x")
    assert find_rules(None, {"HOME": str(home), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}) == xdg


def test_the_current_folder_is_never_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text("x")
    monkeypatch.setattr("watcher.config.files.SYSTEM", tmp_path / "etc.yaml")
    with pytest.raises(SeedpostError, match=r"there is no rules\.yaml") as caught:
        find_rules(None, {"HOME": str(tmp_path / "home")})
    assert caught.value.exit_code == 78
    assert "seedpost init" in caught.value.hint
    (tmp_path / "etc.yaml").write_text("x")
    assert find_rules(None, {"HOME": str(tmp_path / "home")}) == tmp_path / "etc.yaml"


@pytest.mark.parametrize("environ", [{}, {"SEEDPOST_RULES": "/no/such/rules.yaml"}])
def test_a_file_that_was_named_has_to_be_there(environ: dict[str, str]) -> None:
    with pytest.raises(SeedpostError, match="no such file") as caught:
        find_rules(None if environ else Path("/no/such/file"), environ)
    assert caught.value.exit_code == 78


STATES = [
    ("state: /srv/x\n", "/srv/x"),
    ("state:   /srv/x   # journal\n", "/srv/x"),
    ("state: '/srv/a b'\n", "/srv/a b"),
    ('state: "/srv/x"\n', "/srv/x"),
    ("state: /srv/with#hash\n", "/srv/with#hash"),
    ("state: ~/x\r\n", "~/x"),
    ("'state': /srv/x\n", "/srv/x"),
    ("state:\n  /srv/x\n", "/srv/x"),
    ("", "~/.local/state/seedpost"),
    ("# state: /srv/x\n", "~/.local/state/seedpost"),
    ("defaults:\n  mode: upload # state: x\n", "~/.local/state/seedpost"),
]


@pytest.mark.parametrize(("line", "folder"), STATES)
def test_the_state_folder_is_read_alone_and_as_the_whole_file_has_it(tmp_path: Path, line: str, folder: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(f"version: 1\n{line}rules: []\n".encode())
    assert state_of(path) == Path(os.path.expanduser(folder)) == load(path).state


def test_the_state_folder_is_told_also_by_a_file_with_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("version: 1\nstate: /srv/x\nrules: [\n")
    assert state_of(path) == Path("/srv/x")
    path.write_text("{version: 1, state: /srv/y, rules: []}\n")
    assert state_of(path) == Path("/srv/y") == load(path).state
    path.write_text("state: [\n")
    assert state_of(path) == Path.home() / ".local/state/seedpost"


def test_looking_for_the_state_folder_loads_neither_yaml_nor_re2() -> None:
    heavy = "{'yaml', 're2', 'watcher.rules'}"
    code = f"import sys, watcher.config as c; c.state_of; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_package_has_what_it_names_and_nothing_else() -> None:
    for name in watcher.config.__all__:
        assert getattr(watcher.config, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'loads'"):
        watcher.config.loads  # noqa: B018


@given(st.integers(1, 10**15))
@settings(deadline=None)
def test_a_size_that_is_shown_reads_back_as_itself(count: int) -> None:
    shown = show_size(count)
    exact = shown.partition("(")[2].rstrip(")") or shown
    assert size(exact) == count


@given(st.sampled_from(("s", "m", "h", "d", "w")), st.integers(1, 400))
def test_a_time_that_is_shown_reads_back_as_itself(unit: str, count: int) -> None:
    seconds = duration(f"{count}{unit}")
    assert duration(show_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("1500ms", 1.5),
        ("90 s", 90),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("2 days", 172800),
        ("1.5h", 5400),
        ("1w", 604800),
        ("1500ms", 1.5),
    ],
)
def test_times_are_read_with_their_units(text: str, seconds: float) -> None:
    assert duration(text) == seconds


def test_a_fraction_of_a_second_is_shown_in_full() -> None:
    assert show_duration(1.5) == "1.5s"


@pytest.mark.parametrize(
    ("text", "count"), [("1 B", 1), ("1kb", 1000), ("1 KiB", 1024), ("1.5 GiB", 3 * 2**29), ("2TB", 2 * 10**12)]
)
def test_sizes_are_read_with_their_units(text: str, count: int) -> None:
    assert size(text) == count
