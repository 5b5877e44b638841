"""Files with mistakes: each is refused, with the line and column of the token that is wrong, and nothing else is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support_rules import marked, refused
from watcher.config import RulesInvalid, parse
from watcher.config.reading import tree
from watcher.rules.nodes import Block, Items, Node, Problems, Scalar

GOOD = """\
version: 1
state: ~/seedpost-state
defaults: {mode: dry_run, brake: 10/h}
seed: {client: box, category: seedpost, tags: [seedpost]}
clients:
  box: {url: 'http://127.0.0.1:8080', username: admin, poll: 2s, path_map: {/downloads: /srv/downloads}}
folders:
  - {name: rips, path: /srv/rips, settle: 30m, ready: '*.log', depth: 1, client: box}
trackers:
  RED: {type: redacted, mode: review, limit: 20/day, share: 0.5, quiet: 15m, deadline: 2m, seed: {tags: [red]}}
  OPS: {type: orpheus, new_group: upload, web_flac: review, cover: wanted, stage: /srv/stage, exclude: '*.nfo'}
lists: {banned: [YIFY, EVO]}
guards:
  - {name: opted-out, match: {torrent.tags: [no-upload]}}
rules:
  - name: lossless
    match:
      kind: music
      music.format: FLAC
      size: {min: 20 MiB, max: 2 GiB}
      any:
        - music.media: WEB
        - {music.media: CD, music.has_log: true}
      not: {group: $banned}
    require: {music.tags_complete: true, music.log_score: {min: 90}}
    set: {music.genre.add: [flac]}
    upload_to:
      RED: {}
      OPS: {set: {releasetype: EP, title: '{music.album}'}, delay: 10m, mode: review, new_group: review, cover: wanted}
    continue: false
    enabled: true
    note: for people
otherwise: skip
notify: {phone: {on: [job.held], idle: 6h}}
tests:
  - given: {kind: music, music.format: FLAC, size: 300 MiB, music.media: WEB, music.tags_complete: true}
    expect: {rule: lossless, upload_to: [RED, OPS], mode: review, hold: require}
    name: an album
"""

# What stands in GOOD, what stands there instead with § before each token that is wrong, a part of the first message.
MISTAKES = [
    # the top
    ("version: 1", "§version: 1\nversion: 1"[1:].replace("\nversion", "\n§version"), "stands twice"),
    ("version: 1", "version: §2", "the number 1"),
    ("version: 1", "version: §one", "the number 1"),
    ("version: 1\n", "§verzion: 1\n", "unknown key 'verzion' in rules.yaml, did you mean 'version'?"),
    ("state: ~/seedpost-state", "state: §seedpost", "relative"),
    ("state: ~/seedpost-state", "state: §{a: b}", "got a map"),
    ("state: ~/seedpost-state", "state: §~nobody-here/x", "no home folder"),
    ("state: ~/seedpost-state", "state: §~", "got nothing"),
    ("otherwise: skip", "otherwise: §hodl", "did you mean 'hold'?"),
    ("otherwise: skip", "§otherwize: skip", "did you mean 'otherwise'?"),
    # defaults, seed
    ("mode: dry_run,", "mode: §dryrun,", "did you mean 'dry_run'?"),
    ("mode: dry_run,", "§mod: dry_run,", "did you mean 'mode'?"),
    ("brake: 10/h", "brake: §10", "a number, a slash and a time"),
    ("brake: 10/h", "brake: §0/h", "neither may be 0"),
    ("brake: 10/h", "brake: §10/fortnight", "units are"),
    ("defaults: {", "defaults: §[{", "brackets"),
    ("defaults: {mode: dry_run, brake: 10/h}", "defaults: §[]", "'defaults' wants a map, got a list"),
    ("client: box, category", "client: §bix, category", "no client 'bix', did you mean 'box'? (have: box)"),
    ("client: box, category", "client: §[], category", "got a list"),
    ("tags: [seedpost]", "tags: [§off]", "a boolean"),
    ("tags: [seedpost]", "tags: §{a: b}", "or a list of them"),
    # clients, folders
    ("  box: {url", "  §b/x: {url", "a name of letters"),
    ("box: {url: 'http://127.0.0.1:8080', ", "box: §{", "clients.box has no 'url'"),
    ("'http://127.0.0.1:8080'", "§'ftp://127.0.0.1'", "an address such as"),
    ("'http://127.0.0.1:8080'", "§'http://127.0.0.1:99999'", "Port out of range"),
    ("'http://127.0.0.1:8080'", "§'http://127.0.0.1:8080/?a=b'", "without user"),
    ("'http://127.0.0.1:8080'", "§'http://admin:admin@127.0.0.1'", "looks like a secret"),
    ("username: admin", "§password: admin", "a secret has no place"),
    ("username: admin", "username: admin, §api_key: x", "a secret has no place"),
    ("username: admin", "username: §0123456789abcdef0123456789abcdef", "looks like a secret"),
    ("poll: 2s", "poll: §2", "without a unit"),
    ("poll: 2s", "poll: §500ms", "at least 1s"),
    ("poll: 2s", "§pol: 2s", "did you mean 'poll'?"),
    ("{/downloads: /srv/downloads}", "{§downloads: /srv/downloads}", "begins with /"),
    ("{/downloads: /srv/downloads}", "{/downloads: /srv, /more: §/srv}", "must be one to one"),
    ("{/downloads: /srv/downloads}", "{/downloads: §/srv/../x}", "without .."),
    ("{/downloads: /srv/downloads}", "§/downloads", "wants a map"),
    ("name: rips, ", "", "folder has no 'name'"),
    ("  - {name: rips", "  - {name: §r!ps", "a name of letters"),
    ("path: /srv/rips", "path: §rips", "relative"),
    ("settle: 30m", "settle: §1:30", "write 1h30m or 90s"),
    ("settle: 30m", "settle: §30 parsecs", "units are"),
    ("settle: 30m", "§setle: 30m", "did you mean 'settle'?"),
    ("depth: 1", "depth: §0", "from 1 to 8"),
    ("depth: 1", "depth: §01", "leading 0"),
    ("client: box}\n", "client: §bax}\n", "no client 'bax'"),
    ("  - {name: rips", "  - §loose\n  - {name: rips", "wants a list of maps"),
    ("folders:\n  - {name: rips", "folders: §{name: rips", "wants a list, got a map"),
    # trackers
    ("type: redacted", "type: §redactd", "did you mean 'redacted'?"),
    ("  RED: {type: redacted, ", "  RED: §{", "trackers.RED has no 'type'"),
    ("mode: review, limit", "mode: §revew, limit", "did you mean 'review'?"),
    ("limit: 20/day", "limit: §20", "a rate such as"),
    ("limit: 20/day", "§limits: 20/day", "did you mean 'limit'?"),
    ("share: 0.5", "share: §2", "at most 1"),
    ("share: 0.5", "share: §0.0", "above 0"),
    ("quiet: 15m", "quiet: §2s", "may not be less than 10m"),
    ("deadline: 2m", "deadline: §5s", "may not be less than 30s"),
    ("seed: {tags: [red]}", "seed: {§tag: [red]}", "did you mean 'tags'?"),
    ("seed: {tags: [red]}", "seed: {client: §bux}", "no client 'bux'"),
    ("new_group: upload", "new_group: §yes", "one of review, upload"),
    ("new_group: upload", "new_group: upload, §passkey: x", "a secret has no place"),
    ("cover: wanted, stage", "cover: §want, stage", "did you mean 'wanted'?"),
    ("stage: /srv/stage", "stage: §stage", "relative"),
    ("OPS: {type: orpheus, ", "§OPS: {type: orpheus, ".replace("§OPS", "§red"), "can't be told apart"),
    ("{type: orpheus, ", "{type: orpheus, url: §'http://ops.example', ", "https:// everywhere"),
    ("{type: orpheus, ", "{type: sandbox-orpheus, url: §'https://ops.example', ", "this machine alone"),
    ("OPS: {type: orpheus, ", "OPS: §{type: sandbox-orpheus, ", "needs its 'url'"),
    # lists, guards
    ("{banned: [YIFY, EVO]}", "{banned: §YIFY}", "wants a list"),
    ("{banned: [YIFY, EVO]}", "{banned: §[]}", "is empty"),
    ("{banned: [YIFY, EVO]}", "{banned: [YIFY, §[EVO]]}", "single values"),
    ("{banned: [YIFY, EVO]}", "{banned: [YIFY, §no]}", "a boolean"),
    ("{banned: [YIFY, EVO]}", "{banned: [YIFY, EVO], more: {§fil: x, file: /dev/null}}", "did you mean 'file'?"),
    ("{banned: [YIFY, EVO]}", "{banned: [YIFY, EVO], more: §{}}", "wants its 'file'"),
    ("{banned: [YIFY, EVO]}", "{banned: [YIFY, EVO], more: {file: §/no/such/file}}", "No such file"),
    ("{banned: [YIFY, EVO]}", "{banned: [YIFY, EVO], more: {file: §/dev/null}}", "no regular file"),
    ("{banned: [YIFY, EVO]}", "§[YIFY]", "wants a map from names"),
    ("name: opted-out, ", "", "guard has no 'name'"),
    ("match: {torrent.tags: [no-upload]}", "§macth: {torrent.tags: [no-upload]}", "did you mean 'match'?"),
    ("{torrent.tags: [no-upload]}", "{§torrent.tag: [no-upload]}", "did you mean 'torrent.tags'?"),
    ("{torrent.tags: [no-upload]}", "{torrent.tags: §[]}", "an empty list"),
    ("{torrent.tags: [no-upload]}", "§[{torrent.tags: x}]", "wants a map of fields, got a list"),
    ("{torrent.tags: [no-upload]}", "{§music.log_score: 90}", "known only once a site was asked"),
    # rules
    ("  - name: lossless\n", "  - §nam: lossless\n", "did you mean 'name'?"),
    ("  - name: lossless\n", "  - name: §opted-out\n", "is the name of another, in line 14"),
    ("      kind: music\n", "      kind: §musik\n", "did you mean 'music'?"),
    ("      kind: music\n", "      kind:§\n", "{exists: false}"),
    ("      kind: music\n", "      §knd: music\n", "did you mean 'kind'?"),
    ("      kind: music\n", "      §category: music\n", "did you mean 'torrent.category'?"),
    ("music.format: FLAC\n", "§music.fromat: FLAC\n", "did you mean 'music.format'?"),
    ("music.format: FLAC\n", "music.format: §FLAK\n", "did you mean 'FLAC'?"),
    ("music.format: FLAC\n", "music.format: §F?A\n", "it fits none of"),
    ("music.format: FLAC\n", "music.format: [FLAC, §[MP3]]\n", "in a list stand single values"),
    ("music.format: FLAC\n", "music.format: {is: §{a: b}}\n", "got a map"),
    ("music.format: FLAC\n", "music.format: {§iz: FLAC}\n", "unknown operator 'iz', did you mean 'is'?"),
    ("music.format: FLAC\n", "music.format: §{}\n", "has no operator"),
    ("music.format: FLAC\n", "music.format: {§all_of: [FLAC]}\n", "it has one value"),
    ("music.format: FLAC\n", "music.format: {§min: 3}\n", "it is no number"),
    ("music.format: FLAC\n", "music.format: {exists: §yes}\n", "write true"),
    ("size: {min: 20 MiB, max: 2 GiB}", "size: {min: §20, max: 2 GiB}", "write 20 B or 20 MiB"),
    ("size: {min: 20 MiB, max: 2 GiB}", "size: {min: §300 bananas, max: 2 GiB}", "got '300 bananas'"),
    ("size: {min: 20 MiB, max: 2 GiB}", "size: {min: 20 MiB, max: §2 MiB}", "max below its min"),
    ("size: {min: 20 MiB, max: 2 GiB}", "size: {§mix: 20 MiB}", "did you mean 'min'?"),
    ("size: {min: 20 MiB, max: 2 GiB}", "size: {§regex: x}", "it is no text"),
    ("size: {min: 20 MiB, max: 2 GiB}", "size: {min: §[]}", "wants a size such as 20 MiB, got a list"),
    ("      size: {", "      music.has_log: {§none_of: [true]}\n      size: {", "write true or false"),
    ("      size: {", "      torrent.added: §7d\n      size: {", "rules have no clock"),
    ("      size: {", "      torrent.added: {§is: 2026-01-31}\n      size: {", "write min and max"),
    ("      size: {", "      tv.date: §2026-13-01\n      size: {", "month must be in 1..12"),
    ("      size: {", "      torrent.added: §2026-02-30\n      size: {", "day is out of range"),
    ("      size: {", "      torrent.tracker: §https://red.example/a/announce\n      size: {", "never an address"),
    ("      size: {", "      name: {regex: §'(?=x)'}\n      size: {", "look-ahead"),
    ("      size: {", "      name: {regex: §''}\n      size: {", "it is empty"),
    ("      size: {", "      name: {glob: [x, §[y]]}\n      size: {", "got a list"),
    ("      any:\n        - music.media: WEB\n", "      any:\n        - §music.media\n", "wants a map of fields"),
    ("      any:\n        - music.media: WEB\n", "      all: §[]\n      any:\n", "got an empty list"),
    (
        "      any:\n        - music.media: WEB\n",
        "      all: §{a: b}\n      any:\n",
        "wants a list of blocks, got a map",
    ),
    ("music.media: CD, music.has_log: true", "music.media: §CDs, music.has_log: true", "did you mean 'CD'?"),
    ("music.media: CD, music.has_log: true", "music.media: CD, music.has_log: §True", "write true"),
    ("not: {group: $banned}", "not: {group: §$baned}", "no list 'baned', did you mean 'banned'?"),
    ("not: {group: $banned}", "not: {§grup: $banned}", "did you mean 'group'?"),
    ("not: {group: $banned}", "not: §[{group: $banned}]", "wants a map of fields"),
    ("not: {group: $banned}", "not: §{}", "never matches"),
    ("not: {group: $banned}", "§nott: {group: $banned}", "did you mean 'not'?"),
    ("require: {music.tags", "require: {§music.tag", "did you mean 'music.tags_complete'?"),
    ("require: {music.tags_complete: true", "require: {music.tags_complete: §ture", "true or false"),
    ("{music.log_score: {min: 90}}"[1:-1], "music.log_score: {min: §ninety}", "a whole number"),
    ("set: {music.genre.add: [flac]}", "set: {§music.genres.add: [flac]}", "did you mean 'music.genre'?"),
    ("set: {music.genre.add: [flac]}", "set: {§tags.add: [flac]}", "unknown key 'tags.add' in set"),
    ("set: {music.genre.add: [flac]}", "set: {§music.year.add: [1]}", "is no list"),
    ("set: {music.genre.add: [flac]}", "set: {§torrent.tags: [a]}", "can't be set"),
    ("set: {music.genre.add: [flac]}", "set: {music.genre.add: §}", "nothing stands here"),
    ("set: {music.genre.add: [flac]}", "set: {music.year: §[1999]}", "a single value is wanted"),
    ("set: {music.genre.add: [flac]}", "set: {music.year: §'nineteen'}", "digits only"),
    ("set: {music.genre.add: [flac]}", "set: {music.media: §CDR}", "did you mean 'CD'?"),
    ("set: {music.genre.add: [flac]}", "set: {scene: §maybe}", "true or false"),
    ("set: {music.genre.add: [flac]}", "set: §none", "'set' wants a map"),
    ("      RED: {}\n", "      §REDD: {}\n", "no tracker 'REDD', did you mean 'RED'? (have: OPS, RED)"),
    ("      RED: {}\n", "      RED: §[]\n", "wants a map, got a list"),
    ("    upload_to:\n      RED: {}\n", "    upload_to:\n      RED: {§mod: review}\n", "did you mean 'mode'?"),
    ("{releasetype: EP, ", "{releasetype: §Epp, ", "did you mean 'EP'?"),
    ("{releasetype: EP, ", "{§releastype: EP, ", "did you mean 'releasetype'?"),
    ("title: '{music.album}'", "title: §'{music.albun}'", "did you mean 'music.album'?"),
    ("title: '{music.album}'", "title: §'{music.album'", "a brace that stands alone"),
    ("title: '{music.album}'", "title: §'{music.log_score}'", "too late for a slot"),
    ("title: '{music.album}'", "title: §'{music.year:x}'", "may stand its width"),
    ("title: '{music.album}'", "title: §'{music.album:02}'", "may stand its width"),
    ("delay: 10m", "delay: §ten minutes", "units are"),
    ("delay: 10m", "§dealy: 10m", "did you mean 'delay'?"),
    ("new_group: review", "new_group: §reviews", "did you mean 'review'?"),
    ("continue: false", "continue: §no", "write false"),
    ("continue: false", "§continues: false", "did you mean 'continue'?"),
    ("enabled: true", "enabled: §1", "write true"),
    ("note: for people", "note:§", "got nothing"),
    ("brake: 10/h", "brake: §''", "a rate such as"),
    ("settle: 30m", "settle: §''", "a time such as"),
    ("  box: {url", "  none: §{url", "can't be named none"),
    ("seed: {client: box, category: seedpost, tags: [seedpost]}", "seed: §box", "'seed' wants a map, got 'box'"),
    ("client: box}\n", "client: box}\n  - {name: two, path: §/srv/rips}\n", "'rips' watches this folder already"),
    ("client: box}\n", "client: box}\n  - {name: §rips, path: /srv/two}\n", "can't be told apart"),
    ("lists: {banned: [YIFY, EVO]}", "lists: {banned: [YIFY, EVO], §b d: [x]}", "a name of letters"),
    ("      kind: music\n", "      kind: {is: §}\n", "nothing stands here"),
    ("      size: {", "      tv.date: §today\n      size: {", "write it as 2026-01-31"),
    (
        "      size: {",
        f"      all: [{'{not: ' * 16}§{{kind: tv}}{'}' * 16}]\n      size: {{",
        "nested more than 16 deep",
    ),
    ("  - name: lossless\n", f"  - name: §{'x' * 81}\n", "at most 80 characters"),
    # notify, tests
    ("on: [job.held]", "on: [§job.helt]", "no event 'job.helt', did you mean 'job.held'?"),
    ("idle: 6h", "idle: §6", "without a unit"),
    ("idle: 6h", "§url: tgram", "unknown key 'url'"),
    ("idle: 6h", "§token: tgram", "a secret has no place"),
    ("given: {kind: music,", "given: {§kin: music,", "did you mean 'kind'?"),
    ("given: {kind: music,", "given: {kind: §musik,", "did you mean 'music'?"),
    ("given: {kind: music,", "given: {kind: §[music, tv],", "has one value, here are 2"),
    ("given: {kind: music,", "given: {kind: {§unknwn: x},", "did you mean 'unknown'?"),
    ("rule: lossless, ", "rule: §losless, ", "no rule 'losless', did you mean 'lossless'?"),
    ("rule: lossless, ", "guard: §opted, ", "no guard 'opted', did you mean 'opted-out'?"),
    ("upload_to: [RED, OPS], mode", "upload_to: [RED, §OBS], mode", "no tracker 'OBS', did you mean 'OPS'?"),
    ("hold: require", "hold: §requires", "did you mean 'require'?"),
    ("hold: require", "§holds: require", "did you mean 'hold'?"),
    ("    name: an album\n", "    §nme: an album\n", "did you mean 'name'?"),
]
# Where a key is missing, the block that lacks it is the token.
MISSING = {"folder has no 'name'": "  - §{path", "guard has no 'name'": "  - §{match"}


# Mistakes that make something else wrong, which is told too.
FOLLOWED_BY = {
    "  §b/x: {url": 2,
    "§[YIFY]": 1,
    "§red: {type: orpheus, ": 2,
    "{banned: [YIFY, EVO], more: {§fil: x, file: /dev/null}}": 1,
    "  - §nam: lossless\n": 1,
    "  - name: §opted-out\n": 1,
    f"  - name: §{'x' * 81}\n": 1,
    "  none: §{url": 2,
}


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES, ids=lambda text: re.sub(r"\s+", " ", text)[:40])
def test_each_mistake_is_told_at_its_token(old: str, new: str, message: str) -> None:
    assert GOOD.count(old) >= 1
    text = GOOD.replace(old, new, 1)
    if message in MISSING:
        text = text.replace(MISSING[message].replace("§", ""), MISSING[message], 1)
    text, places = marked(text)
    problems = refused(text)
    told = {(one.line, one.column) for one in problems}
    assert places <= told
    assert any(message in one.message for one in problems if (one.line, one.column) in places)
    assert len(told - places) <= FOLLOWED_BY.get(new, 0), [str(one) for one in problems]


FREE = ("clients", "trackers", "lists", "notify", "path_map")  # maps whose keys a person chooses


def scalars(node: Node, inside: str = "") -> Iterator[tuple[Scalar, str, bool]]:
    """Every scalar of a tree, the key it stands under, and whether it is a key itself."""
    if isinstance(node, Block):
        for key, value in node.entries:
            yield key, inside, True
            yield from scalars(value, key.value)
    elif isinstance(node, Items):
        for item in node.items:
            yield from scalars(item, inside)
    else:
        yield node, inside, False


def good() -> list[tuple[Scalar, str, bool]]:
    """Every scalar of the good file."""
    root = tree(GOOD.encode(), Problems("good"))
    assert root is not None
    return list(scalars(root))


def put(scalar: Scalar, text: str) -> str:
    """The good file with a scalar's text, quotes and all, replaced."""
    lines = GOOD.split("\n")
    line, start = lines[scalar.line - 1], scalar.column - 1
    end = start + len(scalar.value) + (0 if scalar.plain else 2)
    lines[scalar.line - 1] = line[:start] + text + line[end:]
    return "\n".join(lines)


KEYS = [(scalar, inside) for scalar, inside, key in good() if key and inside not in FREE]
VALUES = [(scalar, inside) for scalar, inside, key in good() if not key]


@pytest.mark.parametrize(("scalar", "inside"), KEYS, ids=lambda part: getattr(part, "value", part))
def test_every_key_that_is_misspelt_is_refused_at_its_place_with_the_right_one(scalar: Scalar, inside: str) -> None:
    problems = refused(put(scalar, scalar.value + "q"))
    (found,) = [one for one in problems if (one.line, one.column) == (scalar.line, scalar.column)]
    assert f"{scalar.value}q'" in found.message
    assert f"did you mean '{scalar.value.removesuffix('.add')}" in found.message or inside in ("given", "match", "any")


def alone(scalar: Scalar) -> bool:
    """Whether a value stands by itself behind its key, not in a list nor among given facts, where nothing is none."""
    before = GOOD.split("\n")[scalar.line - 1][: scalar.column - 1]
    return before.endswith(": ") and "given" not in before


WRONG = [(scalar, wrong) for scalar, _ in VALUES for wrong in ("{q: {q: q}}", "[[q]]", "!q q", "*q", "&q q")]
WRONG += [(scalar, "") for scalar, _ in VALUES if alone(scalar)]


@pytest.mark.parametrize(("scalar", "wrong"), WRONG, ids=lambda part: getattr(part, "value", part))
def test_no_value_may_be_a_map_a_list_of_lists_nothing_a_tag_or_an_alias(scalar: Scalar, wrong: str) -> None:
    first = refused(put(scalar, wrong))[0]
    assert first.line == scalar.line
    assert scalar.column - 6 <= first.column <= scalar.column + 4


@given(
    at=st.integers(0, len(GOOD) - 1),
    text=st.text(alphabet="{}[]:,-#&*!|>'\"%@`\t\n x0$\x00é", max_size=3),
    cut=st.integers(0, 3),
)
@settings(max_examples=300, deadline=None)
def test_any_mutation_either_loads_or_is_refused_with_places_inside_the_file(at: int, text: str, cut: int) -> None:
    mutated = GOOD[:at] + text + GOOD[at + cut :]
    try:
        parse(mutated.encode())
    except RulesInvalid as error:
        assert error.problems
        for problem in error.problems:
            assert 1 <= problem.line <= mutated.count("\n") + 1
            assert problem.column >= 1
            assert problem.message
            assert str(problem).startswith("rules.yaml:")


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_refused_without_a_crash(data: bytes) -> None:
    refused(data)


def test_the_good_file_is_good() -> None:
    assert len(MISTAKES) > 150
    assert parse(GOOD.encode()).warnings == ()


LACKING = [
    ("rules: [§{name: a, match: {}}]", "the rule has no 'upload_to'"),
    ("rules: [§{name: a, upload_to: []}]", "the rule has no 'match'"),
    ("rules: [§{match: {}, upload_to: []}]", "rule has no 'name'"),
    ("rules: [{name: a, match: {}, upload_to: §}]", "got nothing"),
    ("rules: [{name: a, match: {}, upload_to: [§[]]}]", "got a list"),
    ("rules: []\ntests: [§{expect: nothing}]", "a test wants `given`"),
    ("rules: []\ntests: [{given: §[], expect: nothing}]", "a test wants `given`"),
    ("rules: []\ntests: [§{given: {}}]", "a test wants `expect`"),
    ("rules: []\ntests: [{given: {}, expect: §something}]", "the word nothing"),
    ("rules: []\ntests: [{given: {}, expect: §[]}]", "wants a map, got a list"),
    ("rules: §all", "'rules' wants a list"),
    ("§x: 1\nrules: []", "unknown key 'x'"),
    ("rules: [{name: a, match: §, upload_to: []}]", "write {} to match everything"),
]


@pytest.mark.parametrize(("body", "message"), LACKING)
def test_what_is_missing_is_told_where_it_should_be(body: str, message: str) -> None:
    text, places = marked("version: 1\n" + body + "\n")
    (problem,) = refused(text)
    assert {(problem.line, problem.column)} == places
    assert message in problem.message + problem.hint


@pytest.mark.parametrize("name", [r'"\e[31mred\e[0m"', r'"line\nline"', r'"\u202egnp"', "q" * 900])
def test_what_a_terminal_would_obey_is_never_shown(name: str) -> None:
    match = f"{{{name}: 1, group: {{{name}: 1}}}}"
    body = f"version: 1\nrules: [{{name: a, match: {match}, upload_to: [{name}]}}]\n{name}: 1\n"
    problems = refused(body)
    assert len(problems) >= 3
    assert all(str(one).isprintable() and len(str(one)) < 800 for one in problems)
