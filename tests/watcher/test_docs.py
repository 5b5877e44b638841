"""The pages that people read: each command in them is one that there is, each link leads somewhere, no code lacks."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.support_commands import understood
from watcher.jobs.codes import CODES

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def commands(text: str) -> Iterator[str]:
    """Every command line of a page: those in blocks, without what stands beside them, and those inside a sentence. What
    only shows a pattern is none."""
    fenced = False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        block = re.match(r" *(?:\$ )?(seedpost .+)$", line) if fenced or line.startswith("    ") else None
        found = [re.split(r"  +", block[1])[0]] if block else re.findall(r"`(seedpost [^`]+)`", line)
        yield from (one for one in found if not re.search(r"\S\|\S|\[|…$", one))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_of_a_page_is_understood(page: Path) -> None:
    for line in commands(page.read_text()):
        with contextlib.suppress(click.MissingParameter):  # a sentence may leave out what is plain
            understood(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in set(anchors(there.read_text())), f"{page.name}: {target}"


def anchors(text: str) -> Iterator[str]:
    """The names of a page's headings, as links spell them."""
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_readme_leads_to_every_page() -> None:
    targets = set(LINK.findall((ROOT / "README.md").read_text()))
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")} <= targets


@pytest.mark.real
def test_logrotate_takes_what_the_page_of_operations_says(tmp_path: Path) -> None:
    if shutil.which("logrotate") is None:
        pytest.skip("logrotate is not installed")
    text = (ROOT / "docs" / "operations.md").read_text()
    lines = re.search(r"^    (/\S+)( \{\n.+?^    \}\n)", text, re.M | re.S)
    assert lines is not None
    (tmp_path / "seedpost.jsonl").write_text("{}\n")
    config = tmp_path / "logrotate.conf"
    config.write_text(f"{tmp_path / 'seedpost.jsonl'}{lines[2]}")
    config.chmod(0o600)
    command = ["logrotate", "-f", "-s", str(tmp_path / "status"), str(config)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "seedpost.jsonl.1").read_text() == "{}\n"


def test_troubleshooting_has_a_cure_for_every_code() -> None:
    rows = [line for line in (ROOT / "docs" / "troubleshooting.md").read_text().splitlines() if line.startswith("| `")]
    told = [code for row in rows for code in re.findall(r"`([a-z0-9-]+)`", row.split("|")[1])]
    assert sorted(told) == sorted(CODES)
