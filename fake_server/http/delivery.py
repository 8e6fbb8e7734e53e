"""How an answer gets to the client: at once, late, byte by byte, in part, or not at all."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fake_server.replies.faults import Delivery
from fake_server.runs.request import Answer, Headers

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Into how many pieces at most a dripping body is cut.
DRIPS = 250


class ClientDisconnected(Exception):  # noqa: N818 - what the client did, not an error of ours
    """The client ended the connection."""


#: Puts into the journal what was sent: status, headers, body, outcome.
RecordSent = Callable[[int | None, Headers, bytes, str], Awaitable[None]]


class Connection:
    """One request's connection.

    Args:
        receive: As ASGI has it.
        send: As ASGI has it.
        record: Called once, before the last byte leaves.
        transport: The connection itself; `None` under a server that does not give it away.
    """

    def __init__(
        self, receive: Receive, send: Send, record: RecordSent, transport: Any | None = None
    ) -> None:
        self._receive = receive
        self._send = send
        self._transport = transport
        self.record = record
        self.sent: tuple[int | None, Headers, bytes] = (None, (), b"")

    async def start(self, answer: Answer) -> None:
        """Send the head."""
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
        """Wait, for ever if `None`.

        Raises:
            ClientDisconnected: The client went first, or the server stops.
        """
        if seconds is not None and seconds <= 0:
            return
        try:
            await asyncio.wait_for(self._disconnect(), seconds)
        except asyncio.TimeoutError:
            return
        raise ClientDisconnected

    async def cut(self, *, reset: bool) -> None:
        """End the connection, with a reset or an end of file."""
        if self._transport is None:
            raise ConnectionResetError("the fake cuts the connection, as scripted")
        if reset:
            _reset_connection(self._transport)
        else:
            self._transport.close()
        await self._disconnect()

    def hang_up(self) -> None:
        """End the connection from outside, whatever is going on."""
        if self._transport is not None:
            self._transport.abort()

    async def _disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def deliver(wire: Connection, answer: Answer, delivery: Delivery, seconds: float) -> None:
    """Deliver an answer, and record what became of it.

    Args:
        wire: The connection.
        answer: What; only its part for the deliveries that cut it.
        delivery: How.
        seconds: Before the first byte, or that `drip` takes.
    """
    try:
        await _DELIVERIES[delivery](wire, answer, seconds)
    except ClientDisconnected:
        await wire.record(*wire.sent, "cut")


async def _whole(wire: Connection, answer: Answer, seconds: float) -> None:
    await wire.pause(seconds)
    await wire.record(answer.status, answer.headers, answer.body, answer.outcome)
    await wire.start(answer)
    await wire.body(answer.body, more=False)


async def _drip(wire: Connection, answer: Answer, seconds: float) -> None:
    step = max(1, -(-len(answer.body) // DRIPS))
    pieces = [answer.body[at : at + step] for at in range(0, len(answer.body), step)] or [b""]
    await wire.start(answer)
    for piece in pieces[:-1]:
        await wire.body(piece, more=True)
        await wire.pause(seconds / len(pieces))
    await wire.record(answer.status, answer.headers, answer.body, answer.outcome)
    await wire.body(pieces[-1], more=False)


async def _truncated(wire: Connection, answer: Answer, seconds: float) -> None:
    await wire.pause(seconds)
    half = answer.body[: len(answer.body) // 2]
    await wire.record(answer.status, answer.headers, half, "cut")
    await wire.start(answer)
    await wire.body(half, more=True)
    await wire.cut(reset=False)


async def _hang(wire: Connection, answer: Answer, seconds: float) -> None:  # noqa: ARG001
    await wire.pause(None)


async def _reset(wire: Connection, answer: Answer, seconds: float) -> None:  # noqa: ARG001
    await wire.pause(seconds)
    await wire.record(None, (), b"", "cut")
    await wire.cut(reset=True)


async def _drop(wire: Connection, answer: Answer, seconds: float) -> None:  # noqa: ARG001
    await wire.pause(seconds)
    await wire.record(None, (), b"", "cut")
    await wire.cut(reset=False)


_DELIVERIES: dict[Delivery, Callable[[Connection, Answer, float], Awaitable[None]]] = {
    "whole": _whole,
    "slow": _whole,
    "drip": _drip,
    "truncated": _truncated,
    "hang": _hang,
    "reset": _reset,
    "reset-early": _reset,
    "drop": _drop,
}


# Switched on with a linger time of zero, a close becomes a reset (socket(7), SO_LINGER).
_RESET = struct.pack("ii", 1, 0)


def _reset_connection(transport: Any) -> None:
    """End a connection with RST, so that its client reads a reset and not an end of file."""
    connection = transport.get_extra_info("socket")
    if connection is not None and not transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
