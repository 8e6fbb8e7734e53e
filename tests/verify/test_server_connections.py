"""Connections that a lawful server ends are no finding; a reply that breaks off is one."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest
from stub_server import CONTRACT, TOKEN

from aleph_contract.verify.server.plan import plan
from aleph_contract.verify.server.sender import Sender
from aleph_contract.verify.server.target import Target

HEAD = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
BODY = b'{"errors":[{"code":7003,"message":"Invalid value"}],"success":false}'
SIZED = HEAD + b"content-length: %d\r\n\r\n" % len(BODY) + BODY
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(BODY), BODY)
UNSIZED = HEAD.replace(b"1.1", b"1.0") + b"\r\n" + BODY

#: More than the buffers of both ends hold, so that a write fails if it is not read.
LARGE = b"x" * (16 << 20)


def head_of(connection: socket.socket) -> int:
    """Read the head of a request byte by byte; the size of its body, -1 at the end."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            return -1
        head += byte
    return int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)


def request_of(connection: socket.socket) -> bool:
    """Read a whole request; false at the end."""
    left = head_of(connection)
    while left > 0:
        left -= len(connection.recv(min(left, 65536)))
    return left == 0


Conversation = Callable[[socket.socket, int], None]


def reply(*parts: bytes, read_body: bool = True) -> Conversation:
    """Answer one request with some bytes, and close."""

    def converse(connection: socket.socket, _: int) -> None:
        if read_body:
            request_of(connection)
        else:
            head_of(connection)
        for part in parts:
            connection.sendall(part)

    return converse


def idle_close(connection: socket.socket, _: int) -> None:
    """Answer one request, and close at the first byte of the next one."""
    request_of(connection)
    connection.sendall(SIZED)
    connection.recv(1)


def keep_alive(reply: bytes) -> Conversation:
    """Answer each request of the first connection, and no other connection."""

    def converse(connection: socket.socket, number: int) -> None:
        while number == 1 and request_of(connection):
            connection.sendall(reply)

    return converse


def stray_bytes(connection: socket.socket, _: int) -> None:
    """Answer one request, and send the end of a chunked body before the next reply."""
    request_of(connection)
    connection.sendall(SIZED)
    connection.recv(1)
    connection.sendall(b"0\r\n\r\n")


def every_second(connection: socket.socket, number: int) -> None:
    """Answer every second new connection; the others end without a reply."""
    if request_of(connection) and number % 2:
        connection.sendall(SIZED)


class Drip:
    """Answers one request with some bytes at once, and further ones one by one."""

    def __init__(self, at_once: bytes, slowly: bytes) -> None:
        self.at_once = at_once
        self.slowly = slowly
        self.completed = False

    def __call__(self, connection: socket.socket, _: int) -> None:
        request_of(connection)
        with suppress(OSError):  # the client has given up
            connection.sendall(self.at_once)
            for byte in self.slowly:
                time.sleep(0.05)
                connection.sendall(bytes([byte]))
            self.completed = True


@contextmanager
def talking(converse: Conversation, timeout: float = 30) -> Iterator[Target]:
    """Serve connections one at a time on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            number = 0
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                # Else a part of a reply waits for an acknowledgement, and the reset drops it.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with connection:
                    number += 1
                    converse(connection, number)

        thread = Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/client/v4"
        try:
            yield Target.parse(url, token=TOKEN, timeout=timeout)
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def statuses(converse: Conversation, calls: int = 3, body: bytes | None = None) -> list[int | None]:
    """The status of each call to a server; `None` without a complete reply."""
    with talking(converse) as target:
        sender = Sender(target, reuse=True)
        call = plan(target, CONTRACT)[0]
        headers = dict(call.headers)
        sent = [
            sender._exchange("POST", "/", headers, call.body if body is None else body)
            for _ in range(calls)
        ]
        sender.close()
    assert all(r.body == BODY for r in sent if r.status)
    return [r.status for r in sent]


LAWFUL = {
    "closes without a word": reply(SIZED),
    "does not read the body": reply(SIZED, read_body=False),
    "HTTP/1.0, does not read the body": reply(UNSIZED, read_body=False),
    "chunked, does not read the body": reply(CHUNKED, b"0\r\n\r\n", read_body=False),
    "closes an idle connection": idle_close,
    "reuses one connection": keep_alive(SIZED),
    "reuses one connection, chunked": keep_alive(CHUNKED + b"0\r\n\r\n"),
    "bytes after the reply": stray_bytes,
}

BROKEN = {
    "no reply": reply(),
    "no reply, body not read": reply(read_body=False),
    "half a status line": reply(HEAD[:10]),
    "half a sized body": reply(SIZED[:-9]),
    "half a sized body, body not read": reply(SIZED[:-9], read_body=False),
    "no last chunk": reply(CHUNKED),
    "no last chunk, body not read": reply(CHUNKED, read_body=False),
}


LARGE_HEADERS = b"x: y\r\n" * 20

DRIPPING = {
    "the status line": Drip(b"", SIZED),
    "the headers": Drip(HEAD, LARGE_HEADERS),
    "a body": Drip(SIZED[: -len(BODY)], BODY),
    "a body until the end of the connection": Drip(UNSIZED[: -len(BODY)], BODY),
    "the size of a chunk": Drip(HEAD + b"transfer-encoding: chunked\r\n\r\n", b"0" * 80),
    "the trailers": Drip(CHUNKED + b"0\r\n", LARGE_HEADERS),
}


@pytest.mark.parametrize("name", DRIPPING)
def test_the_time_limit_bounds_a_reply_that_drips(name: str) -> None:
    with talking(DRIPPING[name], timeout=0.2) as target:
        assert Sender(target).get("/").status is None
    assert not DRIPPING[name].completed


@pytest.mark.parametrize("body", [None, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("name", LAWFUL)
def test_every_reply_of_a_lawful_server_arrives(name: str, body: bytes | None) -> None:
    assert statuses(LAWFUL[name], body=body) == [400] * 3


@pytest.mark.parametrize("name", BROKEN)
def test_a_reply_that_breaks_off_is_no_reply(name: str) -> None:
    assert statuses(BROKEN[name]) == [None] * 3


def test_a_server_that_breaks_some_new_connections_is_caught() -> None:
    assert statuses(every_second, calls=4) == [400, None] * 2
