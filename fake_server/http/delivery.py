"""Send a response: at once, late, in small pieces, in part, or not at all."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fake_server.replies.faults import Delivery
from fake_server.runs.decision import Answer, Run
from fake_server.runs.request import Headers

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Number of pieces, at most, that `drip` sends a body in.
MAX_DRIPS = 250


class ClientDisconnected(Exception):  # noqa: N818 - an event, not an error of ours
    """The client closed the connection."""


class Connection:
    """The connection of one request.

    Args:
        receive: As in ASGI.
        send: As in ASGI.
        transport: The asyncio transport; `None` if the server does not pass it on.
    """

    def __init__(self, receive: Receive, send: Send, transport: Any | None = None) -> None:
        self._receive = receive
        self._send = send
        self._transport = transport
        self.sent: tuple[int | None, Headers, bytes] = (None, (), b"")

    async def start(self, answer: Answer) -> None:
        """Send status line and headers."""
        self.sent = (answer.status, answer.headers, b"")
        await self._send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": list(answer.headers),
            }
        )

    async def body(self, piece: bytes, *, more: bool) -> None:
        """Send a piece of the body."""
        status, headers, before = self.sent
        self.sent = (status, headers, before + piece)
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})

    async def pause(self, seconds: float | None) -> None:
        """Wait; without end if `None`.

        Raises:
            ClientDisconnected: The client disconnects first, or the server stops.
        """
        if seconds is not None and seconds <= 0:
            return
        try:
            await asyncio.wait_for(self._disconnect(), seconds)
        except asyncio.TimeoutError:
            return
        raise ClientDisconnected

    async def close(self, *, reset: bool) -> None:
        """Close the connection; with `reset`, by RST.

        Raises:
            ConnectionResetError: The server does not pass on the transport.
        """
        if self._transport is None:
            raise ConnectionResetError("a scripted fault closes the connection")
        if reset:
            _reset_connection(self._transport)
        else:
            self._transport.close()
        await self._disconnect()

    def abort(self) -> None:
        """Close the connection at once, from another task."""
        if self._transport is not None:
            self._transport.abort()

    async def _disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def deliver(connection: Connection, run: Run) -> None:
    """Send the answer of a run as its delivery says, and record what was sent."""
    try:
        await _DELIVERIES[run.delivery](connection, run)
    except ClientDisconnected:
        await _record(run, *connection.sent, "cut")


async def _record(
    run: Run, status: int | None, headers: Headers, body: bytes, outcome: str
) -> None:
    stored = run.record(status, headers, body, outcome)
    if stored is not None:
        await stored


async def _whole(connection: Connection, run: Run) -> None:
    answer = run.answer
    await connection.pause(run.seconds)
    await _record(run, *answer)
    await connection.start(answer)
    await connection.body(answer.body, more=False)


async def _drip(connection: Connection, run: Run) -> None:
    answer = run.answer
    size = max(1, -(-len(answer.body) // MAX_DRIPS))
    pieces = [answer.body[at : at + size] for at in range(0, len(answer.body), size)] or [b""]
    await connection.start(answer)
    clock = asyncio.get_running_loop().time
    started = clock()
    for number, piece in enumerate(pieces[:-1], 1):
        await connection.body(piece, more=True)
        # Up to a point in time: the time that sending takes must not add up.
        await connection.pause(started + run.seconds * number / len(pieces) - clock())
    await _record(run, *answer)
    await connection.body(pieces[-1], more=False)


async def _truncated(connection: Connection, run: Run) -> None:
    answer = run.answer
    await connection.pause(run.seconds)
    half = answer.body[: len(answer.body) // 2]
    await _record(run, answer.status, answer.headers, half, "cut")
    await connection.start(answer)
    await connection.body(half, more=True)
    await connection.close(reset=False)


async def _hang(connection: Connection, run: Run) -> None:  # noqa: ARG001 - one signature for all
    await connection.pause(None)


async def _reset(connection: Connection, run: Run) -> None:
    await _close(connection, run, reset=True)


async def _drop(connection: Connection, run: Run) -> None:
    await _close(connection, run, reset=False)


async def _close(connection: Connection, run: Run, *, reset: bool) -> None:
    await connection.pause(run.seconds)
    await _record(run, None, (), b"", "cut")
    await connection.close(reset=reset)


_DELIVERIES: dict[Delivery, Callable[[Connection, Run], Awaitable[None]]] = {
    "whole": _whole,
    "slow": _whole,
    "drip": _drip,
    "truncated": _truncated,
    "hang": _hang,
    "reset": _reset,
    "reset-early": _reset,
    "drop": _drop,
}


# SO_LINGER on, with a timeout of 0: close sends RST (socket(7)).
_LINGER_RESET = struct.pack("ii", 1, 0)


def _reset_connection(transport: Any) -> None:
    """Close a connection by RST, so that the client reads a reset, not an end of file."""
    connection = transport.get_extra_info("socket")
    if connection is not None and not transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
    transport.abort()
