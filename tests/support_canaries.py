"""One scan for secrets: whether any of them stands in some bytes, in any spelling. It shares no code with the filter,
so that a mistake of the filter is not the scan's."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote_to_bytes

# What holds secrets by its purpose; everything else in a state folder is scanned.
VAULT = frozenset({"vault", "vault.bak"})
OTHERS = "qBittorrent"  # what a real client keeps: the announce addresses it seeds by, among others


@cache
def spellings(secret: str) -> dict[str, bytes]:
    """Each way in which a secret may stand in a file, by name."""
    raw = secret.encode()
    texts = {
        "plain": secret,
        "reversed lines": secret.replace("\n", "\r\n"),
        "quoted": quote(secret, safe=""),
        "quoted, small": re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quote(secret, safe="")),
        "form": quote_plus(secret),
        "percent": "".join(f"%{byte:02x}" for byte in raw),
        "json": json.dumps(secret)[1:-1],
        "json, not ascii": json.dumps(secret, ensure_ascii=False)[1:-1],
        "php": json.dumps(secret)[1:-1].replace("/", "\\/"),
        "json in json": json.dumps(json.dumps(secret)[1:-1])[1:-1],
        "repr": repr(secret)[1:-1],
        "html": html.escape(secret),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
    }
    found = {name: text.encode() for name, text in texts.items()}
    for before in range(3):  # the characters that stay the same wherever it stands in longer data
        encoded = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        stable = encoded[(0, 2, 3)[before] : len(encoded) - (1 if (before + len(raw)) % 3 else 0)]
        found[f"base64 +{before}"] = stable.encode()
        found[f"base64url +{before}"] = stable.replace("+", "-").replace("/", "_").encode()
    return found


def hits(data: bytes, secrets: Iterable[str]) -> list[str]:
    """`secret number (spelling)` for each that stands in `data`; also where lines or percent signs were put into it."""
    forms = {"": data, " folded": re.sub(rb"\\?\r?\n[ \t]*|\\n", b"", data), " percent": unquote_to_bytes(data)}
    return [
        f"secret {number} ({name}{how})"
        for number, secret in enumerate(secrets)
        for name, spelled in spellings(secret).items()
        for how, text in forms.items()
        if spelled in text
    ]


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below `folder` but the vault's and a client's own, unpacked, by its path; the path counts too."""
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        yield f"the name {name!r}", name.encode(errors="surrogateescape")
        if path.is_file() and path.name not in VAULT and OTHERS not in path.parts:
            data = path.read_bytes()
            yield name, gzip.decompress(data) if path.suffix == ".gz" else data


def leaks(folder: Path, secrets: Iterable[str]) -> list[str]:
    """`file: secret number (spelling)` for every leak below `folder`."""
    secrets = list(secrets)
    return [f"{name}: {hit}" for name, data in files(folder) for hit in hits(data, secrets)]
