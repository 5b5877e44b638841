"""A tracker on loopback that behaves as the real ones do, no kinder: for the demo, rehearsals and tests.

The parts that may be used from outside; one server speaks all dialects, each below its own prefix.
"""

from __future__ import annotations

from trackers.sandbox.faults import KINDS, Fault
from trackers.sandbox.server import Sandbox, serve
from trackers.sandbox.sites import Keys
from trackers.sandbox.store import Peer, Post, Seen, Torrent, Traits

__all__ = ["KINDS", "Fault", "Keys", "Peer", "Post", "Sandbox", "Seen", "Torrent", "Traits", "serve"]
