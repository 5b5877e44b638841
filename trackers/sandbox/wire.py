"""What a request and an answer are, and how a form body is read: multipart and url-encoded, as PHP reads them.

Owns bytes and forms; leaves sockets to `server` and the meaning of every field to the dialects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from urllib.parse import parse_qsl

Pairs = tuple[tuple[str, str], ...]
JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=UTF-8"
_INDEXED = re.compile(r"\[(\d*)\]\Z")


@dataclass(frozen=True)
class Part:
    """A file part of a form. `whole` is False where the body ended before the part did."""

    name: str
    filename: str
    content: bytes
    whole: bool = True


@dataclass(frozen=True)
class Form:
    """A form's plain fields in order, and its file parts."""

    fields: Pairs = ()
    files: tuple[Part, ...] = ()

    def get(self, key: str) -> str | None:
        """The value PHP keeps of `key`: the last one sent. None if it was not sent as a plain field."""
        return next((value for name, value in reversed(self.fields) if name == key), None)

    def array(self, key: str) -> list[str] | str | None:
        """`key[]` and `key[3]` as a list in index order, `key` alone as text, None if neither was sent."""
        found: dict[int, str] = {}
        for name, value in self.fields:
            if name == key:
                return value
            if name.startswith(key) and (index := _INDEXED.fullmatch(name[len(key) :])):
                found[int(index[1]) if index[1] else max(found, default=-1) + 1] = value
        return [found[index] for index in sorted(found)] if found else None

    def file(self, key: str) -> Part | None:
        """The last file part of that name."""
        return next((part for part in reversed(self.files) if part.name == key), None)


@dataclass(frozen=True)
class Request:
    """One request, read to its end. `path` is what follows the site's prefix, without a leading slash."""

    method: str
    path: str
    query: str  # as it stood in the address, still quoted
    headers: Mapping[str, str]  # names in lower case
    form: Form
    base: str  # the site's own address, such as http://127.0.0.1:8000/orpheus
    address: str = "127.0.0.1"  # the client's

    @property
    def action(self) -> str:
        """PHP's $_REQUEST['action']: a field of the body wins over the query."""
        return self.form.get("action") or self.param("action") or ""

    def param(self, key: str) -> str | None:
        """The last value of `key` in the query."""
        pairs = parse_qsl(self.query, keep_blank_values=True)
        return next((value for name, value in reversed(pairs) if name == key), None)


@dataclass(frozen=True)
class Reply:
    """One answer. Content-Length and Date are the server's. Status 0: none; the connection is closed."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: Pairs = ()


def redirect_to_login() -> Reply:
    """What Gazelle says to a page request without a session: facts on Gazelle, section 1."""
    return Reply(302, b"", HTML_TYPE, (("Location", "login.php"),))


def php_json(value: object) -> str:
    """JSON as PHP's json_encode writes it: ASCII, slashes escaped, no blanks."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def read_form(content_type: str, body: bytes) -> Form:
    """The form in a body that arrived whole. A body of another kind has no fields, as in PHP."""
    header = Message()
    header["content-type"] = content_type or "application/octet-stream"
    kind = header.get_content_type()
    if kind == "multipart/form-data":
        boundary = header.get_boundary()
        return _multipart(body, boundary.encode("latin-1", "replace")) if boundary else Form()
    if kind == "application/x-www-form-urlencoded":
        return Form(tuple(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))
    if kind == "application/json":
        return Form(_json_fields(body))
    return Form()


def _json_fields(body: bytes) -> Pairs:
    try:
        value = json.loads(body)
    except ValueError:
        return ()
    pairs: list[tuple[str, str]] = []
    for key, entry in value.items() if isinstance(value, dict) else ():
        if isinstance(entry, list):
            pairs += [(f"{key}[]", str(one)) for one in entry]
        else:
            pairs.append((str(key), str(entry)))
    return tuple(pairs)


def _multipart(body: bytes, boundary: bytes) -> Form:
    """RFC 7578. A part whose closing delimiter never came is no field; as a file it is there, but not whole."""
    delimiter = re.compile(rb"\r\n--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r\n|\Z)")
    text = b"\r\n" + body
    found = list(delimiter.finditer(text))
    fields: list[tuple[str, str]] = []
    files: list[Part] = []
    for index, opening in enumerate(found):
        if opening[1]:
            break
        whole = index + 1 < len(found)
        end = found[index + 1].start() if whole else len(text)
        head, _, content = text[opening.end() + 2 : end].partition(b"\r\n\r\n")
        name, filename = _disposition(head)
        if name is not None and filename is not None:
            files.append(Part(name, filename, content if whole else b"", whole))
        elif name is not None and whole:
            fields.append((name, content.decode("utf-8", "replace")))
    return Form(tuple(fields), tuple(files))


def _disposition(head: bytes) -> tuple[str | None, str | None]:
    """The part's name and its file's last path step."""
    for line in head.decode("utf-8", "replace").split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() == "content-disposition":
            words = dict(re.findall(r';\s*(\w+)="((?:[^"\\]|\\.)*)"', value))
            words |= {k: v for k, v in re.findall(r';\s*(\w+)=([^";\s]+)', value) if k not in words}
            filename = words.get("filename")
            return words.get("name"), None if filename is None else re.split(r"[/\\]", filename)[-1]
    return None, None
