"""Names from templates: slots, widths, optional parts, and what is wrong with a template."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support_unit3d import film, shown
from trackers.content import Content, Tv
from trackers.titles import SLOTS, check_title, render_title

EPISODE = shown("Ports.of.Call.S03E04-LOCAL", Tv("Ports of Call", 3, (4,)))


@pytest.mark.parametrize(
    ("template", "title"),
    [
        ("{name}", "Ports.of.Call.S03E04-LOCAL"),
        ("{tv.title} S{tv.season:02}E{tv.episode:03}", "Ports of Call S03E004"),
        ("{title}[ {tv.year}][ {tv.date}] x[-{group}]", "Ports of Call x-LOCAL"),
        ("{{{title}}} [[{video.resolution}]]", "{Ports of Call} [1080p]"),
        ("  {title}   -[ {proper} ]- ", "Ports of Call --"),
        ("[{tv.season:02} {tv.year}]{title}", "Ports of Call"),
    ],
)
def test_a_part_in_brackets_is_left_out_where_a_slot_has_nothing(template: str, title: str) -> None:
    assert render_title(check_title(template), EPISODE) == (title, ())


def test_a_slot_outside_brackets_that_has_nothing_is_missing() -> None:
    assert render_title("{title} {tv.date} {movie.year}[ {proper}]", EPISODE)[1] == ("tv.date", "movie.year")


def test_a_season_has_no_episode_and_two_episodes_stand_in_one() -> None:
    pack = shown("Ports.S03", Tv("Ports", 3, (1, 2), pack=True))
    assert render_title("S{tv.season:02}[E{tv.episode:02}]", pack) == ("S03", ())
    assert render_title("S{tv.season:02}[E{tv.episode:02}]", shown("x", Tv("x", 3, (1, 2)))) == ("S03E01E02", ())
    assert render_title("{name} {proper}", replace(film(), proper=True))[0].endswith("LOCAL PROPER")


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{tv.titl}", "did you mean {tv.title}?"),
        ("{zzz}", "(have: name"),
        ("{", "write {{"),
        ("}", "write }}"),
        ("[a", "does not end"),
        ("[a [b]]", "holds no other"),
        ("a ] b", "holds no other"),
        ("{tv.season:2}", "a width, as in {tv.season:02}"),
    ],
)
def test_a_wrong_template_says_what_to_change(template: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        check_title(template)
    assert words in str(caught.value)


@given(st.lists(st.sampled_from(SLOTS)), st.text("ab [", max_size=3))
def test_every_slot_has_a_text_for_any_content(slots: list[str], between: str) -> None:
    template = between.replace("[", "[[").join(f"{{{slot}}}" for slot in slots)
    for one in (EPISODE, film(), Content("x", (), "other")):
        text, missing = render_title(check_title(template), one)
        assert "\n" not in text
        assert set(missing) <= set(slots)
