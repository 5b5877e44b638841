"""What an answer to an upload means for the job. Pure.

A failure in the site's words is a refusal only if it is one that comes before anything is stored; the rest may hide a
torrent that stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from trackers.base import Receipt
from trackers.errors import AlreadyThere, Answer, NotAuthorised, Refused, TrackerError, Unconfirmed
from trackers.gazelle.answers import Hide, Said, plain, shape
from trackers.gazelle.hits import page_url
from trackers.gazelle.search import number

_RIGHTS = re.compile(r"does not allow you to upload|upload privileges have been revoked", re.IGNORECASE)
# The second is what follows the repair of a torrent whose file the site had lost: a failure that means done.
_THERE = re.compile(r"already exists|^thank you for fixing", re.IGNORECASE)
_STORE = re.compile(r"internal error saving", re.IGNORECASE)  # registered all the same
# Said by the checks that come before the first write; RED's document and clients know the same family of words.
_REFUSALS = re.compile(
    "|".join((
        r"^please (enter|select|rehost)",
        r"^you must (enter|choose)",
        r"^you have selected a year",
        r"^there is an error with how artists",
        r"^\w+ is not specified$",
        r"must be less than \d+ characters|must be between \d+ and \d+ characters|has a minimum length of \d+",
        r"(description|title|label|number) you entered (is|was) (too long|invalid)|^the image url you entered",
        r"does not look like a valid image url",
        r"^the year of the original release must be|^year of remaster/re-issue must be",
        r"^group id was not numeric",
        r"^you seem to have put something other than a torrent|^no torrent file uploaded",
        r"^the torrent file .* is corrupted",
        r"^this torrent (is not a v1 torrent|contains an encrypted file list)",
        r"^the torrent contained one or more (invalid files|forbidden files|files with too long a name)",
        r"^one or more of the files or folders in the torrent has a name",
    )),
    re.IGNORECASE,
)  # fmt: skip


def receipt(said: Said, infohash: str, url: str, name: str, hide: Hide) -> Receipt:
    """The receipt of a success. Raises what a failure means; `Unconfirmed` for a success without a torrent's id."""
    if not said.ok:
        raise failure(said, name)
    response = said.response
    torrent_id = _id(response, "torrent")
    if not isinstance(response, Mapping) or not torrent_id:
        answer = Answer(said.answer.status, "unreadable", f"a success of unknown shape: {shape(response)}")
        raise Unconfirmed("unreadable", f"{name}: it says success, but not which torrent", answer=answer)
    group_id = _id(response, "group") or None
    # True: the file was private, and of this site, already. Anything else, and the site's copy has another hash.
    kept = response.get("private") is True and response.get("source") is True
    warnings = response.get("warnings")
    texts = tuple(hide(plain(row)) for row in warnings if isinstance(row, str)) if isinstance(warnings, list) else ()
    return Receipt(torrent_id, group_id, page_url(url, group_id, torrent_id), infohash if kept else None, texts)


def _id(response: object, what: str) -> str:
    """`torrentId` or `torrentid`: which site has which is told both ways."""
    if not isinstance(response, Mapping):
        return ""
    return number(response.get(f"{what}Id")) or number(response.get(f"{what}id"))


def failure(said: Said, name: str) -> TrackerError:
    """The error for a failure in the site's words."""
    words, answer = said.error, said.answer
    if _RIGHTS.search(words):
        return NotAuthorised("no-upload-right", f"{name}: {words}", answer=answer)
    if _THERE.search(words):
        where = f" (torrent {', '.join(said.linked)})" if said.linked else ""
        return AlreadyThere("already-there", f"{name}: {words}{where}", answer=answer)
    if _STORE.search(words):
        return Unconfirmed("store", f"{name}: {words}", answer=answer)
    if _REFUSALS.search(words) and answer.status < 404:
        return Refused("refused", f"{name}: {words}", answer=answer)
    return Unconfirmed("unknown-words", f"{name}: {words}", answer=answer)
