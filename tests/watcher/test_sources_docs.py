"""docs/sources.md: every block of rules in it is accepted, every command in it exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from watcher.cli import COMMANDS
from watcher.config import parse

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", PAGE, re.S))
def test_a_block_of_rules_is_accepted(block):
    rest = "\nseed: {client: none}\ntrackers: {RED: {type: redacted}}\n"
    rules = "rules: [{name: all, match: {kind: music}, upload_to: {RED: {}}}]\n"
    assert parse((block + rest + rules).encode()).clients


def test_the_commands_are_those_there_are():
    named = set(re.findall(r"seedpost ([a-z]+)", PAGE))
    assert {"enqueue", "run", "resume", "check"} <= named
    assert named & {"enqueue", "run", "resume", "check", "secrets"} <= set(COMMANDS)
