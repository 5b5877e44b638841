"""One message to one address, through Apprise. The only importer of it; what it says is never passed on."""

from __future__ import annotations

import logging
import re
import threading
import warnings
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from trackers.secret import Secret
from watcher.errors import FAILED, MISSING, NETWORK, SeedpostError

INSTALL = "pip install 'seedpost[notify]', into the environment that seedpost is in"
SHORTEST = 8  # characters of a part of an address that is a secret by itself
_STATUS = re.compile(r"\berror=(\d{3})\b")
_loading = threading.Lock()


class Unsent(SeedpostError):
    """A message did not go out. `exit_code`: 1 if it never will to this address, 5 if it may, 6 without Apprise."""

    exit_code = NETWORK


def load() -> ModuleType:
    """Apprise, imported when it is first needed: half a second. Raises Unsent, exit 6, where it is not installed."""
    with _loading:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # its plugins are loaded with the first address, and some are old
                import apprise

                apprise.Apprise.instantiate("json://localhost")
        except ImportError as error:
            raise Unsent(
                "notifications need Apprise, which is not installed", hint=INSTALL, exit_code=MISSING
            ) from error
    return apprise


def send(address: Secret, title: str, body: str, level: str) -> None:
    """Send once. Raises Unsent, whose text has nothing of the address."""
    guard(address)
    apprise = load()
    with _Overheard() as said:
        asset = apprise.AppriseAsset(app_id="seedpost", app_desc="seedpost", async_mode=False)
        services = apprise.Apprise(asset=asset)
        if not services.add(address.reveal()):
            hint = "docs/notify.md has examples"
            raise Unsent("Apprise does not understand the address", hint=hint, exit_code=FAILED)
        kinds = {"error": apprise.NotifyType.FAILURE, "warning": apprise.NotifyType.WARNING}
        kind = kinds.get(level, apprise.NotifyType.INFO)
        sent = [_sent(service, title, body, kind) for service in services]
    if not all(sent):
        raise said.error()


def _sent(service: Any, title: str, body: str, kind: Any) -> bool:
    """In this thread: Apprise's own `notify` uses a pool, whose threads the end of the process waits for. What it would
    convert is converted here."""
    from apprise.conversion import convert_between

    convert: Any = convert_between  # untyped
    plain, wanted = "text", service.notify_format
    if service.title_maxlen <= 0:  # it goes into the body
        title = convert(plain, wanted, title)
    body = convert(plain, wanted, body)
    return bool(service.notify(title=title, body=body, notify_type=kind, body_format=plain))


def guard(address: Secret) -> None:
    """Let the filter know each part of the address that opens something: services put keys where others have hosts.
    A word ("alerts") is left alone, or it would be missing from every text."""
    parts = urlsplit(address.reveal())
    host = parts.hostname or ""
    found = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    found += [] if "." in host or host == "localhost" else [parts.netloc.rpartition("@")[2]]
    keys = [part for part in found if len(part) >= SHORTEST and not part.isalpha()]
    for part in [*keys, parts.password or ""]:
        Secret(part)
        Secret(unquote(part))


class _Overheard(logging.Handler):
    """What Apprise says while it sends, for a status alone: its texts may have the address in them."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread, self._status = threading.get_ident(), 0
        self._logger = logging.getLogger("apprise")

    def __enter__(self) -> _Overheard:
        self._logger.propagate = False  # never into the log
        self._logger.addHandler(self)
        return self

    def __exit__(self, *failed: object) -> None:
        self._logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        found = _STATUS.search(str(record.msg) if not record.args else record.getMessage())
        if found and record.thread == self._thread:
            self._status = int(found[1])

    def error(self) -> Unsent:
        """Why it was not sent, in our words."""
        if not self._status:
            return Unsent("the service could not be reached, or did not take the message")
        refused = 400 <= self._status < 500 and self._status not in (408, 425, 429)
        return Unsent(f"the service answered {self._status}", exit_code=FAILED if refused else NETWORK)
