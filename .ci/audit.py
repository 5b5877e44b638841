"""Reads what pip-audit found (JSON on standard input) and says it: ends 1 for known faults, 5 where nothing could
be asked: an audit that reached no data base is not a clean one."""

from __future__ import annotations

import json
import sys
from typing import Any


def lines(text: str) -> tuple[list[str], int]:
    """What to say of a report, and the exit code."""
    try:
        packages: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        packages = []
    asked = [one for one in packages if "skip_reason" not in one]
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    if not asked:
        return ["the data base of known faults can't be reached from here: nothing was audited"], 5
    faults = [
        f"{one['name']} {one['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'none yet'}"
        for one in asked
        for fault in one["vulns"]
    ]
    told = faults or [f"{len(asked)} packages, no known fault"]
    if skipped:
        told.append(f"not audited, the data base does not answer for them: {', '.join(skipped)}")
    return told, 1 if faults else 5 if skipped else 0


if __name__ == "__main__":
    said, code = lines(sys.stdin.read())
    print("\n".join(said))
    sys.exit(code)
