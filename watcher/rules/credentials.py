"""Telling a key, password or cookie from an honest value. Where secrets are kept is the secrets module's."""

from __future__ import annotations

import re

# A run of letters and digits that no name has: passkeys (32), RED's keys (8.32), OPS's and UNIT3D's (60 and more).
_RUN = re.compile(r"[A-Za-z0-9]{32,}")
_NAMED = re.compile(
    r"(?i)\b(?:passkey|torrent_pass|authkey|api_?key|api_?token|rsskey|password|token)=[^\s&]+|\bbearer\s+\S{16,}"
)
_USER = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s@]+@", re.IGNORECASE)

# What people call secrets, and the name each is stored under (DESIGN section 13).
NAMES = {
    "api_key": "api_key",
    "apikey": "api_key",
    "api_token": "api_key",
    "key": "api_key",
    "token": "api_key",
    "password": "password",
    "pass": "password",
    "passwd": "password",
    "cookie": "cookies",
    "cookies": "cookies",
    "session": "cookies",
    "passkey": "passkey",
    "authkey": "authkey",
    "announce": "announce",
    "secret": "secret",
}


def looks_secret(text: str) -> bool:
    """Whether a value looks like a secret. Works on the form alone: an info-hash looks like one too."""
    if len(text) >= 32 and any(_mixed(run[0]) for run in _RUN.finditer(text)):
        return True
    if "://" in text and _USER.match(text):
        return True
    return ("=" in text or " " in text) and bool(_NAMED.search(text))


def _mixed(run: str) -> bool:
    return not run.isalpha() and not run.isdigit()
