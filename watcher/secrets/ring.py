"""The child that asks one backend of the library `keyring` for one secret: it may hang, prompt or crash, and is killed.

Run as `python -P -m watcher.secrets.ring BACKEND`; the secret's name comes on standard input, the answer is JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

SERVICE = "seedpost"


def answer(backend: str, name: str) -> dict[str, str | None]:
    """`{"value": …}`, null where it has none; or `{"error": the class of what went wrong}`: its text may say more than
    we may show."""
    try:
        module, _, kind = backend.rpartition(".")
        made = getattr(importlib.import_module(module), kind)()
        return {"value": made.get_password(SERVICE, name)}
    except Exception as error:  # noqa: BLE001  a backend is anybody's code
        return {"error": type(error).__name__}


def main() -> None:
    """Answer once. What a backend prints itself goes nowhere."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    json.dump(answer(sys.argv[1], sys.stdin.read()), out)
    out.close()


if __name__ == "__main__":
    main()
