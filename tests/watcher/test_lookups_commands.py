"""Look-up services from the command line: proved online, stopped by a wrong key, taken up again, and no key on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_canaries import leaks
from tests.support_seedpost import Seedpost
from tests.support_video import mkv
from trackers.sandbox import Fault, Sandbox
from watcher.errors import HELD, INVALID, NETWORK, NOT_AUTHORISED, OK
from watcher.jobs import State

RULES = """\
version: 1
defaults: {{mode: upload}}
seed: {{client: none}}
folders:
  - {{name: films, path: '{folder}', settle: 1s}}
lookups:
  radarr: {{url: '{radarr}'}}
  tmdb: {{url: '{tmdb}'}}
trackers:
  EXM: {{type: sandbox-unit3d, mode: upload, url: '{url}', quiet: 30s}}
rules:
  - {{name: films, match: {{kind: movie}}, upload_to: {{EXM: {{}}}}}}
"""
NAME = "The.Loopback.2019.1080p.WEB-DL.H.264-LOCAL"
WRONG = "c4n4ry-of-a-wrong-token"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


@pytest.fixture
def seedpost(tmp_path: Path, sandbox: Sandbox) -> Iterator[Seedpost]:
    (tmp_path / "in").mkdir()
    keys = {"EXM": "unit3d", "RADARR": "radarr", "TMDB": "tmdb"}
    secrets = {f"SEEDPOST_SECRET_{name}_API_KEY": sandbox.account(site).api_key for name, site in keys.items()}
    urls = {"url": "unit3d", "radarr": "radarr", "tmdb": "tmdb"}
    rules = RULES.format(folder=tmp_path / "in", **{name: sandbox.url_of(site) for name, site in urls.items()})
    one = Seedpost(tmp_path, rules, secrets)
    yield one
    one.end()


def asked(sandbox: Sandbox, service: str) -> list[str]:
    return [one.path for one in sandbox.requests(service)]


def test_online_proves_each_service_with_one_request(seedpost: Seedpost, sandbox: Sandbox) -> None:
    done = seedpost("check", "--online")
    assert done.returncode == OK, done.stdout
    assert (asked(sandbox, "radarr"), asked(sandbox, "tmdb")) == (["api/v3/system/status"], ["3/authentication"])
    sandbox.fail("radarr", Fault("answer", action="status", body='{"appName": "Sonarr"}'))
    done = seedpost("check", "--online")
    assert (done.returncode, "stands Sonarr" in done.stdout) == (INVALID, True)
    sandbox.fail("radarr", Fault("bad-gateway", action="*"))
    seedpost.environment["SEEDPOST_SECRET_TMDB_API_KEY"] = WRONG
    done = seedpost("check", "--online")
    assert (done.returncode, "tmdb: it refused the key" in done.stdout) == (NOT_AUTHORISED, True)
    assert "radarr: it answered 502" in done.stdout
    del seedpost.environment["SEEDPOST_SECRET_TMDB_API_KEY"]
    done = seedpost("check")
    assert (done.returncode, "seedpost secrets set tmdb.api_key" in done.stdout) == (INVALID, True)


def test_a_wrong_key_stops_the_service_until_a_person_resumes_it(
    seedpost: Seedpost, sandbox: Sandbox, tmp_path: Path
) -> None:
    right = seedpost.environment["SEEDPOST_SECRET_TMDB_API_KEY"]
    seedpost.environment["SEEDPOST_SECRET_TMDB_API_KEY"] = WRONG
    assert seedpost("run", "--once").returncode == OK
    film = tmp_path / "in" / NAME
    film.mkdir()
    (film / f"{NAME}.mkv").write_bytes(mkv())
    assert seedpost("run", "--once").returncode == NETWORK
    job = seedpost.jobs()["EXM"]
    assert (job.state, job.code, asked(sandbox, "tmdb")) == (State.QUEUED, "look-up", ["3/search/movie"])
    status = seedpost.json("status")
    assert (status["lookups"]["tmdb"]["breaker"]["code"], list(status["lanes"])) == ("key-refused", ["EXM"])
    (need,) = [one for one in status["needs"] if one["what"] == "look-up"]
    typed = [one["run"] for one in need["commands"]]
    assert typed == ["seedpost secrets set tmdb.api_key", "seedpost resume tmdb"]
    shown = seedpost("status").stdout
    assert "look-up services" in shown and "tmdb" in shown and WRONG not in shown
    assert "tmdb is stopped" in seedpost("status", "--check").stderr
    seedpost.environment["SEEDPOST_SECRET_TMDB_API_KEY"] = right
    seedpost("resume", "tmdb")
    assert seedpost("run", "--once").returncode == OK
    assert seedpost.states() == {"EXM": State.UPLOADED}
    assert seedpost.json("status")["lookups"]["tmdb"]["breaker"] is None
    assert "release.identified" in seedpost.events()
    keys = [sandbox.account(one).api_key for one in ("unit3d", "radarr", "tmdb")]
    assert leaks(seedpost.state, [WRONG, right, *keys]) == []


def test_the_sandbox_tells_where_its_services_stand() -> None:
    from watcher.service.rehearsal import rehearsal

    with rehearsal(0, "127.0.0.1") as sites:
        assert [one.type for one in sites if not one.announce] == [
            "sonarr",
            "radarr",
            "tmdb",
            "tvdb",
            "chevereto",
            "ptpimg",
        ]
        assert all(one.url.startswith("http://127.0.0.1:") and one.api_key for one in sites)


def test_an_upload_by_hand_has_its_numbers_without_a_question(
    seedpost: Seedpost, sandbox: Sandbox, tmp_path: Path
) -> None:
    film = tmp_path / "elsewhere" / NAME
    film.mkdir(parents=True)
    (film / f"{NAME}.mkv").write_bytes(mkv())
    done = seedpost("upload", str(film), "--to", "EXM", "--yes")
    assert done.returncode == OK, done.stderr
    (post,) = sandbox.posts("unit3d")
    assert (dict(post.fields)["tmdb"], dict(post.fields)["imdb"]) == ("720001", "7200010")
    searches = [path for path in asked(sandbox, "tmdb") if "search" in path]
    assert searches == ["3/search/movie"]


def test_by_hand_what_may_be_meant_is_said_beside_what_is_lacking(
    seedpost: Seedpost, sandbox: Sandbox, tmp_path: Path
) -> None:
    film = tmp_path / "elsewhere" / "Slack.Water.2024.1080p.WEB-DL.H.264-LOCAL.mkv"
    film.parent.mkdir()
    film.write_bytes(mkv())
    done = seedpost("upload", str(film), "--to", "EXM", "--yes")
    assert done.returncode == HELD
    assert "ids.tmdb" in done.stderr and "several titles fit: Slack Water (2024) tmdb 720021" in done.stderr
    assert seedpost("upload", str(film), "--to", "EXM", "--yes", "--set", "ids.tmdb=720031").returncode == OK
    (post,) = sandbox.posts("unit3d")
    assert dict(post.fields)["tmdb"] == "720031"
