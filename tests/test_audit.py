"""`make audit` says what is known of the locked packages, and what it could not ask; and the lock file is whole."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FINE = {"name": "fine", "version": "1.0", "vulns": []}
FAULTY = {"name": "faulty", "version": "2.0", "vulns": [{"id": "PYSEC-0000-1", "fix_versions": ["2.1"]}]}
SKIPPED = {"name": "skipped", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([FINE], 0, "1 packages, no known fault"),
        ([FINE, FAULTY], 1, "faulty 2.0: PYSEC-0000-1, mended in 2.1"),
        ([FINE, SKIPPED], 5, "not audited, the data base does not answer for them: skipped"),
        ([SKIPPED], 5, "can't be reached from here: nothing was audited"),
        (None, 5, "can't be reached from here: nothing was audited"),
    ],
)
def test_an_audit_says_what_it_found_and_what_it_could_not_ask(
    packages: list[dict[str, object]] | None, code: int, said: str
) -> None:
    report = "" if packages is None else json.dumps({"dependencies": packages})
    done = subprocess.run([sys.executable, ".ci/audit.py"], cwd=ROOT, input=report, capture_output=True, text=True)
    assert (done.returncode, said in done.stdout) == (code, True)


def test_the_lock_file_has_every_package_with_hashes_and_names_no_place() -> None:
    text = (ROOT / "requirements-dev.lock").read_text()
    locked = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    named = {re.split(r"[^A-Za-z0-9_.-]", one)[0].lower().replace("_", "-") for one in wanted}
    assert named - locked == set(), "make lock"
    for block in re.split(r"\n(?=[a-z0-9-]+==)", text)[1:]:
        assert "--hash=sha256:" in block
    assert not re.search(r"https?://|file:|index-url|find-links|^/|/home/|/tmp/|/opt/", text, re.MULTILINE)
