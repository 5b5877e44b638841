"""Hosts for pictures, of both families that are spoken to. Facts: Chevereto's API page; what clients of ptpimg send.

They take what begins as a picture does, and give it an address under which it stands here until the sandbox ends.
"""

from __future__ import annotations

from trackers.sandbox.faults import Struck
from trackers.sandbox.services.library import Service, said
from trackers.sandbox.wire import HTML_TYPE, Reply, Request

KINDS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif"}
LARGEST = 10 * 1024 * 1024  # bytes


class Chevereto(Service):
    """Its key in a header, one part, an object in answer."""

    type = "chevereto"
    path, part = "api/1/upload", "source"

    def populate(self, keys: tuple[str, ...], stocked: bool) -> None:
        """No picture is there yet."""
        super().populate(keys, stocked)
        self.pictures: dict[str, bytes] = {}  # by the last word of its address

    def action(self, request: Request) -> str:
        """`upload` or `picture`."""
        return "upload" if request.method == "POST" else "picture"

    def key_of(self, request: Request) -> str:
        """In a header of its own."""
        return request.headers.get("x-api-key", "")

    def rate_limited(self) -> Reply:
        """As a front server says it."""
        return Reply(429, b"", HTML_TYPE)

    def key_revoked(self, request: Request) -> Reply:
        """What a wrong key is told."""
        return self.refused(400, "Invalid API v1 key")

    def refused(self, status: int, words: str) -> Reply:
        """What is not taken."""
        return said(
            {"status_code": status, "error": {"message": words, "code": 100}, "status_txt": "Bad Request"}, status
        )

    def answer(self, request: Request, struck: Struck, post: int | None) -> Reply:
        """A picture that stands here is for all; to put one there takes the key."""
        if request.method != "POST":
            found = self.pictures.get(request.path)
            ending = request.path.rpartition(".")[2]
            return Reply(200, found, f"image/{ending}") if found is not None else Reply(404, b"", HTML_TYPE)
        if not self.caller(request):
            return self.key_revoked(request)
        return self.told(request)

    def told(self, request: Request) -> Reply:
        """The address of a picture, or why it is none."""
        part = request.form.file(self.part)
        data = part.content if part else b""
        kind = next((ending for start, ending in KINDS.items() if data.startswith(start)), None)
        if request.path != self.path or kind is None or len(data) > LARGEST:
            return self.refused(400, "Invalid or empty file")
        code = self.store.draw(6).hex()
        self.pictures[f"{code}.{kind}"] = data
        return self.kept(request, code, kind)

    def kept(self, request: Request, code: str, kind: str) -> Reply:
        """What who put a picture there is told."""
        return said({"status_code": 200, "image": {"url": f"{request.base}/{code}.{kind}", "extension": kind}})


class Ptpimg(Chevereto):
    """Its key in the form, a list in answer, from which who asked makes the address."""

    type = "ptpimg"
    path, part = "upload.php", "file-upload[0]"

    def key_of(self, request: Request) -> str:
        """A field of the form."""
        return request.form.get("api_key") or ""

    def kept(self, request: Request, code: str, kind: str) -> Reply:
        """A code and an ending."""
        return said([{"code": code, "ext": kind}])
