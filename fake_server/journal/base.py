"""What every journal offers, in memory or in a file: the protocol, filters and counts."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from aleph_contract.core.exchange import Exchange
from fake_server.journal.listeners import Listener, PendingExchange, Watcher


@dataclass(frozen=True, slots=True)
class Filter:
    """Which exchanges of an account are meant; what is left out does not narrow.

    Args:
        outcome: One of `fake_server.replies.failures.OUTCOMES`.
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
        self, account: str, number: int, record: PendingExchange, size: int
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
