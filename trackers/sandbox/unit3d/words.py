"""A UNIT3D site's vocabularies, groups of users, and in what its versions differ.

Facts on UNIT3D, sections 8, 13 and 14. The numbers stand here a second time on purpose: taken from a user's rules,
they would agree with its mistakes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Category:
    """A category, and by which rules it goes: movie, tv, game, music or no."""

    name: str
    meta: str

    @property
    def video(self) -> bool:
        """It wants a resolution."""
        return self.meta in ("movie", "tv")


CATEGORIES: Mapping[int, Category] = {
    1: Category("Movies", "movie"),
    2: Category("TV", "tv"),
    3: Category("Games", "game"),
    4: Category("Music", "music"),
    5: Category("Apps", "no"),
}
TYPES: Mapping[int, str] = {1: "Full Disc", 2: "Remux", 3: "Encode", 4: "WEB-DL", 5: "WEBRip", 6: "HDTV"}
RESOLUTIONS: Mapping[int, str] = dict(
    enumerate(("4320p", "2160p", "1080p", "1080i", "720p", "576p", "576i", "480p", "480i", "Other"), 1)
)
REGIONS: Mapping[int, str] = {1: "AFG", 2: "AIA", 3: "ALA", 4: "ALG", 5: "AND"}  # the first of 244
DISTRIBUTORS: Mapping[int, str] = {1: "01 Distribution", 2: "100 Destinations Travel Film", 75: "Arrow"}  # of 965
TRUSTED = frozenset(
    (
        "Uploader",
        "Trustee",
        "ExtremeUser",
        "InsaneUser",
        "Seeder",
        "Archivist",
        "Internal",
        "Editor",
        "Moderator",
        "Owner",
    )
)
STAFF = frozenset(("Moderator", "Owner"))  # may set freeleech and the like
WITHOUT_UPLOAD = frozenset(("Validating", "Guest", "Leech"))


@dataclass(frozen=True)
class Version:
    """What an uploader meets on one version of UNIT3D."""

    entropy: bool = True  # a random key in the info dictionary; without it the same torrent is refused
    ids_required: bool = False  # all of imdb, tvdb, tmdb, mal, igdb, as numbers, in every category
    flags_required: bool = False  # stream and sd too
    queue_opt_in: bool = True  # mod_queue_opt_in does something
    sentence_case: bool = True  # of two refusals
    strict_database: bool = False  # a word for a number is a server error
    user_route: bool = True
    shape: str = "9"  # of a torrent's page: 9, 8.3, 8.0; in 8.0 the filter has it too
    limit_by_user: bool = True  # or by address: here one for all
    tilde: bool = True  # file names that begin with it are refused


OLD = Version(entropy=False, sentence_case=False, limit_by_user=False, tilde=False)
OLDER = replace(OLD, ids_required=True, queue_opt_in=False)
VERSIONS: Mapping[str, Version] = {
    "9.2.0": Version(),
    "9.1.5": OLD,
    "9.0.0": OLDER,
    "8.3.4": replace(OLDER, flags_required=True, shape="8.3"),
    "8.0.0": replace(OLDER, flags_required=True, shape="8.0", strict_database=True, user_route=False),
}
