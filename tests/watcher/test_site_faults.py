"""Ways in which the sandbox's RED and OPS spoil an upload, each to its end: sent once, or again after proof.

`test_sites` has those that an uploader meets most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support_sites import SITES, SiteWorld, site_world
from watcher.jobs import State


@dataclass(frozen=True)
class Case:
    """`stops`: a person has to say that the lane may go on. `posts` that arrive in all; the site has one torrent."""

    name: str
    kind: str
    posts: int
    how: dict[str, Any] = field(default_factory=dict)
    stops: str = ""


CASES = (
    Case("T7 a gateway that lost the answer", "bad-gateway", 1, {"processed": True}),
    Case("T7 a gateway that lost the request", "bad-gateway", 2),
    Case("T7 an error of the site's", "server-error", 2),
    Case("T7 maintenance", "maintenance", 2),
    Case("T8 its login page", "login-page", 2, stops="login"),
    Case("T8 a page of HTML after it was stored", "html", 1, {"processed": True}, stops="html"),
    Case("T9 an empty answer after it was stored", "empty", 1, {"processed": True}),
    Case("T10 half an answer", "half", 1),
    Case("T11 a connection that is reset", "reset", 2),
    Case("T11 a commit that comes late", "late", 1, {"seconds": 30.0}),
    Case("T19 another host", "moved", 2, stops="redirect"),
    Case("T20 sent to the login page", "login", 2, stops="login"),
    Case("T22 a look-up that shows another torrent", "other-torrent", 1, {"action": "torrent", "times": 2}),
    Case("registered, and its file not there", "unstored", 1),
)


@pytest.fixture(params=list(SITES))
def one(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SiteWorld]:
    with site_world(tmp_path, request.param) as world:
        yield world


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_whatever_becomes_of_the_answer_the_site_has_one_torrent_of_it(one: SiteWorld, case: Case) -> None:
    one.fail(case.kind, **case.how)
    one.album()
    if case.stops:
        one.until(lambda: _stopped(one) == case.stops)
        asked = len(one.asked())
        one.turn(5)
        assert len(one.asked()) == asked  # nothing more until a person acts
        one.journal.append([{"type": "command", "do": "resume", "tracker": one.name}])
    one.until(one.settled)
    assert one.mine().state is State.UPLOADED
    assert (one.posts(), len(one.ours())) == (case.posts, 1)
    assert str(one.ours()[0].id) == one.mine().torrent_id


def _stopped(one: SiteWorld) -> object:
    record = one.manager.lanes[one.mine().site].breaker if one.jobs() and one.manager.lanes else None
    return record["code"] if record else None


def test_T14_a_form_that_is_too_large_is_held_and_was_not_taken(one: SiteWorld) -> None:
    one.fail("too-large")
    one.album()
    one.until(one.settled)
    assert (one.mine().state, one.mine().code, one.ours()) == (State.HELD, "refused", [])
    assert "larger than the site takes" in (one.mine().why or "")
