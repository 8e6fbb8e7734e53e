"""Hostile requests get a clear response or a closed connection, and the next client is served.

Each attack goes over a raw socket to a real server, which then serves a valid request.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import resource
import socket
import time
from collections.abc import Iterator
from functools import partial
from operator import attrgetter
from typing import Any

import pytest
from calling import PATIENCE
from every_row import check_every
from hostile import ACCOUNT, MAX_BODY, Attack, attacks, request, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgresql_server import PostgreSQLServer

from fake_server.journal.waiting import wait_for
from fake_server.replies.faults import FAULTS
from fake_server.server import Server, running

ATTACKS = attacks()
ATTACK_NAME = attrgetter("name")
_IDS = itertools.count(1)


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The server under attack, with each kind of journal; the first has the fast path."""
    journal = "memory"
    if request.param == "sqlite":
        journal = f"sqlite:{tmp_path_factory.mktemp('hostile')}/journal.db"
    with running(max_body=MAX_BODY, journal=journal) as started:
        yield started


@pytest.fixture(scope="module")
def shared_server(postgresql: PostgreSQLServer) -> Iterator[Server]:
    """A server under attack whose journal is in PostgreSQL."""
    with running(max_body=MAX_BODY, journal=postgresql.create_database()) as started:
        yield started


def connect(server: Server) -> socket.socket:
    """A raw connection."""
    host, _, port = server.binding_address.partition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def exchange(server: Server, data: bytes, *, ends: bool) -> tuple[int, bytes]:
    """Send bytes; return status (0: none) and body of the first response."""
    with connect(server) as connection:
        with contextlib.suppress(OSError):  # refused while we send: the answer is there
            connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        method = data.lstrip(b"\r\n").split(b" ", 1)[0].decode("latin-1")
        response = http.client.HTTPResponse(connection, method=method)
        try:
            response.begin()
            return response.status, response.read()
        except (ConnectionError, http.client.BadStatusLine):
            return 0, b""


def assert_serving(server: Server) -> None:
    """Check that the next client gets its result."""
    account = f"{next(_IDS):032x}"
    status, body = exchange(server, request(run()).replace(ACCOUNT, account.encode()), ends=False)
    assert status == 200, body
    assert json.loads(body)["state"] == "Completed"


def assert_told(status: int, body: bytes) -> None:
    """Check that a refusal has the error body of the service or of the control API."""
    document = json.loads(body)
    errors = document.get("errors") or document.get("error")
    if errors:
        assert document["success"] is False
        assert errors[0]["message"]
        assert isinstance(errors[0]["code"], int)
    else:
        assert document["detail"], status


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged, apart from the hint that follows the name of an unknown model."""
    return [text for text in caplog.messages if not text.startswith("aleph-contract: no model ")]


def test_the_corpus_has_hundreds_of_attacks() -> None:
    assert len(ATTACKS) >= 200
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


def test_an_attack_gets_a_clear_response_and_the_next_client_is_served(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    check_every(ATTACKS, partial(assert_handled, server, caplog), ATTACK_NAME)


def assert_handled(server: Server, caplog: pytest.LogCaptureFixture, attack: Attack) -> None:
    """Check the response to an attack, its exchange, and that the next client gets its result."""
    caplog.clear()
    account = f"{next(_IDS):032x}"
    data = attack.data.replace(ACCOUNT, account.encode())
    status, body = exchange(server, data, ends=attack.ends)
    assert status in attack.statuses, body[:300]
    if status >= 400 and not attack.data.startswith((b"HEAD", b"GET /__aleph__/media")):
        assert_told(status, body)
    if attack.counted:
        (seen,) = wait_for(server.app.journal, account, 1, PATIENCE)
        # A client that closes its side counts as disconnected, and may not get the response.
        assert status in ((seen.status or 0, 0) if attack.ends else (seen.status,))
    assert_serving(server)
    assert not complaints(caplog), "nothing to tell the fake's owner about"


def test_an_attack_is_recorded_in_postgresql_and_the_next_client_is_served(
    shared_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    check_every(ATTACKS[::3], partial(assert_handled, shared_server, caplog), ATTACK_NAME)


@settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.sampled_from([attack.data for attack in ATTACKS if len(attack.data) < 2000]),
    edits=st.lists(
        st.tuples(
            st.floats(0, 1),
            st.integers(0, 20),
            st.sampled_from([b"\r\n", b"\n", b"\0", b":", b" ", b"%00", b'"', b"{", b"\xff"])
            | st.binary(max_size=4),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_no_mutation_of_an_attack_breaks_the_server(
    server: Server, caplog: pytest.LogCaptureFixture, seed: bytes, edits: list[tuple[Any, ...]]
) -> None:
    """Each edit replaces bytes at a position, which is a fraction of the length."""
    data = seed.replace(ACCOUNT, b"f" * 32)
    for place, cut, put in edits:
        at = int(place * len(data))
        data = data[:at] + put + data[at + cut :]
    status, _ = exchange(server, data, ends=True)
    assert status < 500
    assert not complaints(caplog)


#: Requests of one connection: small attacks, valid runs, and runs with a fault.
PIECES = [
    *(attack.data for attack in ATTACKS if len(attack.data) < 2000),
    *(
        request(run(), token=b"Authorization: Bearer fault-" + name)
        for fault in {fault.delivery: fault for fault in FAULTS.values()}.values()
        for name in [fault.name.encode()]
    ),
]


@settings(
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pieces=st.lists(st.sampled_from(PIECES) | st.just(request(run())), min_size=2, max_size=5),
    sent=st.floats(0, 1),
    read=st.booleans(),
)
def test_an_aborted_connection_leaves_no_request_in_flight(
    server: Server,
    caplog: pytest.LogCaptureFixture,
    pieces: list[bytes],
    sent: float,
    read: bool,
) -> None:
    """A client sends several requests, reads at most the first response, and disconnects."""
    account = f"{next(_IDS):032x}"
    data = b"".join(pieces).replace(ACCOUNT, account.encode())
    with connect(server) as connection, contextlib.suppress(OSError):
        connection.settimeout(0.02)
        connection.sendall(data[: int(len(data) * sent)])
        time.sleep(0.002)
        connection.sendall(data[int(len(data) * sent) :])
        if read:
            connection.recv(65536)
    deadline = time.monotonic() + PATIENCE
    known = server.app.accounts.get(account)
    while (known.in_flight or server._state.tasks) and time.monotonic() < deadline:
        time.sleep(0.002)
    assert known.in_flight == 0
    assert not server._state.tasks
    assert not complaints(caplog)


# --- slow, idle and vanishing clients


def test_a_client_that_sends_byte_by_byte_is_served(server: Server) -> None:
    data = request(run()).replace(ACCOUNT, b"a" * 32)
    with connect(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data:
            connection.sendall(bytes([byte]))
        assert connection.recv(12) == b"HTTP/1.1 200"


def test_two_pipelined_requests_are_both_answered(server: Server) -> None:
    one = request(run()).replace(ACCOUNT, b"b" * 32)
    with connect(server) as connection:
        connection.sendall(one * 2)
        answers = b""
        while answers.count(b'"state":"Completed"') < 2:
            piece = connection.recv(65536)
            assert piece, answers
            answers += piece
    assert answers.count(b"HTTP/1.1 200") == 2


def test_idle_connections_do_not_block_others(server: Server) -> None:
    with contextlib.ExitStack() as stack:
        for index in range(100):
            silent = stack.enter_context(connect(server))
            silent.sendall(request(run())[: index * 3])
        assert_serving(server)


def test_clients_that_disconnect_leave_no_request_in_flight(server: Server) -> None:
    data = request(run(), token=b"Authorization: Bearer fault-hang").replace(ACCOUNT, b"c" * 32)
    for sent in (data[:40], data[:-5], data):
        for _ in range(20):
            with connect(server) as connection:
                connection.sendall(sent)
    deadline = time.monotonic() + PATIENCE
    account = server.app.accounts.get("c" * 32)
    while account.in_flight and time.monotonic() < deadline:
        time.sleep(0.01)
    assert account.in_flight == 0
    assert_serving(server)


def test_a_client_that_does_not_read_takes_no_memory(server: Server) -> None:
    """Responses fill the socket, not the memory of the server."""
    one = request(run()).replace(ACCOUNT, b"d" * 32)
    with connect(server) as connection:
        connection.settimeout(0.2)
        with contextlib.suppress(TimeoutError, ConnectionError):
            for _ in range(200):
                connection.sendall(one * 50)
        assert_serving(server)


def test_oversize_bodies_take_no_memory(server: Server) -> None:
    coding = b"Transfer-Encoding: chunked"
    head = request(length=coding).replace(ACCOUNT, b"e" * 32)
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(10):
        with connect(server) as connection, contextlib.suppress(ConnectionError):
            connection.sendall(head)
            for _ in range(160):
                connection.sendall(chunk)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20_000, f"{grown} kB for ten bodies of 10 MB"
    kept = server.app.journal.exchanges("e" * 32)
    assert all(len(seen.request_body) <= 2 * MAX_BODY for seen in kept)
    assert_serving(server)
