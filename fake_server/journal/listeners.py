"""Listeners that are told of each new exchange."""

from __future__ import annotations

import threading
from collections.abc import Callable

from aleph_contract.core.exchange import Exchange

#: An exchange, or a call that builds it when it is read. The call should hold nothing but bytes,
#: strings, numbers and tuples of them: the garbage collector does not look into those again.
PendingExchange = Exchange | Callable[[], Exchange]

#: Told of each exchange right after it is in the journal, in the thread that put it there.
Listener = Callable[[Exchange], None]

#: Told likewise, before the exchange is built: what it does not look at costs nothing.
Watcher = Callable[[PendingExchange], None]


def built(record: PendingExchange) -> Exchange:
    """The exchange of a record."""
    return record if isinstance(record, Exchange) else record()


class Listeners:
    """Who is told of new exchanges."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.called: tuple[Watcher, ...] = ()

    def add(self, listener: Listener) -> Callable[[], None]:
        """Add one; the returned call removes it."""
        return self.watch(lambda record: listener(built(record)))

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Add one that builds for itself what it wants to see; the returned call removes it."""
        with self._lock:
            self.called += (watcher,)
        return lambda: self._remove(watcher)

    def _remove(self, watcher: Watcher) -> None:
        with self._lock:
            self.called = tuple(other for other in self.called if other is not watcher)

    def tell(self, record: PendingExchange) -> None:
        """Tell everybody of one exchange."""
        for watcher in self.called:
            watcher(record)
