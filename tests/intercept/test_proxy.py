"""The CONNECT proxy: which connections it opens, passes on and refuses, and what it reports."""

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from calling import PATIENCE, body
from ports import free_port

from aleph_contract.core.private_folder import PrivateFolder
from aleph_contract.errors import ArgumentError
from fake_server.intercept import Interception, intercepting
from fake_server.intercept.streams import MAX_HEAD
from fake_server.intercept.tally import MAX_HOSTS, Tally
from fake_server.intercept.targets import HOST, AllowedHosts, Target
from fake_server.server import Server, running
from fake_server.tls.authority import Authority

CONNECT = f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n".encode()

#: Seconds within which a connection ends; asyncio alone waits 30 s for the end of TLS.
SOON = 10.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture
def interception(server: Server) -> Iterator[Interception]:
    with intercepting(server) as found:
        yield found


def connected(interception: Interception) -> socket.socket:
    """A connection to the proxy."""
    proxy = urlsplit(interception.environment["HTTPS_PROXY"])
    assert proxy.hostname is not None
    return socket.create_connection((proxy.hostname, proxy.port or 0), PATIENCE)


def answer(interception: Interception, sent: bytes) -> bytes:
    """All that the proxy answers to `sent` before it closes the connection."""
    with connected(interception) as connection:
        connection.sendall(sent)
        received = b""
        while chunk := connection.recv(1 << 16):
            received += chunk
    return received


def trusting(interception: Interception, *protocols: str) -> ssl.SSLContext:
    """TLS that trusts what the variables name."""
    context = ssl.create_default_context(cafile=interception.environment["SSL_CERT_FILE"])
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


@contextmanager
def tunnelled(
    interception: Interception, context: ssl.SSLContext, connect: bytes = CONNECT
) -> Iterator[ssl.SSLSocket]:
    """TLS with the target of `connect`, through the proxy."""
    with connected(interception) as connection:
        connection.sendall(connect)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        with context.wrap_socket(connection, server_hostname=HOST) as secure:
            yield secure


def run_request(account: str, token: str) -> bytes:
    content = body()
    head = (
        f"POST /client/v4/accounts/{account}/ai/run HTTP/1.1\r\nHost: {HOST}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + content


def read_all(connection: socket.socket) -> bytes:
    received = b""
    with suppress(ConnectionError):
        while chunk := connection.recv(1 << 16):
            received += chunk
    return received


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class TestIntercepted:
    """Connections to the host of the real service."""

    def test_a_run_is_answered_and_recorded(self, server: Server) -> None:
        with intercepting(server) as interception:
            account = server.account()
            assert account.env["CLOUDFLARE_BASE_URL"] == f"https://{HOST}/client/v4"
            with tunnelled(interception, trusting(interception)) as secure:
                secure.sendall(run_request(account.id, account.token))
                received = read_all(secure)
        assert received.startswith(b"HTTP/1.1 200 ")
        video = json.loads(received.partition(b"\r\n\r\n")[2])["result"]["video"]
        assert video.startswith(f"http://{server.binding_address}/")
        (exchange,) = account.exchanges
        assert (exchange.host, exchange.outcome, exchange.billed) == (HOST, "completed", True)
        assert server.base_url == f"http://{server.binding_address}/client/v4"

    @pytest.mark.parametrize(
        ("offered", "chosen"), [(("h2", "http/1.1"), "http/1.1"), (("h2",), None), ((), None)]
    )
    def test_http_2_is_not_offered(
        self, interception: Interception, offered: tuple[str, ...], chosen: str | None
    ) -> None:
        with tunnelled(interception, trusting(interception, *offered)) as secure:
            assert secure.selected_alpn_protocol() == chosen

    def test_the_name_may_be_written_in_any_case_and_with_a_final_dot(
        self, interception: Interception
    ) -> None:
        connect = f"CONNECT {HOST.upper()}.:443 HTTP/1.1\r\n\r\n".encode()
        with tunnelled(interception, trusting(interception), connect) as secure:
            assert secure.version()

    def test_a_client_may_send_tls_before_it_reads_the_answer(
        self, interception: Interception
    ) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = trusting(interception).wrap_bio(incoming, outgoing, server_hostname=HOST)
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        with connected(interception) as connection:
            connection.sendall(CONNECT[:20])
            time.sleep(0.01)
            connection.sendall(CONNECT[20:] + outgoing.read())
            received = b""
            while b"\r\n\r\n" not in received or not received.partition(b"\r\n\r\n")[2]:
                received += connection.recv(1 << 16)
        assert received.partition(b"\r\n\r\n")[2][0] == 22  # a handshake record, RFC 8446, 5.1

    def test_the_control_api_does_not_answer_under_that_name(
        self, interception: Interception
    ) -> None:
        with tunnelled(interception, trusting(interception)) as secure:
            request = f"GET /__aleph__/health HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
            secure.sendall(request.encode())
            assert read_all(secure).startswith(b"HTTP/1.1 403 ")

    @pytest.mark.parametrize("fault", ["reset-after", "dropped", "body-truncated"])
    def test_a_fault_that_ends_a_connection_ends_it_soon(
        self, server: Server, interception: Interception, fault: str
    ) -> None:
        account = server.account()
        account.scenario([{"fault": fault}])
        begun = time.monotonic()
        with tunnelled(interception, trusting(interception)) as secure:
            secure.sendall(run_request(account.id, account.token))
            received = read_all(secure)
        assert time.monotonic() - begun < SOON
        assert b"gatewayMetadata" not in received

    def test_a_client_that_ignores_the_end_of_tls_gets_the_end_of_tcp_soon(
        self, server: Server, interception: Interception
    ) -> None:
        account = server.account()
        account.scenario([{"fault": "dropped"}])
        with tunnelled(interception, trusting(interception)) as secure:
            secure.sendall(run_request(account.id, account.token))
            with socket.socket(fileno=os.dup(secure.fileno())) as below_tls:
                below_tls.settimeout(SOON)
                read_all(below_tls)

    def test_the_client_that_trusts_no_ca_of_ours_is_reported(
        self, interception: Interception
    ) -> None:
        untrusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # it knows no CA
        with (
            pytest.raises(ssl.SSLCertVerificationError),
            tunnelled(interception, untrusting),
        ):
            pass
        until(lambda: interception.tally.rejected == 1)
        assert "unknown ca" in interception.tally.no_call()
        assert "REQUESTS_CA_BUNDLE" in interception.tally.no_call()
        assert not interception.tally.used

    def test_a_connection_closed_before_a_request_is_reported(
        self, interception: Interception
    ) -> None:
        with tunnelled(interception, trusting(interception)):
            pass
        until(lambda: interception.tally.unused == 1)
        assert "before it sent a request" in interception.tally.no_call()
        assert not interception.tally.used


class TestRefused:
    """Everything else."""

    @pytest.mark.parametrize(
        ("sent", "named"),
        [
            (b"CONNECT example.com:443 HTTP/1.1", "example.com:443"),
            (b"CONNECT api.cloudflare.com:80 HTTP/1.1", "api.cloudflare.com:80"),
            (b"CONNECT api.cloudflare.com.evil.example:443 HTTP/1.1",
             "api.cloudflare.com.evil.example:443"),
            (b"CONNECT [2606:4700::1]:443 HTTP/1.1", "[2606:4700::1]:443"),
            (b"GET http://example.com/secret?a=b HTTP/1.1", "http://example.com"),
            (b"POST http://api.cloudflare.com/client/v4 HTTP/1.1", "http://api.cloudflare.com"),
            (b"GET / HTTP/1.1", "no host"),
            (b"GET http://[ HTTP/1.1", "no host"),
            (b"\x16\x03\x01", "no host"),
        ],
    )  # fmt: skip
    def test_the_answer_and_the_report_name_the_host(
        self, interception: Interception, sent: bytes, named: str
    ) -> None:
        received = answer(interception, sent + b"\r\n\r\n").decode()
        assert received.startswith("HTTP/1.1 403 Refused by aleph-contract")
        assert f"aleph-contract: {named} is refused" in received
        (note,) = interception.tally.notes()
        assert f"{named} (1)" in note
        assert "secret" not in note

    def test_a_large_head_is_refused(self, interception: Interception) -> None:
        received = answer(interception, b"CONNECT " + b"a" * (MAX_HEAD + 1))
        assert received.startswith(b"HTTP/1.1 431 ")

    def test_names_are_bounded_and_escaped(self) -> None:
        tally = Tally()
        for number in range(MAX_HOSTS + 5):
            tally.refuse(f"host-{number}")
        tally.refuse("a\x1b[2J\u202e:443")
        assert len(tally.refused) == MAX_HOSTS + 1
        assert tally.refused["other hosts"] == 6
        named = Tally()
        named.refuse("a\x1b[2J")
        assert "\x1b" not in next(named.notes())


class TestAllowed:
    """Hosts of `--allow-host`."""

    def test_a_connection_is_passed_on_unread(self, server: Server) -> None:
        with PrivateFolder() as folder, _tls_server(folder) as (port, authority):
            target = f"127.0.0.1:{port}"
            with intercepting(server, [target]) as interception:
                context = ssl.create_default_context(cafile=str(authority.file))
                connect = f"CONNECT {target} HTTP/1.1\r\n\r\n".encode()
                with tunnelled(interception, context, connect) as secure:
                    secure.sendall(b"over there")
                    assert read_all(secure) == b"heard over there"
        assert interception.tally.passed_on == {target: 1}
        assert not interception.tally.opened
        assert target in next(interception.tally.notes())

    def test_a_host_that_is_down_is_named(self, server: Server) -> None:
        target = f"127.0.0.1:{free_port()}"
        with intercepting(server, [target]) as interception:
            received = answer(interception, f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
        assert received.startswith(b"HTTP/1.1 502 ")
        assert target.encode() in received

    @pytest.mark.parametrize(
        ("name", "host", "port", "allowed"),
        [
            ("example.com", "example.com", 443, True),
            ("EXAMPLE.com.", "example.com", 443, True),
            ("example.com", "example.com", 8443, False),
            ("example.com:8443", "example.com", 8443, True),
            ("*.example.com", "a.example.com", 443, True),
            ("*.example.com", "example.com", 443, False),
            ("[::1]:8443", "::1", 8443, True),
            ("*", HOST, 80, False),
            ("*.cloudflare.com:8443", HOST, 8443, False),
        ],
    )
    def test_a_name_allows_a_host_and_a_port(
        self, name: str, host: str, port: int, *, allowed: bool
    ) -> None:
        assert (Target(host, port) in AllowedHosts([name])) is allowed

    @pytest.mark.parametrize("name", ["https://example.com", "", "a b", "example.com:x", HOST])
    def test_other_names_are_an_error(self, name: str) -> None:
        with pytest.raises(ArgumentError, match="--allow-host"):
            AllowedHosts([name])


def test_nothing_is_left_after_the_block(server: Server) -> None:
    with intercepting(server) as interception:
        files = Path(interception.environment["SSL_CERT_FILE"]).parent
        for path in files.iterdir():
            assert b"PRIVATE KEY" not in path.read_bytes()
        assert files.stat().st_mode & 0o777 == 0o700
        idle = connected(interception)
    with idle:
        assert read_all(idle) == b""
    assert not files.exists()
    with pytest.raises(ConnectionRefusedError):
        connected(interception).close()
    assert (
        "HTTPS_PROXY" not in os.environ
        or os.environ["HTTPS_PROXY"] != (interception.environment["HTTPS_PROXY"])
    )


@contextmanager
def _tls_server(folder: PrivateFolder) -> Iterator[tuple[int, Authority]]:
    """A TLS server with a CA of its own, for `HOST`, that answers one connection."""
    authority = Authority(folder)
    context = authority.server_context(HOST)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    secured = context.wrap_socket(listening, server_side=True)

    def serve() -> None:
        connection, _ = secured.accept()
        with connection:
            connection.sendall(b"heard " + connection.recv(100))

    with secured:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield port, authority
        thread.join(PATIENCE)
