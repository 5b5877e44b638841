"""One request on one connection: what came, what did not, and whether a byte of it left."""

from __future__ import annotations

import datetime
import ipaddress
import logging
import socket
import ssl
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support_trackers import (
    KEY,
    Play,
    Stage,
    dripping,
    half,
    hangs_up,
    huge,
    no_http,
    resets,
    says,
    short_chunk,
    silent,
    too_large,
)
from trackers.errors import SettingsError, TrackerError, Unavailable, Unconfirmed
from trackers.http import MOST, Http
from trackers.secret import Secret


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as one:
        yield one


def http(url: str, deadline: float = 5.0, ca_file: Path | None = None) -> Http:
    return Http(url, {"Authorization": Secret(KEY)}, version="9.9", deadline=deadline, ca_file=ca_file)


def failure(url: str, verb: str, **settings: float) -> TrackerError:
    with pytest.raises(TrackerError) as caught:
        getattr(http(url, **settings), verb)("/ajax.php", [("action", "upload")])
    return caught.value


def test_an_answer_comes_whole_with_its_headers_in_lower_case(stage: Stage) -> None:
    stage.plays(says('{"a":1}', 404, "Application/JSON; charset=utf-8", Retry_After="7"))
    reply = http(stage.url).get("/ajax.php", [("action", "index")])
    assert (reply.status, reply.kind, reply.body) == (404, "application/json", b'{"a":1}')
    assert reply.headers["retry-after"] == "7"


def test_a_request_says_who_we_are_and_keeps_nothing_alive(stage: Stage) -> None:
    stage.plays(says())
    http(f"{stage.url}/orpheus").get("/ajax.php", [("q", "Sigur Rós & more")])
    asked = stage.asked[0]
    assert asked.line == "GET /orpheus/ajax.php?q=Sigur+R%C3%B3s+%26+more HTTP/1.1"
    assert asked.headers["user-agent"].startswith("seedpost/9.9 (+https://")
    assert asked.headers["authorization"] == KEY
    assert asked.headers["connection"] == "close"


def test_a_form_keeps_its_order_and_its_repeated_keys(stage: Stage) -> None:
    stage.plays(says())
    fields = [("artists[]", "Björk"), ("importance[]", "1"), ("artists[]", "B"), ("importance[]", "2")]
    http(stage.url).post("/ajax.php", [("action", "upload")], fields, [("file_input", "a.torrent", b"d1:ae")])
    body = stage.asked[0].body.decode()
    names = [part.split('"')[1] for part in body.split("Content-Disposition: form-data; name=")[1:]]
    assert names == ["artists[]", "importance[]", "artists[]", "importance[]", "file_input"]
    assert "Björk" in body
    assert 'filename="a.torrent"' in body
    assert "d1:ae" in body


def test_T12_every_request_has_a_connection_of_its_own(stage: Stage) -> None:
    stage.plays(says("{}"))
    one = http(stage.url)
    for _ in range(3):
        one.post("/ajax.php")
    assert stage.connections == 3


def test_T19_no_redirect_is_followed(stage: Stage) -> None:
    stage.plays(says(status=302, Location=f"{stage.url}/elsewhere"))
    reply = http(stage.url).post("/ajax.php")
    assert (reply.status, len(stage.asked)) == (302, 1)


def test_T24_the_environment_names_no_proxy_and_no_password(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    stage.plays(says("{}"))
    assert http(stage.url).get("/ajax.php").status == 200
    assert stage.asked[0].headers["authorization"] == KEY


ENDINGS: list[tuple[Play, str]] = [
    (hangs_up, "reset"),
    (resets, "reset"),
    (half, "reset"),
    (short_chunk, "reset"),
    (no_http, "reset"),
    (huge, "too-big"),
]


@pytest.mark.parametrize(("part", "code"), ENDINGS)
def test_T9_T10_T11_once_a_byte_has_left_nobody_knows_what_came_of_a_post(stage: Stage, part: Play, code: str) -> None:
    stage.plays(part)
    error = failure(stage.url, "post")
    assert (type(error), error.code) == (Unconfirmed, code)
    assert len(stage.asked) == 1


@pytest.mark.parametrize(("part", "code"), ENDINGS)
def test_a_question_that_was_not_answered_may_be_asked_again(stage: Stage, part: Play, code: str) -> None:
    stage.plays(part)
    error = failure(stage.url, "get")
    assert (type(error), error.code) == (Unavailable, code)


@pytest.mark.parametrize("slow", [silent, dripping])
def test_T13_the_deadline_is_for_the_whole_answer_and_not_for_each_byte(stage: Stage, slow: object) -> None:
    stage.plays(slow(stage))  # type: ignore[operator]
    error = failure(stage.url, "post", deadline=0.3)
    assert (type(error), error.code) == (Unconfirmed, "timeout")


def test_a_body_that_the_site_does_not_take_ends_at_the_deadline_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(Unconfirmed) as caught:
            http(url, deadline=0.3).post("/ajax.php", (), (), [("file_input", "a.torrent", bytes(16 << 20))])
    assert caught.value.code == "timeout"


def test_an_answer_that_comes_before_the_body_was_read_is_an_answer() -> None:
    with Stage(reads_bodies=False) as stage:
        stage.plays(too_large)
        reply = http(stage.url).post("/ajax.php", (), (), [("file_input", "a.torrent", bytes(8 << 20))])
    assert reply.status == 413


def test_an_answer_of_the_greatest_length_is_taken(stage: Stage) -> None:
    stage.plays(says(b"x" * MOST))
    assert len(http(stage.url).get("/").body) == MOST


def test_a_deadline_that_is_past_before_the_connection_sends_nothing(stage: Stage) -> None:
    stage.plays(says("{}"))
    error = failure(stage.url, "post", deadline=1e-9)
    assert (type(error), error.code) == (Unavailable, "connect-timeout")
    assert stage.asked == []


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("verb", ["get", "post"])
def test_T1_T2_where_no_byte_left_trying_again_is_safe(verb: str) -> None:
    refused = failure(f"http://127.0.0.1:{closed_port()}", verb)
    assert (type(refused), refused.code) == (Unavailable, "refused")
    unnamed = failure("https://no..name", verb)
    assert (type(unnamed), unnamed.code) == (Unavailable, "dns")


def test_T3_a_connection_that_nobody_takes_is_not_sent() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        error = failure(f"http://127.0.0.1:{address[1]}", "post", deadline=0.3)
        for one in waiting:
            one.close()
    assert (type(error), error.code) == (Unavailable, "connect-timeout")


def test_a_form_that_can_not_be_written_is_not_sent(stage: Stage) -> None:
    stage.plays(says())
    with pytest.raises(Unavailable) as caught:
        http(stage.url).post("/ajax.php", (), [("title", "\udcff")])
    assert caught.value.code == "request"
    assert stage.asked == []


def certificate(
    folder: Path, *, host: str = "127.0.0.1", begins: int = -1, days: int = 30
) -> tuple[Path, ssl.SSLContext]:
    """(the certificate alone, a server's context with it and its key)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    start = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=begins)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "ca.pem", folder / "both.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, pem, serialization.NoEncryption())
    private.write_bytes(public.read_bytes() + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(private)
    return public, context


def test_a_trusted_certificate_lets_a_request_through(tmp_path: Path) -> None:
    ca_file, context = certificate(tmp_path)
    with Stage(tls=context) as stage:
        stage.plays(says("{}"))
        assert http(stage.url, ca_file=ca_file).post("/ajax.php", (), [("a", "b")]).status == 200
        stage.plays(half)
        with pytest.raises(Unconfirmed):
            http(stage.url, ca_file=ca_file).post("/ajax.php")
        stage.plays(dripping(stage))
        with pytest.raises(Unconfirmed) as caught:
            http(stage.url, 0.5, ca_file).post("/ajax.php")
    assert caught.value.code == "timeout"


@pytest.mark.parametrize(
    ("flaw", "trusted", "words"),
    [
        ({}, False, "self-signed certificate"),
        ({"host": "127.0.0.2"}, True, "127.0.0.1"),
        ({"begins": -60}, True, "expired"),
        ({"begins": 20}, True, "is this machine's clock right?"),
    ],
)
def test_T4_T21_no_key_leaves_over_a_connection_that_is_not_trusted(
    tmp_path: Path, flaw: dict[str, int], trusted: bool, words: str
) -> None:
    ca_file, context = certificate(tmp_path, **flaw)  # type: ignore[arg-type]
    with Stage(tls=context) as stage:
        stage.plays(says("{}"))
        with pytest.raises(Unavailable) as caught:
            http(stage.url, ca_file=ca_file if trusted else None).post("/ajax.php")
        assert stage.asked == []
    assert caught.value.code == "tls"
    assert words in str(caught.value)


def test_what_speaks_no_tls_gets_no_request(stage: Stage) -> None:
    stage.plays(says("{}"))
    error = failure(stage.url.replace("http:", "https:"), "post", deadline=0.3)
    assert (type(error), error.code) == (Unavailable, "tls")


def test_plain_http_is_for_this_machine_alone() -> None:
    with pytest.raises(SettingsError, match="https"):
        http("http://tracker.example")


@pytest.mark.parametrize("verb", ["get", "post"])
@pytest.mark.parametrize("part", [hangs_up, half, huge, no_http])
def test_no_error_and_no_log_line_holds_the_key_or_the_address(
    stage: Stage, verb: str, part: Play, caplog: pytest.LogCaptureFixture
) -> None:
    stage.plays(part)
    one = Http(f"{stage.url}/{KEY}", {"Authorization": Secret(KEY)}, version="1", deadline=5.0)
    with caplog.at_level(logging.WARNING), pytest.raises(TrackerError) as caught:
        getattr(one, verb)("/ajax.php", [("key", KEY)])
    told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value)) + caplog.text
    assert KEY not in told
    assert caught.value.__context__ is None
