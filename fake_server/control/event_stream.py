"""New exchanges as server-sent events, for `GET /__aleph__/events`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson

from aleph_contract.core.body_start import length_of
from aleph_contract.core.exchange import Exchange, as_json
from fake_server.journal.base import Journal
from fake_server.journal.listeners import PendingExchange, listed

#: Maximum number of queued events for a slow reader; further exchanges are only counted.
MAX_BACKLOG = 1000

#: Seconds without an event after which a comment is sent, to keep the connection open.
HEARTBEAT = 15.0


async def stream(
    journal: Journal, account: str | None = None, *, heartbeat: float = HEARTBEAT
) -> AsyncIterator[bytes]:
    """Yield an event for each exchange from now on, of one account or of all.

    Events: `exchange`, with the fields of `summary`; `dropped`, with the number of exchanges that
    were left out because the reader was too slow.
    """
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    dropped = 0
    loop = asyncio.get_running_loop()

    def put(data: dict[str, Any]) -> None:
        nonlocal dropped
        if queue.qsize() < MAX_BACKLOG:
            queue.put_nowait(data)
        else:
            dropped += 1

    def on_record(record: PendingExchange) -> None:
        exchange = listed(record)
        if account is None or exchange.account == account:
            loop.call_soon_threadsafe(put, summary(exchange))

    stop = journal.watch(on_record)
    try:
        yield b": listening\n\n"
        while True:
            try:
                data = await asyncio.wait_for(queue.get(), heartbeat)
            except asyncio.TimeoutError:
                yield b": heartbeat\n\n"
                continue
            yield _event("exchange", data)
            if dropped and queue.empty():
                count, dropped = dropped, 0
                yield _event("dropped", {"count": count})
    finally:
        stop()


_SUMMARY_FIELDS = (
    "number", "account", "surface", "method", "target", "status", "outcome", "fault", "billed",
    "cost_usd", "received_at", "seconds",
)  # fmt: skip


def summary(exchange: Exchange) -> dict[str, Any]:
    """An exchange without headers and bodies, but with the lengths of the bodies."""
    document = as_json(exchange, length_of)
    return {name: document[name] for name in _SUMMARY_FIELDS} | {
        "request_bytes": document["request_body"],
        "response_bytes": document["response_body"],
    }


def _event(name: str, data: dict[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data))
