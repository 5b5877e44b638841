"""What the site itself would make of a job's upload, where it can say so. Stores nothing, here or there."""

from __future__ import annotations

from pathlib import Path

from trackers.base import COVER_TO_COME, Form, Upload, Uploader
from trackers.catalogue import TYPES
from trackers.clock import Clock
from trackers.content import Content
from trackers.errors import NotAuthorised, Refused, SettingsError, TrackerError
from watcher.config import Config, TrackerConfig
from watcher.errors import DUPLICATE, FAILED, INVALID, NETWORK, NOT_AUTHORISED, SeedpostError
from watcher.jobs import Job, State
from watcher.journal import Journal
from watcher.release import content_of, facts_of, files_of, overridden
from watcher.secrets import Secrets
from watcher.service import parts
from watcher.service.drafts import staged_for
from watcher.torrents import Hasher, info_dict, infohash
from watcher.uploader.bench import route_keys
from watcher.uploader.covers import drafted
from watcher.uploader.prepare import attached

NOT_SENT = (State.DRY_RUN, State.QUEUED, State.PREPARED, State.HELD)


def dry_run(job: Job, journal: Journal, config: Config, secrets: Secrets, state: Path, clock: Clock) -> dict[str, str]:
    """What the site would derive from the upload, by its own keys. Reads the content to make the torrent.

    Raises SeedpostError with what is wrong: the form's own problems, the site's refusal, a site without a dry run.
    """
    block = next((one for one in config.trackers.values() if one.site == job.site), None)
    if block is None:
        raise SeedpostError(f"no tracker of {job.site} is in rules.yaml", exit_code=INVALID)
    if not TYPES[block.type].dry_run:
        raise SeedpostError(f"{block.name} has no dry run of its own", hint="`seedpost rules explain` shows its form")
    if job.state not in NOT_SENT or job.open or job.sent_at:
        raise SeedpostError(f"{job.job} was sent already: it is {job.state}", exit_code=DUPLICATE)
    release = journal.ledger.releases[job.release]
    facts = overridden(facts_of(release), job.set or {}, "rule")
    content = content_of(str(release["name"]), files_of(release), bool(release.get("single")), facts)
    try:
        tracker = parts.opened(block, secrets, state=state, clock=clock, images=config.images)
    except SettingsError as error:
        raise SeedpostError(error.text, exit_code=INVALID) from error
    form = drafted(tracker, _shown(content, block), route_keys(job.set or {}, job.rest.get("cautions"), block))
    if not isinstance(form, Form):
        wrong = "; ".join(f"{problem.field}: {problem.text}" for problem in form)
        raise SeedpostError(wrong, hint=f"seedpost queue edit {job.job} {form[0].field}=…")
    return answer_of(tracker, form, content, Path(str(release["path"])), block)


def answer_of(tracker: Uploader, form: Form, content: Content, root: Path, block: TrackerConfig) -> dict[str, str]:
    """What the site says of a form, by its own keys. Reads the content at `root` as it lies; what staging would make of
    it is sent. Raises SeedpostError: its refusal."""
    try:
        return {
            str(key): str(value) for key, value in tracker.dry_run(_upload(tracker, form, content, root, block)).items()
        }
    except NotAuthorised as error:
        raise SeedpostError(error.text, exit_code=NOT_AUTHORISED) from error
    except Refused as error:
        raise SeedpostError(f"refused: {error.text}", exit_code=FAILED) from error
    except TrackerError as error:
        raise SeedpostError(error.text, exit_code=NETWORK) from error


def _upload(tracker: Uploader, form: Form, content: Content, root: Path, block: TrackerConfig) -> Upload:
    form = Form(tuple(pair for pair in form.fields if pair[1] != COVER_TO_COME), form.attachments)
    info, shown = _info(content, root, block), _shown(content, block)
    return Upload(
        form=form,
        info=info,
        infohash=infohash(info),
        name=shown.name,
        files=tuple((file.path, file.size) for file in shown.files),
        size=shown.size,
        account=tracker.account(),
        attached=attached(form, root),
    )


def _shown(content: Content, block: TrackerConfig) -> Content:
    """The content as the site would see it."""
    staged = staged_for(content, block)
    return staged.over(content) if staged else content


def _info(content: Content, root: Path, block: TrackerConfig) -> bytes:
    entry, staged, shown = TYPES[block.type], staged_for(content, block), _shown(content, block)
    length = entry.pieces.length(shown.size)
    pieces = Hasher().pieces(root, staged.sources if staged else content.files, content.single, length).pieces
    return info_dict(shown.name, shown.files, shown.single, length, pieces, entry.source_flag)
