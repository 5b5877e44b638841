"""TMDB and TheTVDB against stand-ins that speak their API, and what is remembered of their answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support_lookups import film, opened, series
from tests.support_sandbox import Hands
from trackers import open_lookup
from trackers.errors import NotAuthorised, Refused, SettingsError, Unavailable
from trackers.identity import Said
from trackers.lookups.memory import FOUND, NOT_FOUND, Memory
from trackers.sandbox import Fault, Sandbox
from trackers.sandbox.services import Title
from trackers.secret import Secret


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


def asked(sandbox: Sandbox, type: str) -> list[str]:
    return [one.path for one in sandbox.requests(type)]


PORTS = {"tmdb": 710001, "imdb": "tt7100010", "tvdb": 7100012}


class TestTmdb:
    @pytest.fixture
    def tmdb(self, sandbox: Sandbox) -> Any:
        return opened(sandbox, "tmdb")

    def test_a_film_has_its_numbers_by_title_and_year(self, tmdb: Any) -> None:
        assert tmdb.look(film("the loopback", 1974)).ids == {"tmdb": 720011, "imdb": "tt7200110"}

    def test_a_series_has_its_numbers_by_its_title(self, tmdb: Any) -> None:
        assert tmdb.look(series("Ports of Call", season=4)).ids == PORTS

    def test_letters_that_no_keyboard_has_are_found_without(self, tmdb: Any) -> None:
        assert tmdb.look(film("Agirs Hall Part II", 2021)).ids == {}
        assert tmdb.look(film("Ägir’s Hall: Part II", 2021)).ids["tmdb"] == 720041
        assert tmdb.look(film("Ægirs höll 2", 2021)).ids["tmdb"] == 720041

    def test_a_year_that_differs_shows_what_there_is(self, tmdb: Any) -> None:
        said = tmdb.look(film("The Loopback", 2020))
        assert ([one.id for one in said.candidates], said.several) == ([720001, 720011], False)

    def test_two_series_of_one_title_are_told_apart_by_year_or_country(self, tmdb: Any) -> None:
        assert tmdb.look(series("Tidal Office")).several
        assert tmdb.look(series("Tidal Office", 2011)).ids["tmdb"] == 710021
        assert tmdb.look(series("Tidal Office", country="GB")).ids["tmdb"] == 710021

    def test_a_series_without_that_season_is_another(self, tmdb: Any) -> None:
        said = tmdb.look(series("Ports of Call", season=5))
        assert (dict(said.ids), [one.id for one in said.candidates]) == ({}, [710001])
        assert tmdb.look(series("Ports of Call", season=2024)).ids == PORTS

    def test_a_number_elsewhere_leads_to_it(self, tmdb: Any) -> None:
        assert tmdb.look(series("", ids={"tvdb": 7100012})).ids == PORTS
        assert tmdb.look(series("", ids={"imdb": "tt7100010"})).ids == PORTS
        assert tmdb.look(film("", ids={"imdb": "tt7200010", "tvdb": 9})).ids["tmdb"] == 720001

    def test_its_own_number_leads_to_the_others(self, tmdb: Any) -> None:
        assert tmdb.look(series("", ids={"tmdb": 710001})).ids == {"imdb": "tt7100010", "tvdb": 7100012}
        assert tmdb.look(series("", ids={"tmdb": 1})) == Said()

    def test_numbers_elsewhere_that_lead_to_two_are_a_persons_to_judge(self, tmdb: Any) -> None:
        said = tmdb.look(series("", ids={"imdb": "tt7100010", "tvdb": 7100212}))
        assert said.several
        assert {one.id for one in said.candidates} == {710001, 710021}

    def test_nothing_known_is_no_question(self, tmdb: Any, sandbox: Sandbox) -> None:
        assert tmdb.look(film("")) == Said()
        assert asked(sandbox, "tmdb") == []

    def test_every_page_of_a_search_is_read_and_too_many_are_no_answer(self, tmdb: Any, sandbox: Sandbox) -> None:
        more = [Title("movie", f"Tide {number}", 2001, {"tmdb": number}) for number in range(1, 30)]
        sandbox.library.titles += [*more, Title("movie", "Tide", 2001, {"tmdb": 31})]
        assert tmdb.look(film("Tide", 2001)).ids == {"tmdb": 31}
        sandbox.library.titles += [
            Title("movie", f"Rope {number}", 2001, {"tmdb": 100 + number}) for number in range(100)
        ]
        sandbox.library.titles.insert(0, Title("movie", "Rope", 2001, {"tmdb": 99}))
        said = tmdb.look(film("Rope", 2001))
        assert (dict(said.ids), said.candidates[0].id) == ({}, 99)

    def test_its_token_is_proved_with_one_request_and_stands_in_no_address(self, tmdb: Any, sandbox: Sandbox) -> None:
        tmdb.prove()
        assert asked(sandbox, "tmdb") == ["3/authentication"]
        with pytest.raises(NotAuthorised, match="refused the key"):
            opened(sandbox, "tmdb", key="c4n4ry-wrong-token").look(film("The Loopback", 2019))

    def test_the_short_key_is_refused_with_what_is_wanted(self, sandbox: Sandbox) -> None:
        with pytest.raises(SettingsError, match="API Read Access Token"):
            opened(sandbox, "tmdb", key="0123456789abcdef0123456789abcdef")

    def test_a_key_that_can_stand_in_no_header_is_refused(self, sandbox: Sandbox) -> None:
        with pytest.raises(SettingsError, match="characters that none has"):
            opened(sandbox, "tmdb", key="two words")

    def test_a_question_that_it_does_not_take_is_refused(self, tmdb: Any, sandbox: Sandbox) -> None:
        sandbox.fail("tmdb", Fault("answer", action="*", status=422, body="{}"))
        with pytest.raises(Refused):
            tmdb.look(film("The Loopback", 2019))

    def test_a_front_server_that_lets_nobody_in_is_no_wrong_key(self, tmdb: Any, sandbox: Sandbox) -> None:
        sandbox.fail("tmdb", Fault("html", action="*", status=403))
        with pytest.raises(NotAuthorised) as caught:
            tmdb.look(film("The Loopback", 2019))
        assert caught.value.code == "denied"

    def test_rows_of_unknown_shape_are_left_out(self, tmdb: Any, sandbox: Sandbox) -> None:
        body = json.dumps({"results": [7, {"id": None}, {"id": 5, "title": 9, "release_date": None}], "total_pages": 1})
        sandbox.fail("tmdb", Fault("answer", action="*", body=body))
        assert [one.title for one in tmdb.look(film("The Loopback")).candidates] == [""]

    def test_the_stand_in_is_as_strict_as_its_documents(self, tmdb: Any, sandbox: Sandbox) -> None:
        assert tmdb._line.get("/3/search/movie", [("query", "x"), ("page", "501")]).status == 400
        assert tmdb._line.get("/3/find/tt7200010").status == 422
        assert tmdb._line.get("/3/nothing").status == 404
        sandbox.fail("tmdb", Fault("rate-limit-exceeded", action="*"))
        with pytest.raises(Unavailable) as caught:
            tmdb.look(film("The Loopback", 2019))
        assert caught.value.code == "rate-limited"


class TestTvdb:
    @pytest.fixture
    def tvdb(self, sandbox: Sandbox) -> Any:
        return opened(sandbox, "tvdb")

    def test_a_series_has_its_numbers_by_its_title(self, tvdb: Any) -> None:
        assert tvdb.look(series("Ports of Call", season=1)).ids == {**PORTS, "tvmaze": 71003}

    def test_an_alias_is_a_name(self, tvdb: Any) -> None:
        assert tvdb.look(series("Seafaring and Sleep")).ids["tvdb"] == 7100412

    def test_a_number_at_imdb_leads_to_it(self, tvdb: Any) -> None:
        assert tvdb.look(series("", ids={"imdb": "tt7100010"})).ids["tvdb"] == 7100012
        assert tvdb.look(series("", ids={"imdb": "tt1"})) == Said()

    def test_its_own_number_leads_to_the_others(self, tvdb: Any) -> None:
        assert tvdb.look(series("", ids={"tvdb": 7100012})).ids == {
            "imdb": "tt7100010",
            "tmdb": 710001,
            "tvmaze": 71003,
        }
        assert tvdb.look(series("", ids={"tvdb": 1})) == Said()

    def test_two_series_of_one_number_are_both_shown(self, tvdb: Any, sandbox: Sandbox) -> None:
        sandbox.library.titles.append(Title("tv", "Other", 2001, {"tvdb": 8, "imdb": "tt7100010"}))
        said = tvdb.look(series("", ids={"imdb": "tt7100010"}))
        assert said.several
        assert [one.link.rpartition("/")[2] for one in said.candidates] == ["7100012", "8"]

    def test_two_of_one_title_and_a_season_too_many_are_a_persons_to_judge(self, tvdb: Any) -> None:
        assert tvdb.look(series("Tidal Office")).several
        said = tvdb.look(series("Ports of Call", season=9))
        assert (dict(said.ids), [one.id for one in said.candidates]) == ({}, [7100012])

    def test_it_logs_in_once_and_anew_where_its_token_is_old(self, tvdb: Any, sandbox: Sandbox) -> None:
        tvdb.look(series("Ports of Call"))
        tvdb.look(series("Tidal Office"))
        assert asked(sandbox, "tvdb").count("v4/login") == 1
        sandbox._site("tvdb").tokens.clear()
        assert tvdb.look(series("Seafaring and Sleep")).ids
        assert asked(sandbox, "tvdb").count("v4/login") == 2

    def test_a_wrong_key_is_one_request(self, sandbox: Sandbox) -> None:
        tvdb = opened(sandbox, "tvdb", key="c4n4ry-wrong-key", pin="1234")
        with pytest.raises(NotAuthorised):
            tvdb.look(series("Ports of Call"))
        assert asked(sandbox, "tvdb") == ["v4/login"]

    def test_a_token_that_is_refused_at_once_is_not_asked_for_again(self, tvdb: Any, sandbox: Sandbox) -> None:
        sandbox.fail("tvdb", Fault("revoked", action="search"))
        with pytest.raises(NotAuthorised):
            tvdb.look(series("Ports of Call"))
        assert asked(sandbox, "tvdb") == ["v4/login", "v4/search"]

    def test_a_login_without_a_token_is_no_login(self, tvdb: Any, sandbox: Sandbox) -> None:
        sandbox.fail("tvdb", Fault("answer", action="login", body='{"status": "success", "data": null}'))
        with pytest.raises(NotAuthorised, match="gave no token"):
            tvdb.prove()

    def test_its_limit_is_waited_for(self, tvdb: Any, sandbox: Sandbox) -> None:
        sandbox.fail("tvdb", Fault("rate-limit-exceeded", action="search"))
        with pytest.raises(Unavailable) as caught:
            tvdb.look(series("Ports of Call"))
        assert caught.value.code == "rate-limited"

    def test_numbers_elsewhere_of_unknown_shape_are_left_out(self, tvdb: Any, sandbox: Sandbox) -> None:
        twice = [{"id": one, "sourceName": "IMDB"} for one in ("tt1", "tt2")]
        remote = [7, {"id": "x", "sourceName": "TV Maze"}, {"id": "5", "sourceName": "Twitter"}, *twice]
        fault = Fault("answer", action="extended", body=json.dumps({"data": {"remoteIds": remote}}))
        sandbox.fail("tvdb", fault)
        assert tvdb.look(series("Ports of Call", season=9)).ids == {"tvdb": 7100012}


class TestMemory:
    def test_what_was_found_is_not_asked_again_by_the_next_process(self, sandbox: Sandbox, tmp_path: Path) -> None:
        clock = Hands()
        first = opened(sandbox, "tmdb", clock=clock, state=tmp_path).look(film("The Loopback", 2019))
        count = len(asked(sandbox, "tmdb"))
        again = opened(sandbox, "tmdb", clock=clock, state=tmp_path)
        assert again.look(film("the loopback", 2019)) == first
        assert len(asked(sandbox, "tmdb")) == count
        clock.wait(FOUND + 1)
        again.look(film("The Loopback", 2019))
        assert len(asked(sandbox, "tmdb")) == 2 * count

    def test_what_was_not_found_is_asked_again_soon(self, sandbox: Sandbox, tmp_path: Path) -> None:
        clock = Hands()
        tmdb = opened(sandbox, "tmdb", clock=clock, state=tmp_path)
        unclear, count = tmdb.look(film("Slack Water", 2024)), len(asked(sandbox, "tmdb"))
        assert tmdb.look(film("Slack Water", 2024)) == unclear
        assert len(asked(sandbox, "tmdb")) == count
        clock.wait(NOT_FOUND + 1)
        sandbox.library.titles.remove(next(one for one in sandbox.library.titles if one.ids["tmdb"] == 720031))
        assert tmdb.look(film("Slack Water", 2024)).ids["tmdb"] == 720021

    @pytest.mark.parametrize(
        "text",
        ["", "[]", '{"answers": 7}', '{"answers": {"k": 7}}', '{"answers": {"k": {"until": 1e300}}}', "[" * 9999],
    )
    def test_a_file_that_is_no_memory_costs_a_question_alone(self, sandbox: Sandbox, tmp_path: Path, text: str) -> None:
        folder = tmp_path / "lookups"
        folder.mkdir()
        (folder / "tmdb.json").write_text(text)
        assert opened(sandbox, "tmdb", state=tmp_path).look(film("The Loopback", 2019)).ids
        assert json.loads((folder / "tmdb.json").read_text())["answers"]

    def test_answers_of_another_version_are_passed_over(self, tmp_path: Path) -> None:
        clock, path = Hands(), tmp_path / "one.json"
        said, asking = Said({"tmdb": 1}), film("Port", 2019)
        memory = Memory(path, clock)
        memory.recall(asking, lambda question: said)
        kept = json.loads(path.read_text())
        next(iter(kept["answers"].values())).pop("several")
        path.write_text(json.dumps(kept))
        assert memory.recall(asking, lambda question: Said({"tmdb": 2})) == Said({"tmdb": 2})

    def test_where_nothing_can_be_kept_everything_is_asked(self, tmp_path: Path) -> None:
        blocked = tmp_path / "file"
        blocked.write_text("")
        memory = Memory(blocked / "one.json", Hands())
        answers = iter([Said({"tmdb": 1}), Said({"tmdb": 2})])
        assert [memory.recall(film("Port"), lambda question: next(answers)).ids["tmdb"] for _ in "ab"] == [1, 2]

    def test_only_so_many_are_kept(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("trackers.lookups.memory.MOST", 2)
        memory = Memory(tmp_path / "one.json", Hands())
        for title in ("A", "B", "C"):
            memory.recall(film(title), lambda question: Said({"tmdb": 1}))
        assert len(json.loads((tmp_path / "one.json").read_text())["answers"]) == 2


def test_a_service_on_the_internet_is_spoken_to_by_https_alone() -> None:
    with pytest.raises(SettingsError):
        open_lookup("tmdb", "http://proxy.example", {"api_key": Secret("x" * 40)}, name="t", clock=Hands(), state=None)
    open_lookup("sonarr", "http://sonarr:8989", {"api_key": Secret("x" * 40)}, name="s", clock=Hands(), state=None)
