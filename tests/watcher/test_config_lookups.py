"""The `lookups` block: services by name, where they stand, and what is wrong with a block, said at its place."""

from __future__ import annotations

import pytest

from tests.support_rules import HEAD, config, refused
from trackers.secret import Secret
from watcher.secrets.wanted import wanted

BASE = "rules: []\nlookups: {%s}\n"


def told(block: str) -> str:
    (problem,) = refused(HEAD + BASE % block)
    return problem.message


def test_a_service_is_known_by_its_name_or_its_type() -> None:
    found = config(BASE % "TMDB: {}, anime: {type: sonarr, url: 'http://10.0.0.5:8989/sonarr/'}").lookups
    assert [(one.name, one.type, one.host) for one in found.values()] == [
        ("anime", "sonarr", "10.0.0.5"),
        ("TMDB", "tmdb", "api.themoviedb.org"),
    ]
    assert found["anime"].url == "http://10.0.0.5:8989/sonarr"


def test_a_users_own_programs_are_asked_first_whatever_the_order_of_the_file() -> None:
    found = config(BASE % "tvdb: {}, tmdb: {}, radarr: {url: 'http://127.0.0.1:1'}").lookups
    assert list(found) == ["radarr", "tmdb", "tvdb"]


def test_each_has_a_key_that_is_bound_to_its_host() -> None:
    names = wanted(config(BASE % "tvdb: {}, sonarr: {url: 'http://127.0.0.1:1'}"))
    assert (names["tvdb.api_key"].host, names["tvdb.pin"].optional) == ("api4.thetvdb.com", True)
    assert names["sonarr.api_key"].host == "127.0.0.1"
    assert Secret("x") not in names


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("sonarr: {}", "a service of type sonarr needs its 'url'"),
        ("films: {url: 'https://films.example'}", "lookups.films has no 'type'"),
        ("films: {type: imdb}", "'type' wants one of sonarr, radarr, tmdb, tvdb"),
        ("tmdb: {url: 'http://proxy.example'}", "'url' of tmdb begins with https://"),
        ("tmdb: {api_key: x}", "a secret has no place in rules.yaml: 'api_key'"),
        ("tmdb: tvdb", "a map"),
        ("tmdb: {kye: 1}", "unknown key 'kye' in lookups.tmdb"),
    ],
)
def test_what_is_wrong_with_a_block_is_told(block: str, message: str) -> None:
    assert message in told(block)


def test_a_name_that_a_tracker_has_is_taken() -> None:
    assert "can't be told apart" in told("red: {type: tmdb}")


def test_a_key_that_would_cross_the_internet_as_it_is_is_warned_of() -> None:
    (warning,) = [
        one for one in config(BASE % "radarr: {url: 'http://radarr.example'}").warnings if "key" in one.message
    ]
    assert "the key goes over http:// as it is" in warning.message
    local = config(BASE % "radarr: {url: 'http://radarr:7878'}").warnings
    assert not [one for one in local if "key" in one.message]


def test_requirements_of_numbers_wait_for_services_that_tell_them() -> None:
    assert config(BASE % "tmdb: {}").rules.later == {"ids.tmdb", "ids.imdb", "ids.tvdb"}
    assert config("rules: []\n").rules.later == frozenset()
