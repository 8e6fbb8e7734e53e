"""The journal in memory: bounded, with a count of the exchanges that it dropped.

`append` runs on every request, so a record may be a function that builds the `Exchange` when it is
read. Reading, waiting and listening work from any thread.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from heapq import heapify, heappop, heapreplace
from itertools import count
from operator import itemgetter

from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import ArgumentError
from fake_server.journal.base import EVERYTHING, Filter, Tally
from fake_server.journal.listeners import Listeners, PendingExchange, built

#: Number in its account, size in bytes, record, and position among the entries of all accounts.
_Entry = tuple[int, int, PendingExchange, int]


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

    An account with more than `max_exchanges` loses its own oldest exchange. When all accounts
    together exceed `max_bytes`, the largest account loses its oldest exchanges until another is as
    large: a busy account displaces its own exchanges, not those of a modest one.

    Args:
        max_exchanges: Bound on the exchanges of one account.
        max_bytes: Bound on the bytes of all accounts; the newest exchange stays even if larger.
        max_accounts: Bound on the accounts; one more, and the longest idle one is removed with its
            counters.
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
                raise ArgumentError(f"{name} must be at least 1, not {value}")
        self._max_exchanges = max_exchanges
        self._max_bytes = max_bytes
        self._max_accounts = max_accounts
        self._bytes = 0
        self._logs: OrderedDict[str, _Log] = OrderedDict()  # longest idle first
        self._drained: OrderedDict[str, _Log] = (
            OrderedDict()
        )  # all exchanges dropped; counters only
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

    def append(self, account: str, number: int, record: PendingExchange, size: int) -> None:
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
        """See `Journal`; there is nothing to release."""

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

    def _drop(self, log: _Log) -> int:
        """Drop the oldest exchange of an account; return its size."""
        _, size, _, _ = log.entries.popleft()
        log.bytes -= size
        log.dropped += 1
        self._bytes -= size
        return size

    def _make_room(self) -> None:
        """Drop the oldest exchange of the largest account, the longest idle of equals, in turn.

        A sixteenth more than needed is dropped, so that few appends walk through all accounts. The
        newest exchange of all stays, however large, and does not count.
        """
        newest = next(reversed(self._logs))
        kept = {newest: self._logs[newest].entries[-1][1]}
        excess = self._bytes - kept[newest] - (self._max_bytes - self._max_bytes // 16)
        largest = [
            (kept.get(account, 0) - log.bytes, idle, account)
            for idle, (account, log) in enumerate(self._logs.items())
        ]
        heapify(largest)
        while excess > 0:
            _, idle, account = largest[0]
            log = self._logs[account]
            excess -= self._drop(log)
            if log.entries:
                heapreplace(largest, (kept.get(account, 0) - log.bytes, idle, account))
            else:
                heappop(largest)
                self._drained[account] = self._logs.pop(account)
