"""Text from outside made fit for a terminal or one line of a log. Knows nothing of secrets: those are the filter's."""

from __future__ import annotations

import re

# What moves a cursor, starts an escape sequence, turns the direction of text, ends a line or is no character at all.
# Joiners (U+200C, U+200D) stay: Persian and emoji need them, and they move nothing.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_UNSAFE_BUT_LINES = re.compile(_UNSAFE.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def safe(text: str, *, lines: bool = False) -> str:
    """`text` with every control, direction and surrogate character made visible (`\\x1b`, `\\u202e`); a byte that was
    not UTF-8 shows as that byte. `lines` keeps line ends, for text that is meant to have several."""
    return (_UNSAFE_BUT_LINES if lines else _UNSAFE).sub(_visible, text)


def _visible(match: re.Match[str]) -> str:
    char = match.group()
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if 0xDC80 <= code <= 0xDCFF:  # os.fsdecode's stand-in for one byte
        code -= 0xDC00
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
