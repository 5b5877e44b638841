"""The sandbox's hosts for pictures, as the uploader speaks to them."""

from __future__ import annotations

import pytest

from tests.support_sandbox import call
from tests.trackers.test_images import PNG
from trackers import open_images
from trackers.errors import Refused, Unavailable
from trackers.sandbox import Fault, Sandbox
from trackers.secret import Secret

JPEG = b"\xff\xd8\xff\xe0" + bytes(64)


@pytest.mark.parametrize("type", ["chevereto", "ptpimg"])
@pytest.mark.parametrize("picture", [PNG, JPEG])
def test_a_picture_stands_at_the_address_that_is_told(type: str, picture: bytes) -> None:
    with Sandbox() as sandbox:
        host = open_images(type, sandbox.url_of(type), Secret(sandbox.account(type).api_key))
        address = host.put(picture, "a.png")
        assert address.startswith(sandbox.url_of(type))
        assert call(address).body == picture
        assert host.put(picture, "a.png") != address


@pytest.mark.parametrize("type", ["chevereto", "ptpimg"])
def test_a_wrong_key_and_what_is_no_picture_are_refused(type: str) -> None:
    with Sandbox() as sandbox:
        url, key = sandbox.url_of(type), Secret(sandbox.account(type).api_key)
        with pytest.raises(Refused, match=r"images\.api_key"):
            open_images(type, url, Secret("c4n4ryWrongKey00")).put(PNG, "a.png")
        with pytest.raises(Refused):
            open_images(type, url, key).put(b"RIFF" + bytes(64), "a.webp")  # neither host of the sandbox takes it
        sandbox.fail(type, Fault("too-many-requests"))
        with pytest.raises(Unavailable):
            open_images(type, url, key).put(PNG, "a.png")
        sandbox.revoke(type)
        with pytest.raises(Refused):
            open_images(type, url, key).put(PNG, "a.png")
        assert call(f"{url}/nothing.png").status == 404
