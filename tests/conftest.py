"""What all tests share: in CI a test that is skipped for a missing tool is a failure, and no secret leaks from one."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from tests.support_canaries import hits, leaks
from tests.support_sites import IMAGE_KEY
from tests.support_trackers import AUTHKEY, KEY, PASSKEY
from tests.support_webui import KEY as CLIENT_KEY
from tests.support_webui import PASSWORD
from trackers.sandbox.sites import Sites

# Those of a played server, of a client, of a host for pictures, and of the sandbox's account at each of its sites.
PLAYED = (KEY, PASSKEY, AUTHKEY, CLIENT_KEY, PASSWORD, IMAGE_KEY)
SITES = Sites(stocked=False)
SANDBOX = tuple(key for site in SITES.sites for one in [SITES.account(site)] for key in (one.api_key, one.passkey))
SECRETS = (*PLAYED, *SANDBOX)
# The modules in which trackers and clients meet their failures.
FAILING = (
    "test_gazelle", "test_http", "test_redacted", "test_orpheus", "test_unit3d", "test_btn", "test_nebulance",
    "test_catalogue", "test_images", "test_sites", "test_uploader", "test_client", "test_seeding", "test_strays",
    "test_sources_qbittorrent", "test_notify",
)  # fmt: skip

# A busy machine is no fault of a test.
settings.register_profile("seedpost", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("seedpost")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get("CI") and not left_out(report):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    if call.when == "teardown" and item.path.stem.startswith(FAILING) and (found := leaked(item, report)):
        report.outcome = "failed"
        report.longrepr = f"a secret leaked: {', '.join(found)}"
    return report


def left_out(report: pytest.TestReport) -> bool:
    """Whether a test is skipped for the program that `.ci/run` could not bring, and says is left out."""
    program = os.environ.get("LEFT_OUT")
    return bool(program) and f"{program} is not installed" in str(report.longrepr)


def leaked(item: pytest.Item, report: pytest.TestReport) -> list[str]:
    """Every secret of these tests in what a test wrote, with libraries' logs at debug, and in the files it left."""
    said = "".join(text for _, text in report.sections).encode("utf-8", "surrogateescape")
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    return hits(said, SECRETS) + (leaks(folder, SECRETS) if folder else [])


@pytest.fixture(autouse=True)
def at_debug(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> None:
    """Where trackers and clients fail, everything is looked at that anybody logs; urllib3 as the daemon has it, which
    shuts it up below WARNING: it writes whole addresses."""
    if request.path.stem.startswith(FAILING):
        caplog.set_level(logging.DEBUG)
