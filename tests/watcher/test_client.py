"""What the client makes of a server's answers, and how little it sends to a server that refuses it."""

from __future__ import annotations

import json
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import watcher
from tests.support_clock import VirtualClock
from tests.support_qbittorrent import VERSIONS, recorded
from tests.support_webui import KEY, PASSWORD, Handler, WebUI, certificate, serving
from trackers.secret import Secret
from watcher.client import Banned, Client, ClientAway, LoginRefused, TorrentGone, TorrentRefused
from watcher.client.answers import announces, figures, maindata
from watcher.errors import SeedpostError

WRONG = "wrong battery"


@pytest.fixture(params=VERSIONS)
def webui(request):
    with serving(WebUI(request.param)) as one:
        yield one


@pytest.fixture
def modern():
    with serving(WebUI("5.3.0")) as one:
        yield one


def client_of(webui: WebUI, password: str | None = PASSWORD, api_key: str | None = None, **options) -> Client:
    options.setdefault("clock", VirtualClock())
    given = (Secret(password) if password else None, Secret(api_key) if api_key else None)
    return Client("seedbox", webui.url, username="admin", **{"keys": lambda: given, **options})


def hang_up(handler: Handler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


# Logging in


def test_it_logs_in_once_for_many_calls_on_one_connection(webui):
    client = client_of(webui)
    for rid in range(5):
        client.sync(rid)
    assert client.version().app == f"v{webui.version}"
    assert webui.count("auth/login") == 1
    assert webui.connections <= 2  # the library opens a second one to log in


def test_q3_a_wrong_password_is_sent_once_and_then_nothing_is(webui):
    client = client_of(webui, WRONG)
    for _ in range(5):
        with pytest.raises(LoginRefused, match="seedbox: it refuses the password") as refused:
            client.sync(0)
    assert refused.value.hint == "seedpost secrets set seedbox.password"
    assert refused.value.exit_code == 77
    assert webui.count("auth/login") == 1
    assert len(webui.asked) == 2


def test_clones_share_the_fate_of_the_login(webui):
    client = client_of(webui, WRONG)
    other = client.clone()
    for one in (client, other, client.clone()):
        with pytest.raises(LoginRefused):
            one.sync(0)
    assert webui.count("auth/login") == 1


def test_clones_that_log_in_at_once_send_a_wrong_password_once(webui):
    together = threading.Barrier(4)

    def forbidden(handler: Handler) -> None:
        together.wait(5)
        handler.reply(403, b"Forbidden")

    webui.answers["sync/maindata"] = forbidden
    client = client_of(webui, WRONG)

    def refused(one: Client) -> bool:
        with pytest.raises(LoginRefused):
            one.sync(0)
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(refused, [client.clone() for _ in range(4)]))
    assert webui.count("auth/login") == 1


def test_forgiving_allows_one_more_login_with_a_new_password(webui):
    stored = [WRONG]
    client = client_of(webui, keys=lambda: (Secret(stored[-1]), None))
    other = client.clone()
    with pytest.raises(LoginRefused):
        client.sync(0)
    stored.append(PASSWORD)
    client.forgive()
    assert client.sync(0)["rid"] == 1
    assert other.sync(0)["rid"] == 1
    assert not client.refused


def test_K1_a_client_whose_password_is_locked_away_waits_for_it_and_sends_nothing(webui):
    locked = [SeedpostError("the vault is locked", hint="seedpost unlock")]

    def keys() -> tuple[Secret, None]:
        if locked:
            raise locked[0]
        return Secret(PASSWORD), None

    client = client_of(webui, keys=keys)
    with pytest.raises(LoginRefused, match="seedbox: the vault is locked") as refused:
        client.sync(0)
    assert refused.value.hint == "seedpost unlock"
    assert webui.count("auth/login") == 0
    locked.clear()
    client.forgive()
    assert client.sync(0)["rid"] == 1


def test_without_a_stored_password_none_is_tried(webui):
    with pytest.raises(LoginRefused, match="none is stored"):
        client_of(webui, None).sync(0)
    assert webui.count("auth/login") == 0


def test_q18_a_password_that_is_changed_while_it_runs_is_refused_once(webui):
    client = client_of(webui)
    client.sync(0)
    webui.password = "changed"
    webui.forget()
    for _ in range(3):
        with pytest.raises(LoginRefused):
            client.sync(1)
    assert webui.count("auth/login") == 2


def test_q2_a_session_that_ended_is_renewed_and_the_read_repeated(webui):
    client = client_of(webui)
    client.sync(0)
    webui.forget()
    assert client.sync(7)["full_update"] is True
    assert webui.count("auth/login") == 2


def test_a_banned_address_is_told_from_a_wrong_password(webui):
    webui.banned = True
    with pytest.raises(Banned, match="banned this address"):
        client_of(webui).sync(0)
    webui.banned = False
    assert client_of(webui).sync(0)["rid"] == 1


def test_a_login_without_an_answer_is_not_sent_twice(webui):
    webui.answers["auth/login"] = hang_up
    with pytest.raises(ClientAway):
        client_of(webui).sync(0)
    assert webui.count("auth/login") == 1


def test_an_api_key_needs_no_login_and_a_wrong_one_is_sent_once(modern):
    good = client_of(modern, None, api_key=KEY)
    assert good.sync(0)["rid"] == 1
    bad = client_of(modern, None, api_key="qbt_another")
    for _ in range(3):
        with pytest.raises(LoginRefused, match="API key") as refused:
            bad.sync(0)
    assert refused.value.hint == "seedpost secrets set seedbox.api_key"
    assert modern.count("auth/login") == 0
    assert len(modern.asked) == 2


def test_closing_ends_the_session(webui):
    client = client_of(webui)
    client.sync(0)
    webui.answers["auth/logout"] = (200, b"")
    client.close()
    assert webui.count("auth/logout") == 1


def test_closing_a_client_that_is_away_is_silent(webui):
    client = client_of(webui)
    client.sync(0)
    webui.answers["app/version"] = hang_up
    client.close()
    client.close()


# Answers that are none


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b"<html>captive</html>", "not JSON"),
        (200, b'{"rid": 1, "torr', "not JSON"),
        (200, b"[]", "not that of a qBittorrent"),
        (200, b'{"torrents": {}}', "not that of a qBittorrent"),
        (200, b'{"rid": 1, "torrents": []}', "not that of a qBittorrent"),
        (502, b"<html>bad gateway</html>", "answers 502"),
        (404, b"Not Found", "nothing of qBittorrent's"),
        (401, b"Unauthorized", "refuses the host name"),
        (403, b"Forbidden", "403"),
    ],
)
def test_q5_an_answer_that_is_no_maindata_means_away_and_is_asked_for_once(modern, status, body, words):
    client = client_of(modern)
    client.sync(0)
    modern.answers["sync/maindata"] = (status, body)
    before = modern.count("sync/maindata")
    with pytest.raises(ClientAway, match=words) as away:
        client.sync(5)
    assert str(away.value).startswith("seedbox: ")
    assert modern.count("sync/maindata") - before == (2 if status == 403 else 1)  # 403: once more, logged in anew


def half(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"rid": 1')
    hang_up(handler)


@pytest.mark.parametrize("answer", [half, hang_up])
def test_q5_an_answer_that_breaks_off_is_asked_for_once(webui, answer):
    client = client_of(webui)
    client.sync(0)
    webui.answers["sync/maindata"] = answer
    with pytest.raises(ClientAway):
        client.sync(1)
    assert webui.count("sync/maindata") == 3  # the first one before the login, and after it, and this


def test_q4_an_answer_that_drips_ends_at_the_deadline(webui):
    drops = threading.Semaphore(0)

    class Dripping(VirtualClock):
        """Two seconds pass between two looks at it, and a byte arrives."""

        def running(self) -> float:
            self.move(2.0)
            drops.release()
            return self.ran

    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "5000")
        handler.end_headers()
        for _ in range(5000):
            handler.wfile.write(b" ")
            if not drops.acquire(timeout=5):
                return

    client = client_of(webui, clock=Dripping())
    client.sync(0)
    while drops.acquire(blocking=False):
        pass
    webui.answers["sync/maindata"] = drip
    with pytest.raises(ClientAway, match="over 20 s"):
        client.sync(1)


def test_nobody_there_is_said_in_few_words():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    client = Client("seedbox", url, username="admin", keys=lambda: (Secret(PASSWORD), None), clock=VirtualClock())
    with pytest.raises(ClientAway) as away:
        client.sync(0)
    assert str(away.value) == "seedbox: no connection"
    assert away.value.exit_code == 5


def test_a_redirect_is_not_followed_so_that_no_password_leaves(webui):
    with serving(WebUI("5.1.0")) as other:
        location = f"{other.url}/api/v2/auth/login"
        webui.answers["auth/login"] = lambda handler: handler.reply(307, b"", Location=location)
        with pytest.raises(ClientAway, match="sends us on") as away:
            client_of(webui).sync(0)
        assert other.asked == []
        assert "url" in away.value.hint


def test_the_environment_and_netrc_are_not_asked(webui, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login x password y\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("QBITTORRENTAPI_API_KEY", KEY)
    monkeypatch.setenv("QBITTORRENTAPI_PASSWORD", PASSWORD)
    with pytest.raises(LoginRefused, match="none is stored"):
        client_of(webui, None).sync(0)
    assert client_of(webui).sync(0)["rid"] == 1
    assert not any("Authorization" in headers for _, _, _, headers in webui.asked)


def test_trap14_threads_with_a_clone_each_survive_sessions_that_end_under_them(webui):
    """One library client shared by eight threads fails nearly half of its calls then."""
    client, start, answers = client_of(webui), threading.Barrier(8), []

    def ask(clone: Client, number: int) -> None:
        for _ in range(5):
            if not number:
                webui.forget()
            start.wait()
            answers.append(clone.sync(0)["full_update"])
            start.wait()

    threads = [threading.Thread(target=ask, args=(client.clone(), number)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 40


# The rest of the calls


def test_trap13_the_clients_own_maker_of_torrents_is_never_asked():
    """It adds what it makes by itself, makes hybrids, leaves files out, and 4.5 has none."""
    sources = [path.read_text() for path in Path(watcher.__file__).parent.rglob("*.py")]
    assert len(sources) > 100
    assert not [source for source in sources if re.search("torrent_?creator", source, re.IGNORECASE)]


def test_it_works_below_a_base_path():
    with serving(WebUI("5.1.0", base="/qbt")) as webui:
        client = client_of(webui)
        assert client.sync(0)["rid"] == 1
        assert client.address == webui.url
        keys = (Secret(PASSWORD), None)
        wrong = Client("seedbox", webui.url.removesuffix("/qbt"), clock=VirtualClock(), keys=lambda: keys)
        with pytest.raises(ClientAway, match="nothing of qBittorrent's"):
            wrong.sync(0)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://Me:secret@Seedbox.example:8080/", "http://seedbox.example:8080"),
        ("https://[::1]:8080/qbt/", "https://[::1]:8080/qbt"),
        ("http://seedbox", "http://seedbox"),
    ],
)
def test_the_address_is_without_credentials(url, address):
    assert Client("seedbox", url, clock=VirtualClock()).address == address


def test_the_servers_clock_is_noted(webui):
    clock = VirtualClock(0.0)
    client = client_of(webui, clock=clock)
    assert client.skew is None
    client.sync(0)
    assert client.skew > 1e9


def test_trap11_an_addition_names_its_options_for_every_version(webui):
    assert client_of(webui).add(b"d4:infod1:ai1eee", "/downloads", "music", ["one", "two"], skip_check=True) is True
    fields = next(fields for _, path, fields, _ in reversed(webui.asked) if path == "torrents/add")
    assert {name: fields[name] for name in ("savepath", "category", "tags")} == {
        "savepath": "/downloads",
        "category": "music",
        "tags": "one,two",
    }
    assert (fields["skip_checking"], fields["seedMode"]) == ("True", "True")
    assert (fields["paused"], fields["stopped"]) == ("False", "False")
    assert (fields["autoTMM"], fields["useDownloadPath"], fields["contentLayout"]) == ("False", "False", "Original")
    assert fields["stopCondition"] == "None"


@pytest.mark.parametrize(
    ("status", "body", "added"),
    [
        (200, b"Ok.", True),
        (200, b"Fails.", False),
        (409, b"Conflict", False),
        (200, b'{"added_torrent_ids":["aa"],"failure_count":0,"pending_count":0,"success_count":1}', True),
        (200, b'{"added_torrent_ids":[],"failure_count":1,"pending_count":0,"success_count":0}', False),
    ],
)
def test_trap12_a_torrent_that_is_there_already_is_no_error(webui, status, body, added):
    webui.answers["torrents/add"] = (status, body)
    client = client_of(webui)
    client.version()
    assert client.add(b"d4:infod1:ai1eee", "/downloads") is added


def test_bytes_that_are_no_torrent_are_refused(webui):
    webui.answers["torrents/add"] = (415, b"Error: 'x.torrent' is not a valid torrent file.")
    client = client_of(webui)
    client.version()
    with pytest.raises(TorrentRefused, match="no valid torrent file"):
        client.add(b"garbage", "/downloads")


def test_a_torrent_that_is_not_there(webui):
    client = client_of(webui)
    assert client.torrent("ab" * 20) is None
    for ask in (client.files, client.trackers, client.properties, client.export):
        with pytest.raises(TorrentGone):
            ask("ab" * 20)


def test_folders_are_listed_where_the_version_can(webui):
    client = client_of(webui)
    webui.answers["app/getDirectoryContent"] = (200, b'["/downloads/Album", "/downloads/film.mkv"]')
    expected = None if webui.version == "4.5.2" else frozenset({"Album", "film.mkv"})
    assert client.names_in("/downloads") == expected


def test_stopping_has_the_name_that_the_version_knows(webui):
    client = client_of(webui)
    webui.answers |= {"torrents/pause": (200, b""), "torrents/stop": (200, b""), "torrents/reannounce": (200, b"")}
    client.stop("ab" * 20)
    client.reannounce("ab" * 20)
    assert webui.count("torrents/pause" if webui.version == "4.5.2" else "torrents/stop") == 1
    assert webui.count("torrents/reannounce") == 1


# TLS


def test_trap16_a_certificate_of_ones_own_is_trusted_when_it_is_named_and_only_then(tmp_path, monkeypatch):
    """Whatever the environment names."""
    both, alone = certificate(tmp_path)
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate(tmp_path / "other")[1]))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(alone))
    monkeypatch.setenv("QBITTORRENTAPI_DO_NOT_VERIFY_WEBUI_CERTIFICATE", "1")
    with serving(WebUI("5.1.0"), both) as webui:
        with pytest.raises(ClientAway, match="certificate is not trusted") as away:
            client_of(webui).sync(0)
        assert "ca_file" in away.value.hint
        assert client_of(webui, ca_file=str(alone)).sync(0)["rid"] == 1


# The shapes


def test_of_a_full_update_only_the_needed_fields_are_kept():
    for version in VERSIONS:
        answer = recorded(version, "maindata_full_1torrent")
        kept = maindata(json.dumps(answer).encode())
        (entry,) = kept["torrents"].values()
        assert {"state", "completion_on", "content_path"} <= entry.keys()
        assert not {"magnet_uri", "tracker", "infohash_v1"} & entry.keys()
        assert kept["rid"] == answer["rid"]


def test_an_announce_address_leaves_its_host_and_its_site_behind():
    rows = [
        {"url": "** [DHT] **", "status": 0, "msg": "This torrent is private"},
        {"url": "https://flacsfor.me/0123456789abcdef/announce", "status": 2, "msg": ""},
        {
            "url": "http://other.example:80/announce?passkey=0123456789",
            "status": 4,
            "msg": "passkey=0123456789 unknown",
        },
        {"url": "http://[broken/announce", "status": "4"},
        {"status": None},
    ]
    found = announces(rows)
    assert [(one.host, one.site, one.status) for one in found] == [
        ("flacsfor.me", "redacted.sh", 2),
        ("other.example", None, 4),
        ("", None, 0),
        ("", None, 0),
    ]
    assert found[1].message == "*** unknown"


def test_the_rows_of_a_private_torrent_of_each_version():
    for version in VERSIONS:
        found = announces(recorded(version, "trackers_private"))
        assert {one.host for one in found} == {"127.0.0.1"}
        assert all(one.status == 4 for one in found)


def test_versions_are_figures():
    assert figures("2.8.19\n") == (2, 8, 19)
    assert figures("unknown") == ()
