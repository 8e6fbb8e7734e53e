"""Bytes of the interceptor's connections: read a request head, answer it, tunnel the rest."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

#: Bound on the bytes of a CONNECT request.
MAX_HEAD = 16 * 1024

#: Seconds for which the bytes of a refused client are read and dropped: to close a socket with
#: unread bytes sends RST, and the client could not read the answer.
LINGER = 0.5

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_END = b"\r\n\r\n"
_CHUNK = 1 << 16


class HeadTooLargeError(Exception):
    """The head of a request is longer than `MAX_HEAD`."""


async def read_head(connection: socket.socket) -> bytes:
    """Read the head of a request, and leave the bytes after it in the socket for TLS.

    Raises:
        ConnectionError: The client closes the connection before the end of the head.
        HeadTooLargeError: The head is longer than `MAX_HEAD`.
    """
    head = b""
    while not head.endswith(_END):
        if len(head) > MAX_HEAD:
            raise HeadTooLargeError
        await readable(connection)
        seen = connection.recv(_CHUNK, socket.MSG_PEEK)
        if not seen:
            raise ConnectionAbortedError("the client closed the connection")
        end = (head + seen).find(_END)
        head += connection.recv(len(seen) if end < 0 else end + len(_END) - len(head))
    return head


async def answer(connection: socket.socket, status: str, text: str) -> None:
    """Answer with a sentence, and close the connection."""
    body = f"aleph-contract: {text}\n".encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with connection, suppress(OSError, asyncio.TimeoutError):
        await asyncio.get_running_loop().sock_sendall(connection, head.encode() + body)
        connection.shutdown(socket.SHUT_WR)
        await asyncio.wait_for(_drop(connection), LINGER)


async def tunnel(connection: socket.socket, upstream: Connection) -> None:
    """Pass bytes on in both directions until both ends have closed; the bytes are not looked at.

    Raises:
        OSError: An end resets the connection.
    """
    client = await asyncio.open_connection(sock=connection)
    try:
        await asyncio.gather(_pass_on(client, upstream), _pass_on(upstream, client))
    finally:
        for _, writer in (client, upstream):
            writer.close()


async def _pass_on(source: Connection, target: Connection) -> None:
    reader, writer = source[0], target[1]
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    writer.write_eof()


async def _drop(connection: socket.socket) -> None:
    while await asyncio.get_running_loop().sock_recv(connection, _CHUNK):
        pass


async def readable(connection: socket.socket) -> None:
    """Wait until a socket can be read, or a listening one can accept.

    `sock_accept` of asyncio would lose an accepted connection if it is cancelled in that moment.
    """
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def resume() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(connection, resume)
    try:
        await ready
    finally:
        loop.remove_reader(connection)
