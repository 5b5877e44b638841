"""Which category of the site content belongs to. Only the form of Music is filled in here: what belongs to another is
refused, with the way out. Pure. Facts on Gazelle, section 3: a wrong category is taken without a word."""

from __future__ import annotations

from trackers.content import Content
from trackers.sheet import Sheet

# Upload categories, by their number in the form. Audiobooks and comedy look like music, but for what is said below.
CATEGORIES = ("Music", "Applications", "E-Books", "Audiobooks", "E-Learning Videos", "Comedy", "Comics")
_GENRES = {
    "Audiobooks": ("audiobook", "audiobooks", "audio.book", "audio.books"),
    "Comedy": ("comedy", "standup", "stand.up", "standup.comedy", "stand.up.comedy"),
}
_BY_HAND = "the form of {} is not filled in here: upload it by hand on the site's own page"


def fill(sheet: Sheet, content: Content) -> None:
    """Put the category."""
    said = sheet.text("type")
    other = next((n for n, word in enumerate(CATEGORIES) if said and said.casefold() in (word.casefold(), str(n))), 0)
    if other:
        sheet.problem("type", _BY_HAND.format(CATEGORIES[other]))
    elif said and said.casefold() not in ("music", "0"):
        sheet.problem("type", f"{sheet.name} has no category {said}: set type to Music, or leave it out")
    elif content.kind != "music" or content.music is None:
        others = ", ".join(CATEGORIES[1:])
        text = f"{sheet.name} takes music here, and this is {content.kind}; {_BY_HAND.format(others)}, or set kind"
        sheet.problem("kind", text)
    elif not said and (found := _of_another(content)) is not None:
        sign, category = found
        text = f"{sign}, which speaks for {category}; {_BY_HAND.format(category)}; if it is music, set type to Music"
        sheet.problem("type", text)
    sheet.put("type", "0")


def _of_another(content: Content) -> tuple[str, str] | None:
    """(what says so, the category) of what looks like music and is none."""
    genres = content.music.genre if content.music else ()
    for category, words in _GENRES.items():
        for word in genres:
            if word in words:
                return f"its genre is {word}", category
    book = next((one.path for one in content.files if one.path.lower().endswith(".m4b")), None)
    return None if book is None else (f"{book} is a book's file", "Audiobooks")
