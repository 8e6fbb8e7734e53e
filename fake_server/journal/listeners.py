"""Listeners: functions that are called with each new exchange."""

from __future__ import annotations

import threading
from collections.abc import Callable

from aleph_contract.core.body_start import shortened
from aleph_contract.core.exchange import Exchange
from fake_server.journal.spool import LazyExchange, SpooledExchange

#: An exchange, or a function that builds it when it is read. Such a function best holds only bytes,
#: strings, numbers and tuples of these: the garbage collector stops tracking such tuples.
PendingExchange = Exchange | Callable[[], Exchange]

#: Called with each exchange after it is stored, in the thread that stored it.
Listener = Callable[[Exchange], None]

#: The same, with the record: an exchange that the watcher does not need is never built.
Watcher = Callable[[PendingExchange], None]


def listed(record: PendingExchange) -> Exchange:
    """The exchange of a record with the beginning of its large bodies; reads no file."""
    if isinstance(record, (SpooledExchange, LazyExchange)):
        return record.start
    return shortened(built(record))


def built(record: PendingExchange) -> Exchange:
    """Build the exchange of a record, if it is not built yet."""
    return record if isinstance(record, Exchange) else record()


class Listeners:
    """The listeners and watchers of one journal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.called: tuple[Watcher, ...] = ()

    def add(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; the returned function removes it."""
        return self.watch(lambda record: listener(built(record)))

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Add a watcher; the returned function removes it."""
        with self._lock:
            self.called += (watcher,)
        return lambda: self._remove(watcher)

    def _remove(self, watcher: Watcher) -> None:
        with self._lock:
            self.called = tuple(other for other in self.called if other is not watcher)

    def tell(self, record: PendingExchange) -> None:
        """Call all listeners and watchers."""
        for watcher in self.called:
            watcher(record)
