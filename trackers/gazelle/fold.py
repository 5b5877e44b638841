"""When two names are the same name to a Gazelle site: case, accents and blanks aside. Pure."""

from __future__ import annotations

import html
import unicodedata

# Letters that Unicode does not take apart, and that the site's database holds equal to these.
_LETTERS = str.maketrans({
    "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "’": "'", "‘": "'", "“": '"',
    "”": '"', "–": "-", "—": "-", "‐": "-",
})  # fmt: skip


def folded(text: str) -> str:
    """`Ágætis  Byrjun` and `agaetis byrjun` are one. Entities are read: RED sends names with them."""
    plain = unicodedata.normalize(
        "NFKD", unicodedata.normalize("NFKD", html.unescape(text)).casefold().translate(_LETTERS)
    )
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def words(text: str) -> str:
    """The words of a name that a search engine may be asked for: no operator, no word of signs alone."""
    parts = (part.lstrip("!-\"'(").rstrip("\"')") for part in text.split())
    return " ".join(part for part in parts if any(c.isalnum() for c in part))
