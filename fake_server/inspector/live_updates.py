"""The page kept up to date by server-sent events, at a pace that does not slow the runs down.

A run that arrives costs the server next to nothing here: its record is put aside, and a few times
a second the newest are rendered. What a burst hides is made good by a fresh list once it is over.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

from starlette.concurrency import run_in_threadpool

from aleph_contract.core.exchange import Exchange
from fake_server.inspector.sidebar import Progress
from fake_server.journal.base import Journal
from fake_server.journal.listeners import PendingExchange, built

#: Rows that are rendered at a time, and records that are looked through for them.
ROWS, LOOK = 20, 100

#: Seconds between looks: after a single exchange, and in a burst of more than `ROWS`.
PACE, BURST = 0.03, 0.25

#: Seconds without an exchange after which a burst is over.
CALM = 0.2

#: Seconds between two looks at bill, scenario and constraints in a burst; else `CALM`.
BUSY = 1.0

#: Seconds of silence after which a comment shows that the stream lives.
HEARTBEAT = 15.0

#: Milliseconds after which a page that lost its connection tries again.
RETRY = 500

#: Seconds for which constraints are counted at a time.
COUNTING = 0.02


class Watch:
    """Records put aside as they arrive."""

    def __init__(self, journal: Journal) -> None:
        self._records: deque[PendingExchange] = deque(maxlen=LOOK)
        self._count = 0
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._told = False
        self.stop = journal.watch(self._put)

    def _put(self, record: PendingExchange) -> None:
        self._records.append(record)
        self._count += 1
        if not self._told:
            self._told = True
            self._loop.call_soon_threadsafe(self._arrived.set)

    async def wait(self, seconds: float) -> bool:
        """Whether something arrived within so many seconds."""
        try:
            await asyncio.wait_for(self._arrived.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        await asyncio.sleep(PACE)
        if self._count > ROWS:
            await asyncio.sleep(BURST - PACE)
        return True

    def take(self, wanted: Callable[[Exchange], bool]) -> tuple[list[Exchange], bool]:
        """The newest that are wanted, oldest first, and whether there may be more."""
        self._arrived.clear()
        self._told = False
        records, count = list(self._records), self._count
        self._records.clear()
        self._count = 0
        found: list[Exchange] = []
        while records and len(found) < ROWS:
            exchange = built(records.pop())
            if wanted(exchange):
                found.append(exchange)
            count -= 1
        return found[::-1], count > 0


async def stream(
    journal: Journal,
    progress: Progress,
    wanted: Callable[[Exchange], bool],
    *,
    everything: Callable[[], str],
    rows: Callable[[Sequence[Exchange]], str],
    overview: Callable[[], str],
) -> AsyncIterator[bytes]:
    """Tell a page of what happens.

    Events: `list`, the whole list, at first and after a burst; `rows`, new rows, oldest first;
    `overview`, what stands beside it.
    """
    watch = Watch(journal)
    try:
        yield b"retry: %d\n\n" % RETRY
        yield _event("list", await run_in_threadpool(everything))
        shown, told, last = "", 0.0, 0.0
        hidden, stale = False, True
        while True:
            more, pause = False, PACE if progress.behind else CALM if hidden or stale else HEARTBEAT
            if await watch.wait(pause):
                found, more = watch.take(wanted)
                hidden, stale, last = hidden or more, True, time.monotonic()
                if found:
                    yield _event("rows", rows(found))
            elif hidden and time.monotonic() - last >= CALM:
                yield _event("list", await run_in_threadpool(everything))
                hidden = False
            elif pause == HEARTBEAT:
                yield b": still here\n\n"
            if progress.behind and not more:
                await run_in_threadpool(progress.advance, COUNTING)
                stale = True
            if stale and time.monotonic() - told >= (BUSY if more else CALM):
                now, stale, told = await run_in_threadpool(overview), False, time.monotonic()
                if now != shown:
                    yield _event("overview", now)
                    shown = now
    finally:
        watch.stop()


def _event(name: str, html: str) -> bytes:
    data = "".join(f"data: {line}\n" for line in html.split("\n"))
    return f"event: {name}\n{data}\n".encode("utf-8", "backslashreplace")
