"""A process of its own for what others' libraries make of strangers' names and bytes: guessit and MediaInfo.

One JSON line in, one JSON line out; it ends when its standard input does, or when nobody has asked for a while. Each
question has a time limit that the kernel enforces (SIGALRM, default action), so that a hang inside a library ends too.
"""

from __future__ import annotations

import json
import resource
import select
import signal
import sys
from collections.abc import Mapping
from typing import Any

from watcher.identify.files import opened_file

IDLE = 60.0  # seconds without a question after which the memory is given back
MEMORY = 2 * 1024**3  # bytes of address space
LONGEST = 200_000  # characters of MediaInfo's text that are kept
MOST = 64  # streams of one file that are told of


def main() -> None:
    """Answer until nobody asks. Signals of the terminal and of the service's stop are the asker's to heed."""
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while select.select([sys.stdin], [], [], IDLE)[0]:
        line = sys.stdin.buffer.readline()  # never more than one line waits: each is answered before the next
        if not line:
            return
        question = json.loads(line)
        signal.alarm(int(question["seconds"]))
        answer = answered(question)
        signal.alarm(0)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def answered(question: Mapping[str, Any]) -> dict[str, Any]:
    """`{"said": …}`, or `{"failed": why}`."""
    try:
        return {"said": guessed(question["name"]) if "name" in question else measured(question["path"])}
    except OSError as error:
        return {"failed": f"can't be read: {error.strerror or error}"}
    except Exception as error:  # noqa: BLE001 - whatever a library trips over, the next question is another's
        return {"failed": f"{type(error).__name__}: {error}"[:300]}


def guessed(name: str) -> dict[str, Any]:
    """What guessit reads in a name, in plain values: text, numbers, lists of them, a date as YYYY-MM-DD."""
    from guessit import guessit  # late: 0.15 s, and only this process wants it

    text = name.encode("utf-8", "replace").decode()
    return {key: _plain(value) for key, value in guessit(text).items()}


def _plain(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(getattr(value, "alpha2", value))  # languages by their two letters; dates, sizes and the rest as text


def measured(path: str) -> dict[str, Any]:
    """What MediaInfo says of a file: `tracks` (its JSON, cut to what is plain) and `text` (its own words, no path)."""
    from pymediainfo import MediaInfo  # late, as above

    # It is given bytes and no path: it can neither follow what a file refers to nor tell where the file lies.
    with opened_file(path) as opened:
        told = json.loads(MediaInfo.parse(opened, output="JSON", full=False))
    with opened_file(path) as opened:
        text = MediaInfo.parse(opened, output="", full=False)
    tracks = (told.get("media") or {}).get("track") or []
    return {"tracks": [_track(track) for track in tracks[:MOST]], "text": text[:LONGEST].replace("\r\n", "\n").strip()}


def _track(track: Mapping[str, Any]) -> dict[str, Any]:
    extra = track.get("extra")
    plain = {key: value[:500] for key, value in track.items() if isinstance(value, str)}
    if isinstance(extra, dict):
        plain |= {f"extra.{key}": value[:500] for key, value in extra.items() if isinstance(value, str)}
    return plain


if __name__ == "__main__":
    main()
