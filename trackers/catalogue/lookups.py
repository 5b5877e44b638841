"""What is known of each service that tells numbers of titles: where it stands, what it can tell. Frozen data.

Facts: TMDB's and TheTVDB's own documents (TMDB allows about 40 requests a second, TheTVDB publishes no figure), and the
published API of Sonarr and Radarr, version 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trackers.catalogue.shapes import Limit


@dataclass(frozen=True)
class LookupType:
    """One type of service. Its key is the secret `NAME.api_key`."""

    name: str  # as `type:` in rules.yaml
    url: str  # base address; "" where rules.yaml gives it
    limit: Limit
    kinds: tuple[str, ...]  # of content that it knows
    tells: tuple[str, ...]  # the data bases whose numbers it may tell
    optional_secrets: tuple[str, ...] = ()
    own: bool = False  # the user's own program: it may stand in a local network, without https


_ARR = Limit(10, 1.0)
LOOKUPS: Mapping[str, LookupType] = {
    one.name: one
    for one in (
        # What the user's own programs fetched is known for certain: they are asked before any name is looked for.
        LookupType("sonarr", "", _ARR, ("tv",), ("tvdb", "imdb", "tmdb", "tvmaze"), own=True),
        LookupType("radarr", "", _ARR, ("movie",), ("tmdb", "imdb"), own=True),
        LookupType("tmdb", "https://api.themoviedb.org", Limit(20, 1.0), ("tv", "movie"), ("tmdb", "imdb", "tvdb")),
        LookupType(
            "tvdb",
            "https://api4.thetvdb.com",
            Limit(10, 5.0),
            ("tv",),
            ("tvdb", "imdb", "tmdb", "tvmaze"),
            optional_secrets=("pin",),
        ),
    )
}
