"""Sonarr and Radarr against stand-ins that speak their API: what came by a torrent is known for certain, or not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support_lookups import HASH, film, opened, series
from trackers.errors import NotAuthorised, SettingsError, Unavailable
from trackers.identity import Said
from trackers.sandbox import Fault, Sandbox
from trackers.sandbox.services import Title


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


def title(sandbox: Sandbox, name: str, number: int = 0) -> Title:
    return [one for one in sandbox.library.titles if one.title == name][number]


def test_what_sonarr_fetched_has_the_numbers_of_its_series(sandbox: Sandbox) -> None:
    sandbox.library.fetched["sonarr", HASH.upper()] = [title(sandbox, "Ports of Call")]
    said = opened(sandbox, "sonarr").look(series("Anything", infohash=HASH))
    assert said == Said({"tvdb": 7100012, "imdb": "tt7100010", "tmdb": 710001, "tvmaze": 71003})
    assert len(sandbox.requests("sonarr")) == 1


def test_what_radarr_fetched_has_the_numbers_of_its_film(sandbox: Sandbox) -> None:
    sandbox.library.fetched["radarr", HASH.upper()] = [title(sandbox, "The Loopback")]
    assert opened(sandbox, "radarr").look(film("", infohash=HASH)).ids == {"tmdb": 720001, "imdb": "tt7200010"}


def test_what_did_not_come_by_a_torrent_is_no_question(sandbox: Sandbox) -> None:
    assert opened(sandbox, "sonarr").look(series("Ports of Call")) == Said()
    assert sandbox.requests("sonarr") == []


def test_what_it_did_not_fetch_it_does_not_know(sandbox: Sandbox) -> None:
    assert opened(sandbox, "sonarr").look(series("Ports of Call", infohash=HASH)) == Said()


def test_two_series_by_one_torrent_are_both_shown(sandbox: Sandbox) -> None:
    both = [title(sandbox, "Tidal Office", number) for number in (0, 1)]
    sandbox.library.fetched["sonarr", HASH.upper()] = both
    said = opened(sandbox, "sonarr").look(series("Tidal Office", infohash=HASH))
    assert said.several
    assert [(one.id, one.year) for one in said.candidates] == [(7100212, 2011), (7100312, 2019)]
    assert said.candidates[0].link.endswith("/sonarr/series/tidal-office")


def test_what_it_was_imported_as_counts_and_not_what_it_was_grabbed_for(sandbox: Sandbox) -> None:
    sandbox.library.grabbed["sonarr", HASH.upper()] = [title(sandbox, "Tidal Office")]
    assert opened(sandbox, "sonarr").look(series("", infohash=HASH)).ids["tvdb"] == 7100212
    sandbox.library.fetched["sonarr", HASH.upper()] = [title(sandbox, "Tidal Office", 1)]
    assert opened(sandbox, "sonarr").look(series("", infohash=HASH)).ids["tvdb"] == 7100312


def test_a_series_that_was_deleted_since_is_left_out(sandbox: Sandbox) -> None:
    gone = Title("tv", "Gone", 2001, {"tvdb": 5})
    sandbox.library.fetched["sonarr", HASH.upper()] = [gone]
    assert opened(sandbox, "sonarr").look(series("Gone", infohash=HASH)) == Said()


def test_a_series_without_any_number_tells_nothing(sandbox: Sandbox) -> None:
    bare = Title("tv", "Bare", 2001, {})
    sandbox.library.titles.append(bare)
    sandbox.library.fetched["sonarr", HASH.upper()] = [bare]
    assert opened(sandbox, "sonarr").look(series("Bare", infohash=HASH)) == Said()


@pytest.mark.parametrize("type", ["sonarr", "radarr"])
def test_its_key_is_proved_with_one_request(sandbox: Sandbox, type: str) -> None:
    opened(sandbox, type).prove()
    assert len(sandbox.requests(type)) == 1
    with pytest.raises(NotAuthorised) as caught:
        opened(sandbox, type, key="c4n4ry-wrong-key").prove()
    assert caught.value.code == "key-refused"
    assert "c4n4ry" not in caught.value.text


def test_one_at_the_others_address_is_told(sandbox: Sandbox) -> None:
    fault = Fault("answer", action="status", body='{"appName": "Radarr"}')
    sandbox.fail("sonarr", fault)
    with pytest.raises(SettingsError, match="stands Radarr"):
        opened(sandbox, "sonarr").prove()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("html", action="*"), "html"),
        (Fault("bad-gateway", action="*"), "site-error"),
        (Fault("moved", action="*"), "redirect"),
        (Fault("reset", action="*"), "reset"),
        (Fault("half", action="*"), "reset"),
        (Fault("answer", action="*", body="[1]"), "unreadable"),
        (Fault("answer", action="*", body='{"records": 7}'), "unreadable"),
        (Fault("answer", action="*", body="{"), "unreadable"),
        (Fault("too-many-requests", action="*", retry_after="30"), "rate-limited"),
    ],
)
def test_what_is_no_answer_tells_nothing(sandbox: Sandbox, fault: Fault, code: str) -> None:
    sandbox.fail("sonarr", fault)
    with pytest.raises(Unavailable) as caught:
        opened(sandbox, "sonarr").look(series("Ports of Call", infohash=HASH))
    assert caught.value.code == code


def test_a_path_that_is_none_of_the_programs_is_a_page(sandbox: Sandbox) -> None:
    key = sandbox.account("sonarr").api_key
    service = opened(sandbox, "sonarr", key=key)
    service._line._http._url = sandbox.url_of("sonarr") + "/wrong"
    with pytest.raises(Unavailable, match="is its `url` right"):
        service.prove()
