"""Reads rules.yaml, once, with positions. What conditions mean is the rules package's."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from watcher.config.files import find_rules, rules_place, state_of

if TYPE_CHECKING:
    from watcher.config.accepted import keep, kept
    from watcher.config.editors import schema
    from watcher.config.rulesfile import Config, RulesInvalid, load, parse, run_tests
    from watcher.config.sidecar import Sidecar, read_sidecar
    from watcher.config.sources import ClientConfig, FolderConfig, NotifyConfig, Seed
    from watcher.config.trackers import TrackerConfig
    from watcher.rules.nodes import Problem

__all__ = [
    "ClientConfig",
    "Config",
    "FolderConfig",
    "NotifyConfig",
    "Problem",
    "RulesInvalid",
    "Seed",
    "Sidecar",
    "TrackerConfig",
    "find_rules",
    "keep",
    "kept",
    "load",
    "parse",
    "read_sidecar",
    "rules_place",
    "run_tests",
    "schema",
    "state_of",
]

# Where the rest stands. Commands that only look for the state folder are over before YAML and RE2 would be loaded.
_LATER = {
    "watcher.config.accepted": ("keep", "kept"),
    "watcher.config.editors": ("schema",),
    "watcher.config.rulesfile": ("Config", "RulesInvalid", "load", "parse", "run_tests"),
    "watcher.config.sidecar": ("Sidecar", "read_sidecar"),
    "watcher.config.sources": ("ClientConfig", "FolderConfig", "NotifyConfig", "Seed"),
    "watcher.config.trackers": ("TrackerConfig",),
    "watcher.rules.nodes": ("Problem",),
}


def __getattr__(name: str) -> object:
    for module, names in _LATER.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
