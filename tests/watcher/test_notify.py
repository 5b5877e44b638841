"""What a target is told and when: texts, bundles, the pace, what is lost; and when nothing is uploaded."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support_clock import VirtualClock
from tests.support_rules import config
from tests.support_service import Service, serving
from trackers.clock import utc_text
from trackers.secret import Secret
from watcher.config import parse
from watcher.errors import FAILED
from watcher.jobs import Ledger
from watcher.jobs.standing import Standing
from watcher.logs import log, redact
from watcher.notify import Notifier
from watcher.notify.idle import idle
from watcher.notify.news import IDLE, LINES, LONGEST, News, message
from watcher.notify.sending import Unsent, send
from watcher.notify.target import APART, GATHER, KEPT, WAITS, Backlog, Pace, Target
from watcher.secrets import Secrets

HELD = {"job": "5f0c9a1e77d2", "release": "9b1d", "tracker": "RED", "error.kind": "new-group", "why": "no group yet"}
HELD = HELD | {"resume": "seedpost queue approve 5f0c9a1e77d2"}


def news(event: str = "job.held", seq: int = 1, **fields: object) -> News:
    return News(event, seq, "warning", fields or HELD)


def named(release: str) -> str:
    return {"9b1d": "Night\u202eDrive\n"}.get(release, "")


@pytest.mark.parametrize("page", ["notify.md", "metrics.md"])
def test_the_example_of_the_page_loads(page: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / page).read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert parse(example.encode()).rules.rules == ()


def test_one_event_says_what_why_and_the_command_that_helps() -> None:
    title, body = message([news()], 0, named)
    assert title == "seedpost: Night\\u202eDrive\\n → RED: needs you"
    assert body == "no group yet (new-group)\n\nseedpost queue approve 5f0c9a1e77d2"


def test_thirty_held_jobs_are_one_message() -> None:
    title, body = message([news(seq=n) for n in range(30)], 4, named)
    assert title == "seedpost: 30 × needs you, 4 × more"
    assert body.count("new-group") == LINES
    assert f"… and {34 - LINES} more" in body and body.endswith("\n\nseedpost queue review")


@given(st.lists(st.dictionaries(st.sampled_from(["why", "name", "tracker", "error", "resume", "hint"]), st.text())))
def test_a_title_is_one_short_line_whatever_it_is_about(found: list[dict[str, object]]) -> None:
    title, body = message([News("job.crashed", 0, "error", one) for one in found] or [news()], 0, named)
    assert len(title) <= LONGEST and "\n" not in title and "\x1b" not in title + body


@pytest.mark.parametrize(
    ("event", "fields", "title", "cure"),
    [
        ("client.down", {"client": "seedbox", "error": "refused"}, "seedbox: is away", "seedpost check --online"),
        ("rules.rejected", {"errors": ["rules.yaml:1:1: no"]}, "rules.yaml is not valid", "seedpost check"),
        (IDLE, {"why": "3 due"}, "nothing is uploaded", "seedpost status"),
        ("torrent.made", {"job": "5f0c"}, "5f0c: torrent.made", "seedpost status"),
    ],
)
def test_other_events_say_whom_they_are_about(event: str, fields: dict[str, object], title: str, cure: str) -> None:
    told, body = message([news(event, 0, **fields)], 0, named)
    assert (told, body.splitlines()[-1]) == (f"seedpost: {title}", cure)


def test_a_message_waits_for_others_and_for_the_one_before() -> None:
    pace = Pace()
    assert pace.due() == float("inf")
    pace.came(100.0)
    pace.came(103.0)
    assert pace.due() == 100.0 + GATHER
    pace.went(105.0, more=False)
    pace.came(106.0)
    assert pace.due() == 105.0 + APART


def test_what_is_not_kept_is_counted_and_what_waits_is_not_through() -> None:
    backlog = Backlog(heard=7)
    assert backlog.through == 7
    for seq in range(10, 10 + KEPT + 3):
        backlog.put(news(seq=seq))
    assert (len(backlog.kept), backlog.more, backlog.through) == (KEPT, 3, 9)


class Sent:
    """Takes what a target sends, or refuses it."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, int]] = []
        self.error: Exception | None = None

    def __call__(self, batch: Sequence[News], more: int) -> None:
        if self.error is not None:
            raise self.error
        self.batches.append((len(batch), more))


Heard = list[tuple[str, Mapping[str, object]]]


@pytest.fixture
def heard() -> Iterator[Heard]:
    from watcher.logs import overhear

    found: Heard = []
    end = overhear(lambda level, event, fields: found.append((event, fields)))
    yield found
    end()


def a_target(sent: Sent) -> Target:
    return Target("phone", sent, lambda: None, VirtualClock())


def test_a_service_that_refuses_is_tried_a_few_times_then_the_loss_is_counted(heard: Heard) -> None:
    sent = Sent()
    sent.error = Unsent("the service answered 503")
    target = a_target(sent)
    target.put(news(seq=5))
    target.put(news(seq=6))
    target.heard(9)
    for _ in WAITS:
        target.deliver()
        assert target.through == 4
    target.deliver()
    assert (target.lost, target.through) == (2, 9)
    assert [event for event, _ in heard] == ["notify.failed"] * len(WAITS) + ["notify.lost"]
    assert heard[-1][1]["events"] == 2
    sent.error = None
    target.put(news(seq=10))
    target.deliver()
    assert sent.batches == [(1, 0)]


def test_a_fault_of_a_plugin_is_a_failure_without_its_words(heard: Heard) -> None:
    sent = Sent()
    sent.error = ValueError("https://secret.example/key")
    target = a_target(sent)
    target.put(news())
    target.deliver()
    ((event, fields),) = heard
    assert event == "notify.failed" and str(fields["error"]) == "its plugin failed: ValueError"


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as one:
        yield one


def test_each_part_of_an_address_that_may_be_a_key_is_a_secret(service: Service) -> None:
    send(Secret(service.address), "title", "body", "error")
    send(Secret(service.address + "&+X-Header=c4nary-header"), "title", "<b>", "info")
    assert [(one["type"], one["message"]) for one in service.messages] == [("failure", "body"), ("info", "<b>")]
    assert redact("c4nary-pass-word c4nary-of-the-phone 127.0.0.1") == "*** *** 127.0.0.1"
    with pytest.raises(Unsent) as caught:
        send(Secret("tgram://c4nary-as-a-host/short"), "title", "body", "info")
    assert caught.value.exit_code == FAILED and "c4nary" not in redact("seen: c4nary-as-a-host")


# A notifier over a ledger, with Apprise and a service


def record(seq: int, **keys: object) -> dict[str, object]:
    base = {"v": 1, "seq": seq, "time": utc_text(VirtualClock().wall), "type": "job", "job": "j1", "tracker": "RED"}
    return {**base, "site": "redacted.sh", "release": "r1", "attempt": 0, **keys}


def a_ledger(*records: dict[str, object]) -> Ledger:
    ledger = Ledger()
    name = {"v": 1, "seq": 1, "time": utc_text(VirtualClock().wall), "type": "release", "release": "r1"}
    for one in ({**name, "name": "Night Drive", "fingerprint": "f", "from": "folder"}, *records):
        ledger.apply(one)
    return ledger


Begin = Callable[..., Notifier]


class Still(VirtualClock):
    """Moves when it is moved alone: what a target waits for is its end."""

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        return wake is not None and wake.wait(60)


@pytest.fixture
def begin(tmp_path: Path, service: Service) -> Iterator[Begin]:
    """A notifier that has begun; it is closed in the end."""
    begun: list[Notifier] = []

    def make(ledger: Ledger, on: str, clock: VirtualClock | None = None) -> Notifier:
        environ = {"SEEDPOST_SECRET_NOTIFY_PHONE": service.address}
        waits: Callable[[str], bool] = lambda site: False  # noqa: E731
        one = Notifier(ledger, Secrets(tmp_path, environ), tmp_path, clock or Still(), waits)
        one.start(config(f"rules: []\nnotify: {{phone: {{on: {on}}}}}\n"))
        begun.append(one)
        return one

    yield make
    for one in begun:
        one.close()


def said(service: Service) -> str:
    return "\n".join(f"{one['title']}\n{one['message']}" for one in service.messages)


def test_events_of_rules_yaml_are_told_at_the_end_at_the_latest_and_others_never(
    begin: Begin, service: Service
) -> None:
    notifier = begin(a_ledger(record(2, state="queued")), "[job.held, tracker.stopped, '*.crash_loop']")
    log.debug("uploader.crash_loop", why="told below the level of the log")
    log.warning("job.held", seq=3, job="j1", release="r1", **{"error.kind": "review"})
    log.warning("job.held", seq=4, job="j1", release="r1", **{"error.kind": "review"})
    log.warning("tracker.stopped", seq=5, tracker="RED", until="2026-11-22T10:00:00.000000Z", why="away")
    log.info("client.up", client="seedbox")
    notifier.close()
    text = said(service)
    assert text.count("needs you") + text.count("1 × needs you") >= 1 and text.count("Night Drive") == 1
    assert "below the level" in text and "away" not in text and "client" not in text


def test_a_start_tells_what_stands_and_was_not_told(begin: Begin, service: Service) -> None:
    ledger = a_ledger(record(2, state="held", code="review", why="asked"))
    begin(ledger, "[job.held]").close()
    assert service.messages == [], "a new target hears nothing of before"
    ledger.apply(record(3, job="j2", state="held", code="brake", why="too many"))
    begin(ledger, "[job.held]").close()
    assert "too many" in said(service) and "asked" not in said(service)
    count = len(service.messages)
    begin(ledger, "[job.held]").close()
    assert len(service.messages) == count


def test_nothing_uploaded_for_hours_is_told_once_a_day(begin: Begin, service: Service) -> None:
    clock = Still()
    notifier = begin(a_ledger(record(2, state="queued")), "[uploader.idle]", clock)
    for hours in (5, 2, 1, 1):
        clock.move(hours * 3600)
        notifier.look()
    notifier.close()
    assert said(service).count("nothing is uploaded") == 1 and "for 7.0 hours" in said(service)


def test_idle_is_counted_from_the_last_upload_and_not_for_what_waits_by_a_persons_word() -> None:
    start = VirtualClock().wall
    ledger = a_ledger(record(2, state="queued"))
    assert idle(ledger, start + 10, lambda site: True) is None
    found = idle(ledger, start + 10, lambda site: False)
    assert found is not None and (found.since, found.due, found.oldest) == (start, 1, "j1")
    sent = {"job": "j2", "attempt": 1, "infohash": "a" * 40}
    later = utc_text(start + 60)
    moves = ("queued", "prepared", "sending", "uploaded")
    for n, state in enumerate(moves):
        ledger.apply(record(3 + n, **sent, state=state, time=later))
    found = idle(ledger, start + 100, lambda site: False)
    assert found is not None and found.since == start + 60
    assert idle(a_ledger(record(2, state="queued", not_before=later)), start + 10, lambda site: False) is None


def test_a_job_says_a_state_once_until_it_comes_into_it_anew() -> None:
    standing = Standing(a_ledger(record(2, state="queued")))
    assert not standing.moved("j1", "queued", None)
    assert standing.moved("j1", "queued", "rate-limited") and not standing.moved("j1", "queued", "rate-limited")
    assert standing.moved("j1", "held", "review") and standing.moved("j1", "queued", None)
    assert standing.moved("j1", "cancelled", None) and standing.moved("j1", "queued", None)
