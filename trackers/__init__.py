"""A library that can publish one release on one tracker. Knows nothing of qBittorrent, rules or the journal."""
