"""The journal: every exchange of every account, in order; bounded in memory, and never silently.

Appending is on the path of every request, so a record may be handed over as a call that builds
the `Exchange` when somebody reads it. Reading, waiting and listening work from any thread.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from operator import itemgetter
from typing import Protocol

from aleph_contract.errors import ArgumentError
from aleph_contract.exchange import Exchange
from fake_server.waiting import (
    Listener,
    Listeners,
    Record,
    Watcher,
    built,
    wait_for,
    wait_for_async,
)

__all__ = [
    "EVERYTHING",
    "Filter",
    "Journal",
    "MemoryJournal",
    "Record",
    "Tally",
    "built",
    "open_journal",
    "wait_for",
    "wait_for_async",
]


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

    def select(self, exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
        """The exchanges that are meant, in the order given."""
        matching = filter(self.matches, exchanges)
        return matching if self.limit is None else iter(deque(matching, maxlen=self.limit))


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

    total: int = 0
    dropped: int = 0


class Journal(Protocol):
    """What the fake asks of a journal, be it in memory or in a file."""

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

    def read(self, account: str | None, where: Filter = EVERYTHING) -> Iterator[Exchange]:
        """The exchanges of an account by number, or those of all by time of arrival."""

    def exchanges(self, account: str | None, where: Filter = EVERYTHING) -> tuple[Exchange, ...]:
        """All that `read` gives."""

    def newest(self, account: str | None) -> Iterator[Exchange]:
        """The same backwards, by the time the answer was there; built as far as it is read."""

    def tally(self, account: str) -> Tally:
        """How many exchanges the account had, and how many of them were dropped."""

    def accounts(self) -> tuple[str, ...]:
        """The accounts that have exchanges, longest idle first."""

    def clear(self, account: str) -> None:
        """Forget the account's exchanges; its numbering goes on."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` of every exchange from now on, until the returned call is made."""

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """The same with the record: for those who may not want the exchange built."""

    def close(self) -> None:
        """Let go of whatever is held."""


#: Number, size, record, and the place among the entries of all accounts.
_Entry = tuple[int, int, Record, int]


class _Log:
    __slots__ = ("arrived", "bytes", "dropped", "entries", "total")

    def __init__(self, arrived: int) -> None:
        self.entries: deque[_Entry] = deque()
        self.bytes = 0
        self.arrived = arrived
        self.total = 0
        self.dropped = 0


class MemoryJournal:
    """The default journal: the newest exchanges of each account, within bounds.

    An account beyond its count loses its own oldest exchange. Beyond the bytes for all accounts
    together, those that take more than an equal share lose their oldest, the longest idle first:
    a noisy account costs itself its past, and not the others theirs.

    Args:
        max_exchanges: Exchanges kept of one account.
        max_bytes: Bytes kept of all accounts together, beside the newest exchange.
        max_accounts: Accounts remembered; beyond them one idle longest is forgotten altogether.
    """

    def __init__(
        self,
        *,
        max_exchanges: int = 10_000,
        max_bytes: int = 32 * 1024 * 1024,
        max_accounts: int = 10_000,
    ) -> None:
        bounds = {
            "max_exchanges": max_exchanges,
            "max_bytes": max_bytes,
            "max_accounts": max_accounts,
        }
        for name, value in bounds.items():
            if value < 1:
                raise ArgumentError(f"{name} is {value}; a journal keeps at least 1")
        self._max_exchanges = max_exchanges
        self._max_bytes = max_bytes
        self._max_accounts = max_accounts
        self._bytes = 0
        self._logs: OrderedDict[str, _Log] = OrderedDict()  # longest idle first
        self._drained: OrderedDict[str, _Log] = OrderedDict()  # lost all for others; counters only
        self._lock = threading.Lock()
        self._order = count()
        self._listeners = Listeners()
        self.listen = self._listeners.add
        self.watch = self._listeners.watch

    def arrive(self, account: str) -> int:
        """See `Journal`."""
        with self._lock:
            log = self._logs.get(account) or self._begin(account, 0)
            log.arrived += 1
            return log.arrived

    def append(self, account: str, number: int, record: Record, size: int) -> None:
        """See `Journal`."""
        with self._lock:
            log = self._logs.get(account) or self._begin(account, number)
            self._logs.move_to_end(account)
            log.entries.append((number, size, record, next(self._order)))
            log.total += 1
            log.bytes += size
            self._bytes += size
            if len(log.entries) > self._max_exchanges:
                self._drop(log)
            if self._bytes > self._max_bytes:
                self._make_room()
        if self._listeners.called:
            self._listeners.tell(record)

    def read(self, account: str | None, where: Filter = EVERYTHING) -> Iterator[Exchange]:
        """See `Journal`."""
        entries = self._entries(account)
        if account is None:
            everything = [built(entry[2]) for entry in entries]
            return where.select(sorted(everything, key=lambda exchange: exchange.received_at))
        last = math.inf if where.before is None else where.before
        entries = [entry for entry in entries if where.since < entry[0] < last]
        entries.sort(key=itemgetter(0))
        return where.select(built(entry[2]) for entry in entries)

    def exchanges(self, account: str | None, where: Filter = EVERYTHING) -> tuple[Exchange, ...]:
        """See `Journal`."""
        return tuple(self.read(account, where))

    def newest(self, account: str | None) -> Iterator[Exchange]:
        """See `Journal`."""
        entries = sorted(self._entries(account), key=itemgetter(3), reverse=True)
        return (built(entry[2]) for entry in entries)

    def tally(self, account: str) -> Tally:
        """See `Journal`."""
        with self._lock:
            log = self._find(account)
            return Tally(log.total, log.dropped) if log else Tally()

    def accounts(self) -> tuple[str, ...]:
        """See `Journal`."""
        with self._lock:
            return tuple(account for account, log in self._logs.items() if log.entries)

    def clear(self, account: str) -> None:
        """See `Journal`."""
        with self._lock:
            if log := self._find(account):
                self._bytes -= log.bytes
                log.entries.clear()
                log.bytes = log.total = log.dropped = 0

    def close(self) -> None:
        """See `Journal`; memory needs no closing."""

    def _entries(self, account: str | None) -> list[_Entry]:
        with self._lock:
            logs = self._logs if account is None else {account} & self._logs.keys()
            return [entry for name in logs for entry in self._logs[name].entries]

    def _find(self, account: str) -> _Log | None:
        return self._logs.get(account) or self._drained.get(account)

    def _begin(self, account: str, arrived: int) -> _Log:
        log = self._drained.pop(account) if account in self._drained else _Log(arrived)
        self._logs[account] = log
        if len(self._logs) + len(self._drained) > self._max_accounts:
            _, idle = (self._drained or self._logs).popitem(last=False)
            self._bytes -= idle.bytes
        return log

    def _drop(self, log: _Log) -> None:
        _, size, _, _ = log.entries.popleft()
        log.bytes -= size
        log.dropped += 1
        self._bytes -= size

    def _make_room(self) -> None:
        """Drop a little more than must be, so that the accounts are gone through seldom."""
        enough = self._max_bytes - self._max_bytes // 16
        share = enough // len(self._logs)
        for account, log in list(self._logs.items()):
            while self._bytes > enough and log.bytes > share and log.entries:
                if len(log.entries) == 1 and account == next(reversed(self._logs)):
                    return  # the newest exchange stays, however large
                self._drop(log)
            if not log.entries:
                self._drained[account] = self._logs.pop(account)


def open_journal(where: str) -> Journal:
    """The journal that `where` names: `memory`, or `sqlite:PATH` to keep everything.

    Raises:
        ArgumentError: It names neither, or the file cannot be used.
    """
    kind, _, path = where.partition(":")
    if where == "memory":
        return MemoryJournal()
    if kind == "sqlite" and path:
        from fake_server.journal_sqlite import SQLiteJournal  # sqlite3 on demand

        return SQLiteJournal(path)
    raise ArgumentError(f"journal {where!r}: it is memory or sqlite:PATH")
