"""What may follow an upload, and what may go before one: requests, logs, the right to upload. Publishes nothing.

Each is asked for by itself and does no harm when it is repeated: an answer that was lost is a reason to ask again.
Facts on Gazelle, sections 6, 9 and 10.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from trackers.base import CannotTell, Receipt, Upload
from trackers.errors import NotAuthorised, Refused, Unavailable, Unconfirmed
from trackers.gazelle.ajax import Ajax
from trackers.gazelle.answers import Said
from trackers.gazelle.hits import torrent_of
from trackers.gazelle.outcome import failure
from trackers.gazelle.search import number
from trackers.http import Fields, Files

_FILLED = re.compile(r"already been filled", re.IGNORECASE)


def fill_request(ajax: Ajax, action: str, receipt: Receipt, request: str) -> None:
    """Fill a user's request with what was uploaded. Never in the upload itself: there a refusal is not enforced, and
    what it says spoils the answer. Raises `Refused` if somebody else filled it or it asks for something else."""
    fields = [("requestid", request), ("torrentid", receipt.torrent_id)]
    try:
        said = ajax.send(action, fields, (), first=True)
        if said.ok:
            return
        if _FILLED.search(said.error):
            _see_filled(ajax, receipt, request, None)
            return
    except (NotAuthorised, Unconfirmed) as error:
        _doubted(ajax, receipt, request, error)
        return
    raise Refused("request-not-filled", f"{ajax.name}: request {request}: {said.error}", answer=said.answer)


def _doubted(ajax: Ajax, receipt: Receipt, request: str, error: NotAuthorised | Unconfirmed) -> None:
    """An unknown request is answered with a page of HTML, a key without the scope with 401: it may upload all the same,
    and stops no lane."""
    if error.code == "denied":
        raise Refused(
            "request-not-filled", f"{ajax.name}: the key may not fill requests: {error.text}", answer=error.answer
        ) from error
    if isinstance(error, NotAuthorised):
        raise error
    _see_filled(ajax, receipt, request, error)


def _see_filled(ajax: Ajax, receipt: Receipt, request: str, error: Unconfirmed | None) -> None:
    """Look whether it is filled with ours. On OPS this look is dear (4 in 60 s), so it is made only in doubt."""
    said = ajax.look("request", id=request)
    response = said.response if isinstance(said.response, dict) else {}
    if said.ok and number(response.get("torrentId")) == receipt.torrent_id:
        return
    if not said.ok:
        text = f"{ajax.name}: there is no request {request} ({said.error})"
        raise Refused("request-not-filled", text, answer=said.answer)
    if response.get("isFilled"):
        text = f"{ajax.name}: request {request} is filled with another torrent"
        raise Refused("request-not-filled", text, answer=said.answer)
    text = f"{ajax.name}: request {request} is not filled yet"
    raise Unavailable("request-not-filled", text, answer=error.answer if error else None)


def add_logs(ajax: Ajax, upload: Upload, receipt: Receipt) -> None:
    """Send the rip logs that the site did not take with the upload."""
    found = torrent_of(_known(ajax.look("torrent", id=receipt.torrent_id), ajax.name).response)
    count = number(found[0].get("logCount")) if found else ""
    files = [(key, name, data) for key, name, data in upload.attached if key == "logfiles[]"]
    if not files or int(count or 0) >= len(files):
        return
    said = repeatable(ajax, "add_log", [("id", receipt.torrent_id)], files)
    if not said.ok:
        raise Refused("logs-not-taken", f"{ajax.name}: its logs were not taken: {said.error}", answer=said.answer)


def log_score(ajax: Ajax, logs: Sequence[tuple[str, bytes]]) -> int | CannotTell:
    """The lowest score that the site's log checker gives: that is what the torrent would show."""
    scores = []
    for _, data in logs:
        said = repeatable(ajax, "logchecker", (), [("log", "rip.log", data)])
        response = said.response if isinstance(said.response, dict) else {}
        score = response.get("score")
        if not said.ok or isinstance(score, bool) or not isinstance(score, int):
            return CannotTell(f"{ajax.name}: {said.error or 'the log checker gave no score'}")
        scores.append(score)
    return min(scores) if scores else CannotTell("there is no log to score")


def may_upload(ajax: Ajax, fields: Fields) -> bool | None:
    """Begin an upload that can't be one, without artist and torrent: the right to upload is looked at first, and what
    is said next proves it."""
    said = repeatable(ajax, "upload", fields, ())
    if said.ok:
        return None
    error = failure(said, ajax.name)
    if isinstance(error, NotAuthorised):
        return False
    return True if isinstance(error, Refused) else None


def repeatable(ajax: Ajax, action: str, fields: Fields, files: Files) -> Said:
    """A POST that changes nothing when it is repeated: what is not known to have worked is `Unavailable`."""
    try:
        return ajax.send(action, fields, files)
    except Unconfirmed as error:
        kind = NotAuthorised if error.stops_lane else Unavailable
        raise kind(error.code, error.text, answer=error.answer) from error


def _known(said: Said, name: str) -> Said:
    if not said.ok:
        raise Refused("logs-not-taken", f"{name}: {said.error}", answer=said.answer)
    return said
