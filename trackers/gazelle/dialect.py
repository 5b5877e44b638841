"""Where the Gazelle sites differ from one another, as data. Knows no request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Our word for a medium (content.Music.media), and what every site of the family calls it where it is not the same word.
MEDIA = ("CD", "WEB", "Vinyl", "DVD", "Blu-ray", "SACD", "Cassette", "DAT", "Soundboard")


@dataclass(frozen=True)
class Dialect:
    """One site's spelling. Vocabularies without ids stand in the catalogue."""

    authorization: str  # of the header, with {} for the key
    release_types: Mapping[str, int]  # name: id; the same id means different types on different sites
    roles: Mapping[str, int]  # our word: `importance`
    blu_ray: str
    remaster_flag: bool  # an edition needs `remaster`, whose mere presence means yes
    group_label: bool  # a new group takes `record_label` and `catalogue_number` of its own
    label_least: int  # characters of a label
    image_endings: tuple[str, ...] = ()  # of an image's address; empty: any
    constants: tuple[tuple[str, str], ...] = ()  # fields that every form has
    own_images: bool = False  # a cover has to stand on the site's own host
    escaped: bool = False  # names come with HTML's entities
    fill_action: str = "request_fill"
    adds_logs: bool = False  # logs may follow an upload

    def media(self, word: str) -> str | None:
        """The site's spelling of our word for a medium."""
        for one in MEDIA:
            if one.casefold() == word.casefold():
                return self.blu_ray if one == "Blu-ray" else one
        return None

    def medium(self, word: str) -> str | None:
        """Our word for a medium as the site spells it."""
        return next((one for one in MEDIA if word and self.media(one) == word), None)

    def release_type(self, name: str) -> str | None:
        """The site's spelling of a release type; also by its id."""
        for known, number in self.release_types.items():
            if name.casefold() in (known.casefold(), str(number)):
                return known
        return None


ROLES = {"main": 1, "guest": 2, "remixer": 3, "composer": 4, "conductor": 5, "dj": 6, "producer": 7}
