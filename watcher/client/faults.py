"""What may go wrong with a qBittorrent, named by what the caller does next. No message holds a password or a key."""

from __future__ import annotations

from watcher.errors import NETWORK, NOT_AUTHORISED, SeedpostError


class ClientAway(SeedpostError):
    """Not reachable, too slow, or it answered what no qBittorrent answers. Trying again later is safe."""

    exit_code = NETWORK


class LoginRefused(ClientAway):
    """The password or key is wrong or missing. Nothing more is sent until `Client.forgive`."""

    exit_code = NOT_AUTHORISED


class Banned(ClientAway):
    """qBittorrent refuses this address for a while, whatever the password."""


class TorrentGone(SeedpostError):
    """The client does not have this torrent, or not yet its metadata."""


class TorrentRefused(SeedpostError):
    """The client says that these bytes are no torrent file."""
