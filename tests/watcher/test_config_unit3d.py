"""The block of a site whose words have numbers of its own: read, checked with its position, told by `rules fields`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from trackers.catalogue import TYPES, read_settings
from trackers.errors import SettingsError
from watcher.cli import cli
from watcher.cli.options import Place
from watcher.config import Config, RulesInvalid, parse
from watcher.secrets.wanted import wanted

BLOCK = """\
version: 1
trackers:
  EXM:
    type: unit3d
    url: https://tracker.example
    categories: {movie: 1, tv: 2}
    types: {remux: 2, web-dl: 4}
    resolutions: {2160p: 2, 1080p: 3}
    title: '{title} [{year} ][S{tv.season:02}] {video.resolution}[-{group}]'
    ids: [tmdb, imdb]
    anonymous: true
    moderated: false
rules:
  - name: films
    match: {kind: movie}
    upload_to: {EXM: {set: {personal_release: true, title: 'The {movie.title}'}}}
"""


def read(text: str = BLOCK) -> Config:
    return parse(text.encode(), "rules.yaml")


def errors(text: str) -> str:
    with pytest.raises(RulesInvalid) as caught:
        read(text)
    return str(caught.value)


def test_a_whole_block_becomes_what_the_tracker_is_opened_with() -> None:
    config = read().trackers["EXM"]
    maps = read_settings(TYPES["unit3d"], config.settings, "EXM").maps
    assert maps is not None
    assert (maps.categories, maps.types) == ({"movie": 1, "tv": 2}, {"remux": 2, "web-dl": 4})
    assert (maps.ids, maps.anonymous, maps.moderated, maps.personal_release) == (("tmdb", "imdb"), True, False, False)
    assert maps.title.startswith("{title} [{year} ]")
    assert (config.site, config.quiet) == ("tracker.example", 1800.0)


def test_it_is_looked_at_by_a_person_unless_the_block_says_otherwise() -> None:
    assert read().trackers["EXM"].mode == "review"
    assert read(BLOCK.replace("anonymous: true", "mode: upload")).trackers["EXM"].mode == "upload"


def test_its_key_is_bound_to_the_sites_host() -> None:
    assert wanted(read())["exm.api_key"].host == "tracker.example"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    types: {remux: 2, web-dl: 4}\n", "", "rules.yaml:4:5: a tracker of type unit3d needs its 'types'"),
        ("{remux: 2, web-dl: 4}", "{}", "rules.yaml:7:12: a tracker of type unit3d needs its 'types'"),
        ("remux: 2", "remuks: 2", "rules.yaml:7:13: 'types' wants one of disc, remux, encode, web-dl"),
        ("remux: 2", "remux: 0", "rules.yaml:7:20: 'types' wants a whole number from 1 to 999999"),
        ("{title}", "{titel}", "there is no slot {titel}, did you mean {title}?"),
        ("[{year} ]", "[{year} ", "'title' wants a name with slots"),
        (
            "'{title} [{year} ][S{tv.season:02}] {video.resolution}[-{group}]'",
            "",
            "rules.yaml:9:11: 'title' wants a name",
        ),
        ("[tmdb, imdb]", "[anidb]", "rules.yaml:10:11: 'ids' wants one of tmdb, imdb, tvdb, mal"),
        ("moderated: false", "moderated: 0", "rules.yaml:12:16: 'moderated' wants true or false"),
        ("moderated: false", "screenshots: 13", "rules.yaml:12:18: 'screenshots' wants a whole number from 0 to 12"),
        ("personal_release", "personal", "unknown key 'personal' in set"),
        ("    url: https://tracker.example\n", "", "a tracker of type unit3d needs its 'url'"),
        ("    anonymous: true\n", "    api_token: x\n", "a secret has no place in rules.yaml: 'api_token'"),
    ],
)
def test_what_is_wrong_is_told_with_its_position(old: str, new: str, told: str) -> None:
    assert told in errors(BLOCK.replace(old, new, 1))


def test_screenshots_want_a_host_for_pictures() -> None:
    text = BLOCK.replace("moderated: false", "screenshots: 3")
    assert "'screenshots' of EXM want a host for pictures" in str(read(text).warnings)
    assert "screenshots" not in str(read(text + "images: {type: ptpimg}\n").warnings)
    assert read(text).trackers["EXM"].settings["screenshots"] == 3


def test_another_type_has_no_numbers_of_its_own() -> None:
    told = errors("version: 1\ntrackers:\n  RED: {type: redacted, moderated: false}\nrules: []\n")
    assert "'moderated' is for sites that number their own words, not for redacted" in told


def test_rules_fields_tells_what_may_be_set_for_it(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(BLOCK)
    words = ["rules", "fields", "--tracker", "EXM", "--json", "--rules", str(tmp_path / "rules.yaml")]
    run = CliRunner().invoke(cli, words, obj=Place(), catch_exceptions=False)
    assert {"title", "type_id", "season_number", "anonymous", "keywords"} <= set(json.loads(run.output))


def test_a_sandbox_has_the_numbers_that_sites_are_born_with() -> None:
    maps = read_settings(TYPES["sandbox-unit3d"], {"url": "http://127.0.0.1:1/unit3d"}, "EXM").maps
    assert maps is not None
    assert (maps.categories["tv"], maps.types["remux"], maps.resolutions["1080p"], maps.moderated) == (2, 2, 3, True)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "'categories' wants the site's numbers, such as categories: {movie: 1, tv: 2}"),
        ({"categories": {"movie": "1"}}, "'categories' wants"),
        ({"moderated": "no"}, "'moderated' is true or false"),
        ({"ids": "tmdb"}, "'ids' is a list of tmdb"),
        ({"ids": ["x"]}, "'ids' is a list of tmdb"),
        ({"title": "{x}"}, "'title': there is no slot"),
        ({"screenshots": True}, "'screenshots' is a number from 0 to 12"),
    ],
)
def test_settings_that_no_file_checked_are_refused_too(given: dict[str, object], words: str) -> None:
    whole = {"categories": {"movie": 1}, "types": {"remux": 1}, "resolutions": {"1080p": 1}} if given else {}
    with pytest.raises(SettingsError) as caught:
        read_settings(TYPES["unit3d"], {"url": "https://tracker.example", **whole, **given}, "EXM")
    assert words in str(caught.value)
