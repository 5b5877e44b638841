"""What an answer to an upload means for the job. Pure. Facts on UNIT3D: sections 2, 4, 5 and 15."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from trackers.base import Receipt
from trackers.errors import AlreadyThere, Answer, Refused, TrackerError, Unconfirmed
from trackers.secret import Secret
from trackers.unit3d.answers import Hide, Said, plain

_DOWNLOAD = re.compile(r"/torrent/download/(\d{1,12})\.([0-9a-f]{32})$")
_TAKEN = re.compile(r"already been taken", re.IGNORECASE)
_NO_CATEGORY = re.compile(r"No query results for model \[App\\Models\\Category\]", re.IGNORECASE)
_NO_ROUTE = re.compile(r"^The route .* could not be found|method is not supported for route", re.IGNORECASE)
# The site calls fields by its columns.
_FIELDS = {
    "anon": "anonymous",
    "tmdb_movie_id": "tmdb",
    "tmdb_tv_id": "tmdb",
    "info_hash": "torrent",
}


def keyed(link: object) -> tuple[str, Secret] | None:
    """(torrent id, the key that its .torrent is fetched by) of a download address; None for anything else."""
    found = _DOWNLOAD.search(link) if isinstance(link, str) else None
    return (found[1], Secret(found[2])) if found else None


def torrent_id(said: Said) -> str | None:
    """The id in a success, None if this is none. Some sites name the id alone."""
    if said.status != 200 or said.value.get("success") is not True:
        return None
    data = said.value.get("data")
    found = keyed(data)
    if found is not None:
        return found[0]
    bare = str(data) if type(data) in (int, str) else ""
    return bare if bare.isascii() and bare.isdecimal() else None


def page_url(url: str, torrent_id: str) -> str:
    """The page that shows a torrent; no key in it."""
    return f"{url}/torrents/{torrent_id}"


def receipt(said: Said, url: str, name: str, hide: Hide) -> Receipt:
    """The receipt of a success, whose info-hash the site never tells. Raises what anything else means."""
    found = torrent_id(said)
    if found is None:
        raise _failure(said, name, hide)
    return Receipt(found, None, page_url(url, found))


def _failure(said: Said, name: str, hide: Hide) -> TrackerError:
    words = hide(plain(said.message))
    told = [hide(plain(text)) for text in sentences(said.value)]
    answer = Answer(said.status, "failure", "; ".join([words, *told])[:500])
    if said.value.get("success") is True:
        return Unconfirmed("unreadable", f"{name}: it says success, but not which torrent", answer=answer)
    refused = said.value.get("success") is False and words.casefold().startswith("validation error")
    if told and (refused or said.status == 422):
        text = f"{name}: {' '.join(told)}"
        if any(_TAKEN.search(one) for one in told):
            return AlreadyThere("already-there", text, answer=answer)
        return Refused("refused", text, answer=answer)
    if said.status == 404 and _NO_CATEGORY.search(words):
        return Refused("refused", f"{name}: the site has no such category: mend 'categories'", answer=answer)
    if said.status in (404, 405) and _NO_ROUTE.search(words):
        return Refused("refused", f"{name}: no upload is taken at this address: mend 'url'", answer=answer)
    return Unconfirmed("unknown-words", f"{name}: {words or 'an answer without words'}", answer=answer)


def sentences(value: Mapping[str, object]) -> list[str]:
    """What a refusal names as wrong, with the form's own key before it where the site's sentence has another."""
    data = value.get("data", value.get("errors"))
    if isinstance(data, str):
        return [data]
    if not isinstance(data, Mapping):
        return []
    return [_sentence(str(key), text) for key, texts in data.items() for text in _texts(texts)]


def _sentence(key: str, text: str) -> str:
    ours = _FIELDS.get(key)
    return f"{ours}: {text}" if ours else text


def _texts(value: object) -> Iterable[str]:
    rows = value if isinstance(value, list) else [value]
    return [row for row in rows if isinstance(row, str)]
