"""What is known of each type, and the settings of a tracker: read, checked, and refused in words that help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support_sandbox import Hands
from trackers import open_tracker
from trackers.catalogue import (
    TYPES,
    Pieces,
    announce_of,
    is_loopback,
    read_settings,
    site_of,
    site_of_announce,
    sites_of_flag,
)
from trackers.errors import SettingsError
from trackers.secret import Secret

KEY = {"api_key": Secret("c4n4ryKeyOfTheCatalogue")}
LOCAL = "http://127.0.0.1:8080"


def settings_error(type: str, given: dict[str, object]) -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings(TYPES[type], given, "RED")
    assert caught.value.code == "settings"
    return str(caught.value)


def test_a_real_type_needs_no_settings() -> None:
    settings = read_settings(TYPES["redacted"], {"type": "redacted", "mode": "review", "limit": "20/day"}, "RED")
    assert (settings.url, settings.quiet, settings.deadline) == ("https://redacted.sh", 600.0, 90.0)
    assert (settings.cover, settings.share, settings.image, settings.ca_file) == ("required", 1.0, None, None)
    assert read_settings(TYPES["orpheus"], {}, "OPS").cover == "wanted"


def test_what_is_given_wins(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    given = {"url": "https://red.example/", "quiet": 700, "deadline": 60.0, "cover": "wanted", "share": 0.5}
    extra = {"image": "https://covers.example/a.jpg", "ca_file": str(tmp_path / "ca.pem")}
    settings = read_settings(TYPES["redacted"], given | extra, "RED")
    assert (settings.url, settings.quiet, settings.deadline) == ("https://red.example", 700.0, 60.0)
    assert (settings.cover, settings.share, settings.image) == ("wanted", 0.5, "https://covers.example/a.jpg")
    assert settings.ca_file == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": "http://redacted.sh"}, "must begin with https://"),
        ({"url": "ftp://redacted.sh"}, "must begin with https://"),
        ({"url": "redacted.sh"}, "must be like https://tracker.example"),
        ({"url": "https://user:pw@redacted.sh"}, "must be like"),
        ({"url": "https://redacted.sh/?key=1"}, "must be like"),
        ({"url": "https://redacted.sh:x"}, "must be like"),
        ({"url": "https://[redacted.sh"}, "must be like"),
        ({"url": "https://rédacted.sh"}, "must be like"),
        ({"quiet": 60}, "not be less than 600 s"),
        ({"deadline": 5}, "not be less than 30 s"),
        ({"deadline": "90s"}, "must be a number"),
        ({"quiet": True}, "must be a number"),
        ({"share": 0}, "must be a number above 0"),
        ({"share": 1.5}, "may not be more than 1"),
        ({"share": float("nan")}, "must be a number above 0"),
        ({"cover": "maybe"}, "'cover' is required or wanted"),
        ({"image": 7}, "'image' is the address"),
        ({"ca_file": "/nowhere/ca.pem"}, "no file at 'ca_file'"),
    ],
)
def test_a_wrong_setting_says_what_to_change(given: dict[str, object], words: str) -> None:
    text = settings_error("redacted", given)
    assert text.startswith("RED: ")
    assert words in text
    assert "pw@" not in text


def test_a_sandbox_stands_on_this_machine_and_may_hurry() -> None:
    settings = read_settings(
        TYPES["sandbox-orpheus"], {"url": f"{LOCAL}/orpheus", "quiet": 0.5, "deadline": 0.1}, "OPS"
    )
    assert (settings.quiet, settings.deadline) == (0.5, 0.1)
    assert "stands on this machine" in settings_error("sandbox-orpheus", {"url": "https://orpheus.network"})
    assert "must be like" in settings_error("sandbox-orpheus", {})


@pytest.mark.parametrize("type", ["redacted", "orpheus"])
def test_an_announce_address_leads_back_to_its_site(type: str) -> None:
    real = announce_of(TYPES[type], TYPES[type].url, "passkey")
    assert real.startswith("https://")
    assert site_of_announce(real) == site_of(type)
    local = announce_of(TYPES[f"sandbox-{type}"], f"{LOCAL}/{type}", "passkey")
    assert local == f"{LOCAL}/announce/{type}/passkey/announce"
    assert site_of_announce(f"{LOCAL}/{type}/passkey/announce") == site_of_announce(local)
    assert site_of_announce(local) == site_of(f"sandbox-{type}", LOCAL) == f"sandbox:{type}:127.0.0.1"


def test_the_hosts_and_flags_of_the_facts_stand_here() -> None:
    assert announce_of(TYPES["redacted"], "", "x") == "https://flacsfor.me/x/announce"
    assert announce_of(TYPES["orpheus"], "", "x") == "https://home.opsfet.ch/x/announce"
    assert sites_of_flag("PTH") == ("redacted.sh",)
    assert sites_of_flag("OPS") == sites_of_flag("APL") == ("orpheus.network",)
    assert sites_of_flag("") == ()
    assert site_of_announce("http://tracker.example:80/abc/announce") is None
    assert site_of_announce("http://127.0.0.1:1/other/x/announce") is None


@pytest.mark.parametrize("type", ["redacted", "orpheus"])
def test_limits_leave_room_for_the_users_other_programs(type: str) -> None:
    entry, allowed = TYPES[type], {"redacted": 10, "orpheus": 5}[type]
    assert entry.limit.requests < allowed
    assert entry.limit.seconds == 10.0
    assert entry.quiet >= 600.0
    assert TYPES[f"sandbox-{type}"].limit == entry.limit


def test_pieces_grow_with_the_content_within_bounds() -> None:
    pieces = Pieces()
    assert pieces.length(1) == pieces.least
    assert pieces.length(1 << 50) == pieces.most
    lengths = [pieces.length(1 << n) for n in range(50)]
    assert lengths == sorted(lengths)


@pytest.mark.parametrize(
    ("host", "near"), [("127.9.9.9", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("x", False)]
)
def test_only_this_machine_is_loopback(host: str, near: bool) -> None:
    assert is_loopback(host) is near


def opened(type: str, settings: dict[str, object], secrets: dict[str, Secret], limits: Path | None = None) -> object:
    return open_tracker(type, settings, secrets, name="RED", clock=Hands(), limits=limits)


def test_a_tracker_is_opened_without_asking_the_site_and_keeps_its_limits_by_site(tmp_path: Path) -> None:
    tracker = opened("sandbox-redacted", {"url": "http://127.0.0.1:1/redacted", "share": 0.5}, KEY, tmp_path)
    assert tracker.limiter.path == tmp_path / "sandbox:redacted:127.0.0.1.json"  # type: ignore[attr-defined]
    assert tracker.limiter.requests == 4  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []
    real = opened("redacted", {}, KEY, tmp_path)
    assert real.limiter.path == tmp_path / "redacted.sh.json"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "secrets", [{}, {"api_key": Secret("")}, {"api_key": Secret("line\nbreak")}, {"api_key": Secret("ké")}]
)
def test_a_missing_key_names_the_command_that_stores_it(secrets: dict[str, Secret]) -> None:
    with pytest.raises(SettingsError) as caught:
        opened("redacted", {}, secrets)
    assert caught.value.code == "no-key"
    assert "seedpost secrets set red.api_key" in str(caught.value)
    assert "break" not in str(caught.value)


def test_an_unknown_type_names_those_there_are() -> None:
    with pytest.raises(SettingsError, match=r"no tracker type 'gazelle' \(have: .*orpheus, redacted, sandbox-"):
        opened("gazelle", {}, KEY)


@pytest.mark.parametrize(
    "module", ["trackers.content", "trackers.catalogue", "trackers.errors", "trackers.secret", "trackers.clock"]
)
def test_what_the_watcher_imports_brings_no_http_library_along(module: str) -> None:
    code = f"import sys, {module}; print([m for m in ('requests', 'urllib3', 'bencode2', 'ssl') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
