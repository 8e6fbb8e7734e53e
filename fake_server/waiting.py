"""Hearing of new exchanges: listeners, and waiting for a number of them, without polling."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeoutError  # the builtin from 3.11 on
from typing import TYPE_CHECKING

from aleph_contract.exchange import Exchange

if TYPE_CHECKING:
    from fake_server.journal import Filter, Journal

#: Told of each exchange right after it is in the journal, in the thread that put it there.
Listener = Callable[[Exchange], None]


class Listeners:
    """Who is told of new exchanges."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.called: tuple[Listener, ...] = ()

    def add(self, listener: Listener) -> Callable[[], None]:
        """Add one; the returned call removes it."""
        with self._lock:
            self.called += (listener,)
        return lambda: self._remove(listener)

    def _remove(self, listener: Listener) -> None:
        with self._lock:
            self.called = tuple(other for other in self.called if other is not listener)

    def tell(self, exchange: Exchange) -> None:
        """Tell everybody of one exchange."""
        for listener in self.called:
            listener(exchange)


def wait_for(
    journal: Journal, account: str, n: int, timeout: float, where: Filter | None = None
) -> tuple[Exchange, ...]:
    """Wait in this thread until `n` exchanges that `where` means are there, and return them all.

    Raises:
        TimeoutError: They were not there after `timeout` seconds; the message tells what was.
    """
    future = _when(journal, account, n, where)
    try:
        future.result(timeout)
    except FutureTimeoutError:
        seen = _seen(journal, account, where)
        last = ", ".join(f"{e.number}: {e.status} {e.outcome}" for e in seen[-5:])
        raise TimeoutError(
            f"waited {timeout:g} s for {n} exchanges and saw {len(seen)}"
            + (f", the last of them {last}" if last else "")
        ) from None
    finally:
        future.cancel()
    return _seen(journal, account, where)


async def wait_for_async(
    journal: Journal, account: str, n: int, timeout: float, where: Filter | None = None
) -> bool:
    """Wait without holding up the event loop; whether they were there in time."""
    future = _when(journal, account, n, where)
    await asyncio.wait([asyncio.wrap_future(future)], timeout=timeout)
    return not future.cancel()


def _when(journal: Journal, account: str, n: int, where: Filter | None) -> Future[None]:
    """A future that is done once `n` exchanges are there, and stops listening when it is."""
    future: Future[None] = Future()

    def look(exchange: Exchange | None = None) -> None:
        if exchange is not None and exchange.account != account:
            return
        if _count(journal, account, where) >= n:
            with contextlib.suppress(InvalidStateError):
                future.set_result(None)

    stop = journal.listen(look)
    future.add_done_callback(lambda _: stop())
    look()
    return future


def _count(journal: Journal, account: str, where: Filter | None) -> int:
    return journal.tally(account).total if where is None else len(_seen(journal, account, where))


def _seen(journal: Journal, account: str, where: Filter | None) -> tuple[Exchange, ...]:
    return journal.exchanges(account) if where is None else journal.exchanges(account, where)
