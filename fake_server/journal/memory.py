"""The journal in memory: bounded, with a count of the exchanges that it dropped.

`append` runs on every request, so a record may be a function that builds the `Exchange` when it is
read. Reading, waiting and listening work from any thread. Large bodies are in files; see `spool`.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from collections import OrderedDict, deque
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import suppress
from heapq import heapify, heappop, heapreplace
from itertools import count
from operator import itemgetter

from aleph_contract.core.body_start import LARGE_BODY, START, shortened
from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import ArgumentError
from fake_server.journal.base import EVERYTHING, Filter, Tally
from fake_server.journal.listeners import Listeners, PendingExchange, built, listed
from fake_server.journal.spool import Spool, SpooledExchange

_LOGGER = logging.getLogger("fake_server")

#: Bytes of a record from which on its body is written in a thread: that takes milliseconds. Records
#: of the fast path, which does not wait for the journal, are smaller.
SLOW_BODY = 1024 * 1024

#: Number in its account, size in bytes, record, and position among the entries of all accounts.
_Entry = tuple[int, int, PendingExchange, int]


class _Log:
    __slots__ = ("arrived", "bytes", "dropped", "entries", "spooled", "total")

    def __init__(self, arrived: int) -> None:
        self.entries: deque[_Entry] = deque()
        self.bytes = 0
        self.spooled = 0
        self.arrived = arrived
        self.total = 0
        self.dropped = 0


class MemoryJournal:
    """The default journal: the newest exchanges of each account, within bounds.

    An account with more than `max_exchanges` loses its own oldest exchange. When all accounts
    together exceed `max_bytes`, the largest account loses its oldest exchanges until another is as
    large: a busy account displaces its own exchanges, not those of a modest one. The same holds for
    the files of large bodies and `max_spooled`.

    Args:
        max_exchanges: Bound on the exchanges of one account.
        max_bytes: Bound on the bytes of all accounts; the newest exchange stays even if larger.
        max_spooled: Bound on the bytes of the files of all accounts; the newest stays too.
        max_accounts: Bound on the accounts; one more, and the longest idle one is removed with its
            counters.
    """

    def __init__(
        self,
        *,
        max_exchanges: int = 10_000,
        max_bytes: int = 32 * 1024 * 1024,
        max_accounts: int = 10_000,
        max_spooled: int = 512 * 1024 * 1024,
    ) -> None:
        bounds = {
            "max_exchanges": max_exchanges,
            "max_bytes": max_bytes,
            "max_accounts": max_accounts,
            "max_spooled": max_spooled,
        }
        for name, value in bounds.items():
            if value < 1:
                raise ArgumentError(f"{name} must be at least 1, not {value}")
        self._max_exchanges = max_exchanges
        self._max_bytes = max_bytes
        self._max_accounts = max_accounts
        self._max_spooled = max_spooled
        self._bytes = self._spooled = 0
        self._spool = Spool()
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

    def append(
        self,
        account: str,
        number: int,
        record: PendingExchange,
        size: int,
        spooled: int | None = None,
    ) -> Awaitable[None] | None:
        """See `Journal`; from `SLOW_BODY` bytes on, bodies are written to files in a thread.

        Args:
            account: See `Journal`.
            number: See `Journal`.
            record: See `Journal`.
            size: See `Journal`.
            spooled: Bytes of the files of the record; `None` if it may need some.
        """
        if size > LARGE_BODY and spooled is None:
            return self._append_large(account, number, record, size)
        with self._lock:
            log = self._logs.get(account) or self._begin(account, number)
            self._logs.move_to_end(account)
            log.entries.append((number, size, record, next(self._order)))
            log.total += 1
            log.bytes += size
            self._bytes += size
            if spooled:
                log.spooled += spooled
                self._spooled += spooled
                if self._spooled > self._max_spooled:
                    self._make_room_on_disk()
            if len(log.entries) > self._max_exchanges:
                self._drop(log)
            if self._bytes > self._max_bytes:
                self._make_room()
        if self._listeners.called:
            self._listeners.tell(record)
        return None

    def _append_large(
        self, account: str, number: int, record: PendingExchange, size: int
    ) -> Awaitable[None] | None:
        if size >= SLOW_BODY:
            with suppress(RuntimeError):  # outside an event loop
                loop = asyncio.get_running_loop()
                return loop.run_in_executor(None, self._keep, account, number, record, size)
        self._keep(account, number, record, size)
        return None

    def _keep(self, account: str, number: int, record: PendingExchange, size: int) -> None:
        """Store an exchange whose bodies may be large."""
        exchange = built(record)
        try:
            kept = self._spool.keep(exchange)
        except OSError as error:
            self._lose(account, number, exchange, error.strerror)
            return
        spooled = kept.bytes_on_disk if isinstance(kept, SpooledExchange) else 0
        self.append(account, number, kept, max(size - spooled, START), spooled)

    def _lose(self, account: str, number: int, exchange: Exchange, reason: str | None) -> None:
        """Count an exchange that cannot be kept, as dropped."""
        _LOGGER.error(
            "exchange %d of account %r is dropped, because its body cannot be kept: %s",
            number,
            account,
            reason,
        )
        with self._lock:
            log = self._logs.get(account) or self._begin(account, number)
            log.total += 1
            log.dropped += 1
        self._listeners.tell(shortened(exchange))

    def read(
        self, account: str | None, where: Filter = EVERYTHING, *, whole: bool = True
    ) -> Iterator[Exchange]:
        """See `Journal`."""
        entries = self._entries(account)
        if account is None:
            records: Iterable[PendingExchange] = sorted(
                (_opened(entry[2]) for entry in entries),
                key=lambda record: listed(record).received_at,
            )
        else:
            last = math.inf if where.before is None else where.before
            entries = [entry for entry in entries if where.since < entry[0] < last]
            entries.sort(key=itemgetter(0))
            records = (_opened(entry[2]) for entry in entries)
        searched = built if where.text is not None else listed
        found = (record for record in records if where.matches(searched(record)))
        newest = found if where.limit is None else iter(deque(found, maxlen=where.limit))
        return map(built if whole else listed, newest)

    def exchanges(self, account: str | None, where: Filter = EVERYTHING) -> tuple[Exchange, ...]:
        """See `Journal`."""
        return tuple(self.read(account, where))

    def newest(self, account: str | None, *, whole: bool = True) -> Iterator[Exchange]:
        """See `Journal`."""
        entries = sorted(self._entries(account), key=itemgetter(3), reverse=True)
        return ((built if whole else listed)(entry[2]) for entry in entries)

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
                self._forget(log)
                log.entries.clear()
                log.bytes = log.spooled = log.total = log.dropped = 0

    def close(self) -> None:
        """See `Journal`; the files of large bodies are deleted."""
        self._spool.close()

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
            self._forget(idle)
        return log

    def _forget(self, log: _Log) -> None:
        """Give up the memory and the files of an account."""
        self._bytes -= log.bytes
        self._spooled -= log.spooled
        for _, _, record, _ in log.entries if log.spooled else ():
            if isinstance(record, SpooledExchange):
                record.discard()

    def _drop(self, log: _Log, position: int = 0) -> int:
        """Drop an exchange of an account, the oldest by default; return its size in memory."""
        _, size, record, _ = log.entries[position]
        del log.entries[position]
        log.bytes -= size
        log.dropped += 1
        self._bytes -= size
        if isinstance(record, SpooledExchange):
            log.spooled -= record.bytes_on_disk
            self._spooled -= record.bytes_on_disk
            record.discard()
        return size

    def _make_room_on_disk(self) -> None:
        """Drop the oldest exchange with files of the account with most of them, in turn.

        The newest exchange of all stays, and does not count.
        """
        newest = next(reversed(self._logs.values()))
        kept = {id(newest): _on_disk(newest.entries[-1])}
        while self._spooled > self._max_spooled:
            log = max(self._logs.values(), key=lambda log: log.spooled - kept.get(id(log), 0))
            if log.spooled == kept.get(id(log), 0):
                return  # only the newest is left
            position = next(n for n, entry in enumerate(log.entries) if _on_disk(entry))
            self._drop(log, position)
            self._set_aside_if_empty(log)

    def _set_aside_if_empty(self, log: _Log) -> None:
        if not log.entries:
            account = next(name for name, other in self._logs.items() if other is log)
            self._drained[account] = self._logs.pop(account)

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


def _opened(record: PendingExchange) -> PendingExchange:
    """The exchange of a record, or the record if that would read a file."""
    return record if isinstance(record, SpooledExchange) else built(record)


def _on_disk(entry: _Entry) -> int:
    """The bytes of the files of an entry."""
    record = entry[2]
    return record.bytes_on_disk if isinstance(record, SpooledExchange) else 0
