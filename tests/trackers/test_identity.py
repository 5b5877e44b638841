"""Which title content is of: the very same one and alone in that, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support_lookups import film, series
from trackers.identity import Candidate, Said, asked, choose, contradicted, fits, normalised, number, numbers

TITLES = st.text(min_size=1, max_size=30)


def one(title: str, year: int | None = 2019, id: int = 1, **more: object) -> Candidate:
    return Candidate("tmdb", id, title, year=year, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("Agents of S.H.I.E.L.D.", "agents of shield"),
        ("The Queen’s Harbour", "The Queens Harbour"),
        ("Salt & Rope", "Salt and Rope"),
        ("Ägir's Hall: Part II", "Agirs Hall Part II"),
        ("Sjøfart", "Sjofart"),
        ("Catch-22", "Catch 22"),
        ("9-1-1", "911"),
        ("Порт", "порт"),
    ],
)
def test_signs_accents_and_case_tell_no_titles_apart(written: str, known: str) -> None:
    assert normalised(written) == normalised(known)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Now Here", "Nowhere"), ("The Harbour", "Harbour"), ("Port", "Ports"), ("か", "が"), ("Ep 1", "Ep 2")],
)
def test_what_is_another_word_is_another_title(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@given(TITLES)
def test_a_title_is_compared_in_one_form(title: str) -> None:
    assert normalised(normalised(title)) == normalised(title)


@given(TITLES, st.integers(1900, 2100))
def test_a_film_fits_itself_and_no_other_year(title: str, year: int) -> None:
    known = bool(normalised(title))
    assert fits(film(title, year), one(title, year)) is known
    assert not fits(film(title, year), one(title, year + 1))
    assert not fits(film(title), one(title, year))
    assert not fits(film(title, year), one(title, None))


@given(st.lists(st.tuples(st.sampled_from(["Port", "port!", "Ports"]), st.sampled_from([2019, 2020])), max_size=5))
def test_only_one_that_fits_and_is_alone_is_chosen(rows: list[tuple[str, int]]) -> None:
    candidates = [one(title, year, id) for id, (title, year) in enumerate(rows)]
    fitting = [each for each in candidates if fits(film("Port", 2019), each)]
    chosen = choose(film("Port", 2019), candidates)
    assert (chosen == fitting[0]) if len(fitting) == 1 else isinstance(chosen, Said)
    assert isinstance(choose(film("Port", 2019), candidates, whole=False), Said)


def test_a_series_needs_no_year_but_keeps_to_one_that_is_named() -> None:
    known = one("Tidal Office", 2011, countries=("GB",))
    assert fits(series("Tidal Office"), known)
    assert fits(series("Tidal Office", 2011), known)
    assert not fits(series("Tidal Office", 2019), known)
    assert fits(series("Tidal Office", country="GB"), known)
    assert not fits(series("Tidal Office", country="US"), known)


@pytest.mark.parametrize("name", ["Tidal Office (2019)", "Tidal Office (US)"])
def test_what_a_data_base_hangs_on_a_name_is_no_part_of_it(name: str) -> None:
    hung = one(name, None)
    assert fits(series("Tidal Office"), hung)
    assert not fits(series("Tidal Office", 2011), hung)
    assert fits(series("Tidal Office", 2019), hung) is ("2019" in name)
    assert fits(series("Tidal Office", country="US"), hung) is ("US" in name)


def test_a_title_in_another_language_is_that_title() -> None:
    assert fits(series("Seafaring and Sleep"), one("Sjøfart & Søvn", names=("Seafaring and Sleep",)))


def test_a_title_without_a_word_fits_nothing() -> None:
    assert not fits(series("…"), one("…"))
    assert not fits(series(""), one(""))


@pytest.mark.parametrize(
    ("name", "title", "left", "country"),
    [
        ("Tidal.Office.US.S01E02.1080p", "Tidal Office", "Tidal Office", "US"),
        ("Tidal Office UK 2011", "Tidal Office", "Tidal Office", "GB"),
        ("Tidal.Office.AU.1x02", "Tidal Office AU", "Tidal Office", "AU"),
        ("Tidal.Office.S01E02.US", "Tidal Office", "Tidal Office", None),
        ("Tidal.Office.us.S01", "Tidal Office", "Tidal Office", None),
        ("US.S01E02", "US", "US", None),
        ("Tidal.Office.US", "Tidal Office", "Tidal Office", None),
        ("S01E02", "", "", None),
    ],
)
def test_a_country_behind_a_series_title_is_read(name: str, title: str, left: str, country: str | None) -> None:
    question = asked("tv", name, title, None)
    assert (question.title, question.country) == (left, country)


def test_a_film_about_us_is_no_film_from_there() -> None:
    assert asked("movie", "Them.and.US.2019", "Them and US", 2019).title == "Them and US"


def test_what_may_be_meant_is_shown_with_its_page() -> None:
    said = choose(film("Port", 2019), [one("Port", 2019, 1, link="https://db.example/1"), one("Port", 2019, 2)])
    assert isinstance(said, Said)
    assert said.several
    assert [str(each) for each in said.candidates] == ["Port (2019) tmdb 1 https://db.example/1", "Port (2019) tmdb 2"]
    assert str(one("Port", None)) == "Port (no year) tmdb 1"


def test_one_title_that_stands_twice_in_an_answer_is_one() -> None:
    assert choose(film("Port", 2019), [one("Port"), one("Port")]) == one("Port")


@pytest.mark.parametrize(
    ("base", "value", "known"),
    [
        ("tmdb", 603, 603), ("tmdb", "603", 603), ("tmdb", 0, None), ("tmdb", True, None), ("tmdb", "6x", None),
        ("tmdb", None, None), ("tmdb", -1, None), ("tmdb", 10**12, None), ("imdb", "tt0133093", "tt0133093"),
        ("imdb", "133093", "tt0133093"), ("imdb", "", None), ("imdb", "tt", None), ("tmdb", "²", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_this_program_writes_them(base: str, value: object, known: object) -> None:
    assert number(base, value) == known


def test_two_numbers_of_one_data_base_contradict_each_other() -> None:
    assert numbers({"tmdb": 0, "imdb": "tt1"}) == {"imdb": "tt0000001"}
    assert contradicted({"tmdb": 1, "imdb": "tt1"}, {"tmdb": 2, "imdb": "tt1", "tvdb": 5}) == ("tmdb",)
