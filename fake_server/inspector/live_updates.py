"""Live updates of the page by server-sent events, without slowing the runs down.

For each new exchange, the thread that answers the run only appends a record to a buffer. A few
times a second the newest records are rendered. After a burst, which may overflow the buffer, the
page gets the whole list.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

from starlette.concurrency import run_in_threadpool

from aleph_contract.core.exchange import Exchange
from fake_server.inspector.traffic_counter import TrafficCounter
from fake_server.journal.base import Journal
from fake_server.journal.listeners import PendingExchange, listed

#: Maximum rows rendered in one event, and maximum records searched for matching ones.
MAX_ROWS, MAX_RECORDS = 20, 100

#: Seconds from an arrival to its event: for at most `MAX_ROWS` records, and in a burst.
BATCH_DELAY, BURST_DELAY = 0.03, 0.25

#: Seconds without an exchange after which a burst is over.
BURST_END = 0.2

#: Minimum seconds between two events `sections`, and the same in a burst.
SECTIONS_INTERVAL, BURST_SECTIONS_INTERVAL = 0.2, 1.0

#: Seconds without an event after which a comment is sent, to keep the connection open.
HEARTBEAT = 15.0

#: Milliseconds after which a page reconnects.
RECONNECT_MS = 500

#: Seconds for which the traffic is counted at a time.
COUNTING_SLICE = 0.02


class ArrivalBuffer:
    """The newest records of a journal, until they are taken."""

    def __init__(self, journal: Journal) -> None:
        self._records: deque[PendingExchange] = deque(maxlen=MAX_RECORDS)
        self._count = 0
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._notified = False
        self.stop = journal.watch(self._put)

    def _put(self, record: PendingExchange) -> None:
        self._records.append(record)
        self._count += 1
        if not self._notified:
            self._notified = True
            self._loop.call_soon_threadsafe(self._arrived.set)

    async def wait(self, seconds: float) -> bool:
        """Wait for a record and for those right behind it; whether one came within `seconds`."""
        try:
            await asyncio.wait_for(self._arrived.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        await asyncio.sleep(BATCH_DELAY)
        if self._count > MAX_ROWS:
            await asyncio.sleep(BURST_DELAY - BATCH_DELAY)
        return True

    def take(self, matches: Callable[[Exchange], bool]) -> tuple[list[Exchange], bool]:
        """Empty the buffer.

        Returns:
            At most `MAX_ROWS` matching exchanges, oldest first, and whether some were skipped.
        """
        self._arrived.clear()
        self._notified = False
        records, unread = list(self._records), self._count
        self._records.clear()
        self._count = 0
        found: list[Exchange] = []
        while records and len(found) < MAX_ROWS:
            exchange = listed(records.pop())
            if matches(exchange):
                found.append(exchange)
            unread -= 1
        return found[::-1], unread > 0


async def stream(
    journal: Journal,
    counter: TrafficCounter,
    matches: Callable[[Exchange], bool],
    *,
    render_list: Callable[[], str],
    render_rows: Callable[[Sequence[Exchange]], str],
    render_sections: Callable[[], str],
) -> AsyncIterator[bytes]:
    """Yield the events for one page.

    Events: `list`, the whole list, first and after each burst; `rows`, new rows, oldest first;
    `sections`, the other parts of the page, when they have changed.
    """
    arrivals = ArrivalBuffer(journal)
    try:
        yield b"retry: %d\n\n" % RECONNECT_MS
        yield _event("list", await run_in_threadpool(render_list))
        last_sections, sections_at, arrived_at = "", 0.0, 0.0
        list_stale, sections_stale = False, True
        while True:
            burst = False
            pause = _pause(counter, stale=list_stale or sections_stale)
            if await arrivals.wait(pause):
                found, burst = arrivals.take(matches)
                list_stale, sections_stale = list_stale or burst, True
                arrived_at = time.monotonic()
                if found:
                    yield _event("rows", await run_in_threadpool(render_rows, found))
            elif list_stale and time.monotonic() - arrived_at >= BURST_END:
                yield _event("list", await run_in_threadpool(render_list))
                list_stale = False
            elif pause == HEARTBEAT:
                yield b": heartbeat\n\n"
            if counter.unfinished and not burst:
                await run_in_threadpool(counter.advance, COUNTING_SLICE)
                sections_stale = True
            interval = BURST_SECTIONS_INTERVAL if burst else SECTIONS_INTERVAL
            if sections_stale and time.monotonic() - sections_at >= interval:
                sections = await run_in_threadpool(render_sections)
                sections_stale, sections_at = False, time.monotonic()
                if sections != last_sections:
                    yield _event("sections", sections)
                    last_sections = sections
    finally:
        arrivals.stop()


def _pause(counter: TrafficCounter, *, stale: bool) -> float:
    """Seconds to wait for an exchange: short while there is other work to do."""
    if counter.unfinished:
        return BATCH_DELAY
    return BURST_END if stale else HEARTBEAT


def _event(name: str, html: str) -> bytes:
    data = "".join(f"data: {line}\n" for line in html.split("\n"))
    return f"event: {name}\n{data}\n".encode("utf-8", "backslashreplace")
