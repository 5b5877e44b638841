"""What all tests share: in CI a test that is skipped for a missing tool is a failure, and no secret leaks from one."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from tests.support_canaries import hits, leaks
from tests.support_trackers import AUTHKEY, KEY, PASSKEY
from tests.support_webui import KEY as CLIENT_KEY
from tests.support_webui import PASSWORD

SECRETS = (KEY, PASSKEY, AUTHKEY, CLIENT_KEY, PASSWORD)
# The modules in which trackers and clients meet their failures.
FAILING = ("test_gazelle", "test_http", "test_redacted", "test_orpheus", "test_client", "test_seeding")

# A busy machine is no fault of a test.
settings.register_profile("seedpost", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("seedpost")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    if call.when == "teardown" and item.path.stem.startswith(FAILING) and (found := leaked(item, report)):
        report.outcome = "failed"
        report.longrepr = f"a secret leaked: {', '.join(found)}"
    return report


def leaked(item: pytest.Item, report: pytest.TestReport) -> list[str]:
    """Every secret of these tests in what a test wrote, with libraries' logs at debug, and in the files it left."""
    said = "".join(text for _, text in report.sections).encode("utf-8", "surrogateescape")
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    return hits(said, SECRETS) + (leaks(folder, SECRETS) if folder else [])


@pytest.fixture(autouse=True)
def at_debug(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> None:
    """Where trackers and clients fail, everything that anybody logs is looked at."""
    if request.path.stem.startswith(FAILING):
        caplog.set_level(logging.DEBUG)
