"""What the site's log checker says of a rip log: the answers' shape, with the few deductions that were recorded."""

from __future__ import annotations

import re

from trackers.sandbox.store import RipLog

DEDUCTIONS = (
    (r"Gap handling", 10, "Gap handling was not detected (-10 points)"),
    (r"Add ID3 tag", 1, "Could not verify id3 tag setting (-1 point)"),
    (r"(?m)^\s*Test CRC", 10, "Test and copy was not used (-10 points)"),
)
_RIPPERS = (
    ("EAC", re.compile(r"Exact Audio Copy V(\d+\.\d+)"), "==== Log checksum"),
    ("XLD", re.compile(r"X Lossless Decoder version (\S+)"), "-----BEGIN XLD SIGNATURE-----"),
    ("whipper", re.compile(r"Log created by: whipper (\S+)"), "SHA-256 hash:"),
)


def judge(content: bytes, pasted: bool = False) -> RipLog:
    """The score and what was taken off. A pasted log loses its checksum; what is no log keeps `checksum_ok`."""
    text = _text(content)
    for ripper, pattern, sealed in _RIPPERS:
        if found := pattern.search(text):
            lost = [(points, words) for needle, points, words in DEDUCTIONS if not re.search(needle, text)]
            checksum = "checksum_missing" if sealed not in text else "checksum_invalid" if pasted else "checksum_ok"
            score = 100 - sum(points for points, _ in lost)
            return RipLog(score, checksum, ripper, found[1], tuple(words for _, words in lost))
    return RipLog(0, "checksum_ok", "unknown", "", ("Unknown log file, could not determine ripper.",))


def _text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8", "replace")
