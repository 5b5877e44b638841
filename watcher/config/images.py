"""The `images` block: where covers go for trackers that have no host of their own."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from trackers.catalogue import IMAGE_HOSTS
from watcher.config.places import SITE_URL
from watcher.rules import kinds
from watcher.rules.blocks import key, read_block
from watcher.rules.nodes import Node, Problems

SECRET = "images.api_key"  # noqa: S105 - a name


@dataclass(frozen=True)
class ImagesConfig:
    """A host for pictures; its key is the secret `images.api_key`."""

    type: str = key(kinds.word(*IMAGE_HOSTS), "what kind of host it is")
    url: str | None = key(SITE_URL, "its address, where the type does not give it", default=None)

    @property
    def host(self) -> str:
        """The host that its key is sent to; empty where neither `url` nor the type names one."""
        return urlsplit(self.url or IMAGE_HOSTS[self.type] or "").hostname or ""


def read_images(node: Node | None, problems: Problems) -> ImagesConfig | None:
    """The `images` block; None without one."""
    if node is None:
        return None
    read = read_block(ImagesConfig, node, "images", problems)
    if read is not None and not read.host:
        problems.error(node, f"a host of type {read.type} needs its 'url'", "url: https://pictures.example")
    return read
