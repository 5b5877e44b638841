"""The whole pipe against the sandbox, in a temporary folder: real rules, real journal, real uploads, no remains."""

from __future__ import annotations

import contextlib
import secrets as random_words
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from trackers.clock import Clock
from trackers.sandbox import Sandbox
from trackers.sandbox.album import write_album
from watcher.config import parse
from watcher.errors import FAILED, OK
from watcher.jobs import State
from watcher.secrets import Secrets
from watcher.service import nox
from watcher.service.choosing import Filter, chosen
from watcher.service.running import Service
from watcher.service.view import job_row

PATIENCE = 180.0  # seconds before the demo gives up
RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {seed}
{clients}
folders:
  - {{name: finished, path: {folder}, settle: 1s}}
trackers:
  RED: {{type: sandbox-redacted, url: '{red}', new_group: upload, web_flac: upload, quiet: 5s}}
  OPS: {{type: sandbox-orpheus, url: '{ops}', new_group: upload, web_flac: upload, quiet: 5s}}
rules:
  - name: lossless-albums
    match: {{kind: music, music.format: FLAC, music.media: WEB}}
    require: {{music.tags_complete: true}}
    upload_to:
      RED: {{}}
      OPS: {{set: {{tags.add: [demo]}}}}
"""


@dataclass(frozen=True)
class Outcome:
    """How the demo ended: the jobs as `queue list` gives them, and an exit code."""

    jobs: tuple[Mapping[str, object], ...]
    exit_code: int
    seeded: bool


def demo(say: Callable[[str], None], on_record: Callable[[Mapping[str, object]], None], clock: Clock) -> Outcome:
    """Run it. `say` is told the steps around the pipeline, `on_record` every journal record."""
    with tempfile.TemporaryDirectory(prefix="seedpost-demo-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        sandbox = stack.enter_context(Sandbox(clock=clock))
        say(f"sandbox: RED's and OPS's dialects at {sandbox.url}")
        client = _client(folder, stack, clock, say)
        service = stack.enter_context(_service(folder, sandbox, client, on_record, clock))
        ready = _album(folder)
        say(f"an album is finished: {ready.name}")
        ready.rename(folder / "finished" / ready.name)
        _until_settled(service, clock)
        say(_counted(sandbox))
        return _outcome(service, seeded=client is not None)


def _client(folder: Path, stack: contextlib.ExitStack, clock: Clock, say: Callable[[str], None]) -> nox.Nox | None:
    if not nox.command():
        say("qbittorrent-nox is not installed: jobs end `uploaded`, nothing is seeded")
        return None
    client = stack.enter_context(nox.Nox(folder / "qbittorrent", random_words.token_hex(8), clock))
    say(f"qbittorrent-nox: at {client.url}")
    return client


@contextlib.contextmanager
def _service(
    folder: Path,
    sandbox: Sandbox,
    client: nox.Nox | None,
    on_record: Callable[[Mapping[str, object]], None],
    clock: Clock,
) -> Iterator[Service]:
    """The real service over a watched folder, in a thread; the folder's baseline is taken before the album comes."""
    (folder / "finished").mkdir()
    environment = {
        "SEEDPOST_SECRET_RED_API_KEY": sandbox.account("redacted").api_key,
        "SEEDPOST_SECRET_OPS_API_KEY": sandbox.account("orpheus").api_key,
    }
    clients, seed = "", "{client: none}"
    if client is not None:
        environment["SEEDPOST_SECRET_SEEDBOX_PASSWORD"] = client.password
        clients = f"clients:\n  seedbox: {{url: '{client.url}', username: {nox.USERNAME}}}"
        seed = "{client: seedbox, category: seedpost, tags: [demo]}"
    text = RULES.format(
        seed=seed,
        clients=clients,
        folder=folder / "finished",
        red=sandbox.url_of("redacted"),
        ops=sandbox.url_of("orpheus"),
    )
    state = folder / "state"
    config = parse(text.encode(), str(folder / "rules.yaml"))
    service = Service(config, Secrets(state, environment, clock=clock), state=state, clock=clock, on_record=on_record)
    for source in service.watches.sources:
        source.poll_once()
    loop = threading.Thread(target=service.run, name="demo")
    loop.start()
    try:
        yield service
    finally:
        service.stop()
        loop.join()
        service.close()


def _album(folder: Path) -> Path:
    """A small tagged FLAC album, its frames written here and now: nobody else's, and never the same twice."""
    return write_album(
        folder,
        artist="The Loopbacks",
        album=f"Songs of Localhost {random_words.token_hex(2)}",
        year=2024,
        tracks=["Bind", "Listen", "Accept", "Close"],
        media="WEB",
    )


def _until_settled(service: Service, clock: Clock) -> None:
    end = clock.running() + PATIENCE
    while clock.running() < end and not service.stopping.is_set():
        ledger = service.journal.ledger
        if ledger.jobs and all(_ended(job.state, service) for job in ledger.jobs.values()):
            return
        clock.wait(0.2)


def _ended(state: State, service: Service) -> bool:
    last = State.UPLOADED if service.config.seed.client is None else State.DONE
    return state in (last, State.DONE, State.HELD, State.DUPLICATE, State.CANCELLED)


def _counted(sandbox: Sandbox) -> str:
    counts = {name: len(sandbox.posts(name)) for name in ("redacted", "orpheus")}
    return f"the sandbox received {counts['redacted']} upload at RED and {counts['orpheus']} at OPS"


def _outcome(service: Service, *, seeded: bool) -> Outcome:
    ledger = service.journal.ledger
    wanted = State.DONE if seeded else State.UPLOADED
    jobs = chosen(ledger, Filter())
    good = len(jobs) == 2 and all(job.state is wanted for job in jobs)
    return Outcome(tuple(job_row(job, ledger) for job in jobs), OK if good else FAILED, seeded)
