"""Nothing leaks from a real `seedpost run` that meets every fault with its log at debug: all it left is scanned."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_canaries import hits, leaks, spellings
from tests.support_seedpost import Seedpost
from tests.support_webui import PASSWORD, WebUI, serving
from trackers.sandbox import Fault, Sandbox
from trackers.sandbox.album import write_album
from trackers.secret import Secret
from watcher.secrets import Secrets

ROOT = Path(__file__).parents[2]
RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {{client: none}}
clients:
  seedbox: {{url: '{webui}', username: admin}}
  refused: {{url: '{webui}', username: admin}}
folders:
  - {{name: rips, path: '{folder}', settle: 1s}}
trackers:
  RED: {{type: sandbox-redacted, url: '{red}', new_group: upload, web_flac: upload, quiet: 1s, deadline: 3s}}
  RED2: {{type: sandbox-redacted, url: '{other}', new_group: upload, web_flac: upload, quiet: 1s, deadline: 3s}}
  BAD: {{type: sandbox-redacted, url: '{away}', quiet: 1s}}
rules:
  - name: albums
    match: {{kind: music}}
    upload_to:
      RED: {{set: {{image: 'https://pictures.invalid/c.png'}}}}
      RED2: {{set: {{image: 'https://pictures.invalid/c.png'}}}}
      BAD: {{set: {{image: 'https://pictures.invalid/c.png'}}}}
"""
FAULTS = ("half", "html")  # what an album meets on each site: an answer that breaks off, and one that stops the lane
VAULT_KEY, UNUSED, WRONG = (
    "c4nary of the vault/with&more+than=32 bytes",
    "c4nary+of=the/keyless?site",
    "c4nary-wrong-password",
)


@pytest.fixture
def sites() -> Iterator[tuple[Sandbox, ...]]:
    """Two of them: the limits of OPS would make this a test of waiting."""
    with Sandbox() as one, Sandbox(seed=1) as other:
        yield one, other


@pytest.fixture
def webui() -> Iterator[WebUI]:
    with serving(WebUI("5.1.0")) as one:
        yield one


@pytest.fixture
def seedpost(tmp_path: Path, sites: tuple[Sandbox, ...], webui: WebUI) -> Seedpost:
    (tmp_path / "rips").mkdir()
    red, other = (site.url_of("redacted") for site in sites)
    urls = {"red": red, "other": other.replace("127.0.0.1", "localhost"), "away": "http://127.0.0.2:9"}
    rules = RULES.format(folder=tmp_path / "rips", webui=webui.url, **urls)
    return Seedpost(tmp_path, rules, {"SEEDPOST_LOG_LEVEL": "debug"})


@pytest.fixture
def secrets(sites: tuple[Sandbox, ...], seedpost: Seedpost, tmp_path: Path) -> list[str]:
    """The eight: two keys and two passkeys of the sites, two passwords of clients, the vault's key, one never used."""
    red, other = (site.account("redacted") for site in sites)
    key = tmp_path.parent / f"{tmp_path.name}.key"
    key.write_text(VAULT_KEY)
    key.chmod(0o600)
    seedpost.environment["SEEDPOST_VAULT_KEY_FILE"] = str(key)
    vault = Secrets(seedpost.state, seedpost.environment)
    stored = {
        "red.api_key": (red.api_key, "127.0.0.1"),
        "red2.api_key": (other.api_key, "localhost"),
        "bad.api_key": (UNUSED, "127.0.0.2"),
        "seedbox.password": (PASSWORD, "127.0.0.1"),
        "refused.password": (WRONG, "127.0.0.1"),
    }
    for name, (value, host) in stored.items():
        vault.set(name, Secret(value), host)
    return [*(value for value, _ in stored.values()), VAULT_KEY, red.passkey, other.passkey]


def everything_said(seedpost: Seedpost) -> str:
    """What commands that show something say."""
    album, job = next((seedpost.folder / "rips").iterdir()), next(iter(seedpost.jobs().values())).job
    commands = ("status", "queue list", "secrets status --json", "check --online --json", f"queue show {job}", "logs")
    said = ""
    for words in (*map(str.split, commands), ["rules", "explain", str(album)]):
        done = seedpost(*words)
        said += done.stdout + done.stderr
    return said


def test_no_secret_leaves_by_any_way_whatever_fails(
    seedpost: Seedpost, secrets: list[str], sites: tuple[Sandbox, ...], tmp_path: Path
) -> None:
    assert len(secrets) == 8
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    seedpost.environment["TMPDIR"], untouched = str(temporary), temporary.stat().st_mtime_ns
    daemon = seedpost.start()
    seedpost.until(lambda: seedpost.met("rips"))
    for site, kind in zip(sites, FAULTS, strict=True):
        site.fail("redacted", Fault(kind))
    write_album(tmp_path / "rips", artist="The Loopbacks", album="Album", year=2020, tracks=1, media="WEB", seconds=0.1)
    seedpost.until(lambda: all(site.posts("redacted") for site in sites), "no failures")
    process = Path("/proc") / str(daemon.pid)
    assert hits(process.joinpath("cmdline").read_bytes(), secrets) == []
    assert seedpost.end() == 0
    (tmp_path / "said").write_text(everything_said(seedpost))
    (tmp_path / "rips").rename(tmp_path.parent / f"{tmp_path.name}-rips")
    assert leaks(tmp_path, secrets) == []
    assert temporary.stat().st_mtime_ns == untouched  # nothing was ever made in it, not even for a moment
    assert {job.tracker for job in seedpost.jobs().values()} == {"RED", "RED2", "BAD"}
    log = [json.loads(line) for line in (seedpost.state / "log" / "seedpost.jsonl").read_text().splitlines()]
    assert {"client.down", "tracker.stopped", "job.unconfirmed"} <= {line["event"] for line in log}


@pytest.mark.parametrize("spelling", sorted(spellings("c4nary/with+signs&more=x")))
def test_the_same_scan_finds_a_leak_that_was_planted(tmp_path: Path, spelling: str) -> None:
    secret = "c4nary/with+signs&more=x"
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "old.jsonl").write_bytes(b'{"why":"' + spellings(secret)[spelling] + b'"}\n')
    (tmp_path / "vault").write_bytes(secret.encode())
    found = leaks(tmp_path, ["another-secret", secret])
    assert found
    assert all(hit.startswith("archive/old.jsonl: secret 1") for hit in found)


def test_the_scan_finds_a_leak_in_a_name_a_packed_file_and_over_two_lines(tmp_path: Path) -> None:
    (tmp_path / "c4nary-name").touch()
    (tmp_path / "packed.jsonl.gz").write_bytes(gzip.compress(b"c4nary-packed"))
    (tmp_path / "mime").write_bytes(base64.encodebytes(b"x" * 40 + b"c4nary-that-is-long-enough-to-be-folded"))
    secrets = ["c4nary-name", "c4nary-packed", "c4nary-that-is-long-enough-to-be-folded"]
    assert len({hit.split(": ")[1].split(" (")[0] for hit in leaks(tmp_path, secrets)}) == 3


@pytest.mark.parametrize(
    "way", ["print(KEY)", "logging.getLogger('requests').debug(KEY)", "(tmp_path / 'state').write_text(KEY)"]
)
def test_the_scan_of_every_failing_test_finds_a_leak_that_was_planted(tmp_path: Path, way: str) -> None:
    planted = tmp_path / "test_gazelle_planted.py"
    planted.write_text(f"import logging\nfrom tests.support_trackers import KEY\ndef test_fine(tmp_path):\n    {way}\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-c", str(ROOT / "pyproject.toml")]
    command += ["-p", "no:cacheprovider", "--rootdir", str(tmp_path), f"--basetemp={tmp_path / 'of-it'}", str(planted)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, "a secret leaked" in done.stdout) == (1, True), done.stdout


CRASH = """
import sys
from trackers.secret import Secret
from watcher import __main__, cli
key = Secret(sys.argv[1])
def main(): raise RuntimeError(f"asked with {key.reveal()}\\x1b[31m")
cli.main = main
__main__.main()
"""


def test_a_crash_that_nobody_foresaw_prints_its_traceback_without_a_secret() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CRASH, "c4nary-of-a-crash"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "RuntimeError" in done.stderr and "in main" in done.stderr
    assert "c4nary" not in done.stderr and "\x1b" not in done.stderr
