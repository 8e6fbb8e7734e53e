"""Wait for a number of exchanges without polling."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeoutError  # the builtin from 3.11 on

from aleph_contract.core.exchange import Exchange
from fake_server.journal.base import Filter, Journal
from fake_server.journal.listeners import PendingExchange, listed


def wait_for(
    journal: Journal, account: str, n: int, timeout: float, where: Filter | None = None
) -> tuple[Exchange, ...]:
    """Block this thread until `n` matching exchanges exist; return all matching exchanges.

    Raises:
        TimeoutError: Fewer exist after `timeout` seconds; the message lists the last of them.
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
    journal: Journal,
    account: str,
    n: int,
    timeout: float,
    where: Filter | None = None,
    *,
    cancelled: Awaitable[None] | None = None,
) -> bool:
    """Wait for `n` matching exchanges without blocking the event loop.

    Args:
        journal: The journal.
        account: Id of the account.
        n: Number of exchanges.
        timeout: Seconds to wait at most.
        where: Which exchanges count; `None` for all.
        cancelled: Ends the wait early, such as a caller that disconnects.

    Returns:
        Whether the exchanges existed in time.
    """
    future = _when(journal, account, n, where)
    ends: set[asyncio.Future[None]] = {asyncio.wrap_future(future)}
    if cancelled is not None:
        ends.add(asyncio.ensure_future(cancelled))
    await asyncio.wait(ends, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    for end in ends:
        end.cancel()
    return not future.cancel()


def _when(journal: Journal, account: str, n: int, where: Filter | None) -> Future[None]:
    """A future that is done once `n` matching exchanges exist; it then stops listening."""
    future: Future[None] = Future()

    def look(record: PendingExchange | None = None) -> None:
        if record is not None and listed(record).account != account:
            return
        if _count(journal, account, where) >= n:
            with contextlib.suppress(InvalidStateError):
                future.set_result(None)

    stop = journal.watch(look)
    future.add_done_callback(lambda _: stop())
    look()
    return future


def _count(journal: Journal, account: str, where: Filter | None) -> int:
    if where is None:
        return journal.tally(account).total
    return sum(1 for _ in journal.read(account, where, whole=False))


def _seen(journal: Journal, account: str, where: Filter | None) -> tuple[Exchange, ...]:
    return journal.exchanges(account, Filter() if where is None else where)
