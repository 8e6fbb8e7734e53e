"""A stream of exchanges as they happen (server-sent events), for the page that shows them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson

from aleph_contract.core.exchange import Exchange, as_json
from fake_server.journal.base import Journal

#: Events that may wait for a slow reader; of what comes beyond, only the number is told.
BACKLOG = 1000

#: Seconds of silence after which a comment shows that the stream lives.
HEARTBEAT = 15.0


async def stream(
    journal: Journal, account: str | None = None, *, heartbeat: float = HEARTBEAT
) -> AsyncIterator[bytes]:
    """Tell of every exchange from now on, of one account or of all.

    Events: `exchange`, with what a line in a list shows of it, and `dropped`, with how many were
    not told because the reader was too slow.
    """
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    dropped = 0
    loop = asyncio.get_running_loop()

    def put(shown: dict[str, Any]) -> None:
        nonlocal dropped
        if queue.qsize() < BACKLOG:
            queue.put_nowait(shown)
        else:
            dropped += 1

    def heard(exchange: Exchange) -> None:
        if account is None or exchange.account == account:
            loop.call_soon_threadsafe(put, line(exchange))

    stop = journal.listen(heard)
    try:
        yield b": listening\n\n"
        while True:
            try:
                shown = await asyncio.wait_for(queue.get(), heartbeat)
            except asyncio.TimeoutError:
                yield b": still here\n\n"
                continue
            yield _event("exchange", shown)
            if dropped and queue.empty():
                count, dropped = dropped, 0
                yield _event("dropped", {"count": count})
    finally:
        stop()


_LISTED = (
    "number", "account", "surface", "method", "target", "status", "outcome", "fault", "billed",
    "cost_usd", "received_at", "seconds",
)  # fmt: skip


def line(exchange: Exchange) -> dict[str, Any]:
    """What a list shows of an exchange: all but headers and bodies, of which only the length."""
    whole = as_json(exchange, len)
    return {name: whole[name] for name in _LISTED} | {
        "request_bytes": whole["request_body"],
        "response_bytes": whole["response_body"],
    }


def _event(name: str, data: dict[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data))
