"""The journal: every exchange of every account, in order, bounded in memory, never silently so.

Appending is on the path of every request, so a record may be handed over as a call that builds
the `Exchange` when somebody reads it. Reading, waiting and listening work from any thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeoutError  # the builtin from 3.11 on
from dataclasses import dataclass
from typing import Protocol

from aleph_contract.errors import ArgumentError
from aleph_contract.exchange import Exchange

#: What the memory journal keeps unless told otherwise: exchanges of one account, bytes in all
#: accounts together, accounts.
MAX_EXCHANGES = 10_000
MAX_BYTES = 32 * 1024 * 1024
MAX_ACCOUNTS = 10_000

#: An exchange, or a call that builds it when it is read. The call should hold nothing but bytes,
#: strings, numbers and tuples of them: the garbage collector does not look into those again.
Record = Exchange | Callable[[], Exchange]

#: Told of each exchange right after it is in the journal, in the thread that put it there.
Listener = Callable[[Exchange], None]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which exchanges of an account are meant; what is left out does not narrow.

    Args:
        outcome: One of `fake_server.replies.OUTCOMES`.
        status: HTTP status of the answer.
        fault: Name of the fault that was played.
        text: Text that stands in the target, the request body or the answer's body.
        since: Only exchanges numbered above this one.
        before: Only exchanges numbered below this one.
        limit: Of the matching exchanges only the newest so many.
    """

    outcome: str | None = None
    status: int | None = None
    fault: str | None = None
    text: str | None = None
    since: int = 0
    before: int | None = None
    limit: int | None = None

    def matches(self, exchange: Exchange) -> bool:
        """Whether `exchange` is meant, `limit` aside."""
        return (
            exchange.number > self.since
            and (self.before is None or exchange.number < self.before)
            and self.outcome in (None, exchange.outcome)
            and self.status in (None, exchange.status)
            and self.fault in (None, exchange.fault)
            and (self.text is None or _holds(exchange, self.text))
        )

    def select(self, exchanges: Iterable[Exchange]) -> tuple[Exchange, ...]:
        """The exchanges that are meant: by number, those of several accounts by time of arrival."""
        matching = sorted(filter(self.matches, exchanges), key=lambda exchange: exchange.number)
        if len({exchange.account for exchange in matching}) > 1:
            matching.sort(key=lambda exchange: exchange.received_at)
        first = 0 if self.limit is None else max(len(matching) - self.limit, 0)
        return tuple(matching[first:])


EVERYTHING = Filter()


def _holds(exchange: Exchange, text: str) -> bool:
    sought = text.encode("utf-8", "surrogatepass")
    return (
        text in exchange.target
        or sought in exchange.request_body
        or sought in exchange.response_body
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """How much of an account is in the journal.

    Args:
        total: Exchanges since the account began, or since it was last cleared.
        dropped: How many of these went for want of room.
    """

    total: int
    dropped: int


class Journal(Protocol):
    """What the fake asks of a journal; `MemoryJournal` and `SQLiteJournal` are the two."""

    def arrive(self, account: str) -> int:
        """The number of a request that has just arrived, from 1 in each account."""

    def append(
        self, account: str, number: int, record: Record, size: int
    ) -> Awaitable[None] | None:
        """Put down one exchange; call it before the last byte of the answer is sent.

        Args:
            account: Whose exchange it is.
            number: What `arrive` gave for it.
            record: The exchange.
            size: About how many bytes it keeps.

        Returns:
            `None`, or what to await before the last byte may leave.
        """

    def exchanges(self, account: str | None, where: Filter = EVERYTHING) -> tuple[Exchange, ...]:
        """The exchanges of an account by number, or those of all by time of arrival."""

    def tally(self, account: str) -> Tally:
        """How many exchanges the account had, and how many of them were dropped."""

    def accounts(self) -> tuple[str, ...]:
        """The accounts that have exchanges, longest idle first."""

    def clear(self, account: str) -> None:
        """Forget the account's exchanges; its numbering goes on."""

    def when(self, account: str, n: int, where: Filter = EVERYTHING) -> Future[None]:
        """A future that is done once `n` exchanges that `where` means are in the journal."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` of every exchange from now on, until the returned call is made."""

    def close(self) -> None:
        """Let go of whatever is held."""


class Listeners:
    """Who is told of new exchanges, and the waiting that is built on it."""

    def __init__(self) -> None:
        self.called: tuple[Listener, ...] = ()
        self._lock = threading.Lock()

    def add(self, listener: Listener) -> Callable[[], None]:
        """Add one; the returned call removes it."""
        with self._lock:
            self.called += (listener,)
        return lambda: self._remove(listener)

    def _remove(self, listener: Listener) -> None:
        with self._lock:
            self.called = tuple(other for other in self.called if other is not listener)

    def tell(self, record: Record) -> None:
        """Tell everybody of one exchange."""
        exchange = built(record)
        for listener in self.called:
            listener(exchange)


def built(record: Record) -> Exchange:
    """The exchange of a record."""
    return record if isinstance(record, Exchange) else record()


def when(journal: Journal, account: str, n: int, where: Filter) -> Future[None]:
    """`Journal.when`, in terms of listening and reading."""
    future: Future[None] = Future()

    def enough() -> bool:
        if where == EVERYTHING:
            return journal.tally(account).total >= n
        return len(journal.exchanges(account, where)) >= n

    def look(exchange: Exchange | None = None) -> None:
        if (exchange is None or exchange.account == account) and enough():
            _settle(future)

    stop = journal.listen(look)
    future.add_done_callback(lambda _: stop())
    look()
    return future


def _settle(future: Future[None]) -> None:
    with contextlib.suppress(InvalidStateError):
        future.set_result(None)


def wait_for(
    journal: Journal, account: str, n: int, timeout: float, where: Filter = EVERYTHING
) -> tuple[Exchange, ...]:
    """Wait in this thread until `n` exchanges are there, and return all that match.

    Raises:
        TimeoutError: They were not there after `timeout` seconds; the message tells what was.
    """
    future = journal.when(account, n, where)
    try:
        future.result(timeout)
    except FutureTimeoutError:
        raise TimeoutError(_missed(journal, account, n, timeout, where)) from None
    finally:
        future.cancel()
    return journal.exchanges(account, where)


async def async_wait_for(
    journal: Journal, account: str, n: int, timeout: float, where: Filter = EVERYTHING
) -> bool:
    """Wait without blocking the event loop; whether they were there in time."""
    future = journal.when(account, n, where)
    done, _ = await asyncio.wait([asyncio.wrap_future(future)], timeout=timeout)
    future.cancel()
    return bool(done)


def _missed(journal: Journal, account: str, n: int, timeout: float, where: Filter) -> str:
    seen = journal.exchanges(account, where)
    words = ", ".join(f"{e.number}: {e.status} {e.outcome}" for e in seen[-5:]) or "none"
    return f"{n} exchanges awaited, {len(seen)} seen within {timeout:g} s ({words})"


class _Log:
    __slots__ = ("arrived", "bytes", "dropped", "entries", "total")

    def __init__(self, arrived: int) -> None:
        self.entries: deque[tuple[int, Record]] = deque()
        self.bytes = 0
        self.arrived = arrived
        self.total = 0
        self.dropped = 0


class MemoryJournal:
    """The default journal: the newest exchanges of each account, within bounds.

    An account beyond its count loses its own oldest exchange. Beyond the bytes for all accounts
    together the account that was idle longest loses first, so a noisy account does not cost the
    others theirs.

    Args:
        max_exchanges: Exchanges kept of one account.
        max_bytes: Bytes kept in all accounts together, about.
        max_accounts: Accounts remembered; the one idle longest is forgotten, numbering included.
    """

    def __init__(
        self,
        *,
        max_exchanges: int = MAX_EXCHANGES,
        max_bytes: int = MAX_BYTES,
        max_accounts: int = MAX_ACCOUNTS,
    ) -> None:
        for name, value in (
            ("max_exchanges", max_exchanges),
            ("max_bytes", max_bytes),
            ("max_accounts", max_accounts),
        ):
            if value < 1:
                raise ArgumentError(f"{name} is {value}; a journal keeps at least 1")
        self._max_exchanges = max_exchanges
        self._max_bytes = max_bytes
        self._max_accounts = max_accounts
        self._logs: OrderedDict[str, _Log] = OrderedDict()
        self._drained: OrderedDict[str, _Log] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._listeners = Listeners()

    def arrive(self, account: str) -> int:
        """See `Journal`."""
        with self._lock:
            log = self._logs.get(account) or self._begin(account)
            log.arrived += 1
            return log.arrived

    def append(self, account: str, number: int, record: Record, size: int) -> None:
        """See `Journal`."""
        with self._lock:
            log = self._logs.get(account) or self._begin(account, number)
            self._logs.move_to_end(account)
            log.entries.append((size, record))
            log.total += 1
            log.bytes += size
            self._bytes += size
            if len(log.entries) > self._max_exchanges:
                self._drop(log)
            if self._bytes > self._max_bytes:
                self._make_room()
        if self._listeners.called:
            self._listeners.tell(record)

    def exchanges(self, account: str | None, where: Filter = EVERYTHING) -> tuple[Exchange, ...]:
        """See `Journal`."""
        return where.select(built(record) for record in self._records(account))

    def tally(self, account: str) -> Tally:
        """See `Journal`."""
        with self._lock:
            log = self._find(account)
            return Tally(log.total, log.dropped) if log else Tally(0, 0)

    def accounts(self) -> tuple[str, ...]:
        """See `Journal`."""
        with self._lock:
            return tuple(account for account, log in self._logs.items() if log.total)

    def clear(self, account: str) -> None:
        """See `Journal`."""
        with self._lock:
            if log := self._find(account):
                self._bytes -= log.bytes
                log.entries.clear()
                log.bytes = log.total = log.dropped = 0

    def when(self, account: str, n: int, where: Filter = EVERYTHING) -> Future[None]:
        """See `Journal`."""
        return when(self, account, n, where)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """See `Journal`."""
        return self._listeners.add(listener)

    def close(self) -> None:
        """See `Journal`."""

    def _records(self, account: str | None) -> Iterator[Record]:
        with self._lock:
            one = self._logs.get(account or "")
            logs = self._logs.values() if account is None else [one] if one else []
            entries = [entry for log in logs for entry in log.entries]
        return (record for _, record in entries)

    def _find(self, account: str) -> _Log | None:
        return self._logs.get(account) or self._drained.get(account)

    def _begin(self, account: str, arrived: int = 0) -> _Log:
        log = self._drained.pop(account) if account in self._drained else _Log(arrived)
        self._logs[account] = log
        if len(self._logs) + len(self._drained) > self._max_accounts:
            _, idle = (self._drained or self._logs).popitem(last=False)
            self._bytes -= idle.bytes
        return log

    def _drop(self, log: _Log) -> None:
        size, _ = log.entries.popleft()
        log.bytes -= size
        log.dropped += 1
        self._bytes -= size

    def _make_room(self) -> None:
        while self._bytes > self._max_bytes:
            account, idle = next(iter(self._logs.items()))
            if idle.entries:
                self._drop(idle)
            else:
                self._drained[account] = self._logs.pop(account)
