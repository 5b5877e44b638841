"""Fifty names as strangers choose them: what a terminal, a log, a shell, BBCode, HTML or a path reads more into."""

from __future__ import annotations

import re

NAMES: tuple[str, ...] = (
    "\x1b[2J\x1b[H wiped", "\x1b]0;title\x07", "\x1b[31mred\x1b[0m", "\x1bc reset", "\x9b31m eight bit", "bell\x07",
    "back\x08\x08\x08space", "over\rwritten", "new\nline", "tab\tbed", "form\x0cfeed", "vertical\x0btab", "del\x7fete",
    "nel\x85line", "\u202egnp.exe", "\u2066isolated\u2069", "left\u200eright\u200f", "zero\u200bwidth", "\ufeffmark",
    "line\u2028separator", "para\u2029graph", "\u061carabic mark", "tag\U000e0041s", "\udcff\udcfe bytes", "caf\udce9",
    "\u0301accent first", "e\u0301 apart", "\u00e9 joined", "-rf", "--help", "-", "$(touch pwned)", "`touch pwned`",
    "; touch pwned", "| touch pwned", "a && touch pwned", "*", "?", "[a-z]", "~root", "#hash", "%s%n%x", "{title}",
    "{{7*7}}",
    "[b]bold[/b][img]http://x.invalid/[/img]", "[/plain][url=javascript:1]x[/url]", "<script>alert(1)</script>",
    "\"quoted\" 'twice' &amp;", "..", "con.aux.nul",
)  # fmt: skip
# As names of folders, which can't be `..` and have no slash.
FOLDERS = tuple(name.replace("/", "\u2215") if name != ".." else "...hidden" for name in NAMES)
# What may stand in no output: it moves a cursor, starts a sequence, turns or hides text, or is half a character.
RAW = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f\ud800-\udfff]"
)
