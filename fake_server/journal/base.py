"""The interface of a journal, in memory or in a file; filters and counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import AlephContractError
from fake_server.journal.listeners import Listener, PendingExchange, Watcher, listed


@dataclass(frozen=True, slots=True)
class Filter:
    """Selects exchanges of an account; a field that is not set selects all.

    Args:
        outcome: A key of `fake_server.replies.outcomes.OUTCOMES`.
        status: HTTP status of the response.
        fault: Name of the fault.
        text: Text in the request target, the request body or the response body.
        since: Only exchanges with a higher number.
        before: Only exchanges with a lower number.
        limit: Only the newest `limit` of the matching exchanges.
    """

    outcome: str | None = None
    status: int | None = None
    fault: str | None = None
    text: str | None = None
    since: int = 0
    before: int | None = None
    limit: int | None = None

    def matches(self, exchange: Exchange) -> bool:
        """Whether `exchange` matches; `limit` is not considered."""
        return (
            exchange.number > self.since
            and (self.before is None or exchange.number < self.before)
            and self.outcome in (None, exchange.outcome)
            and self.status in (None, exchange.status)
            and self.fault in (None, exchange.fault)
            and (self.text is None or _contains(exchange, self.text))
        )


EVERYTHING = Filter()


def _contains(exchange: Exchange, text: str) -> bool:
    sought = text.encode("utf-8", "surrogatepass")
    return (
        text in exchange.target
        or sought in exchange.request_body
        or sought in exchange.response_body
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """How many exchanges of an account the journal has seen and dropped.

    Args:
        total: Exchanges since the first one, or since the account was last cleared.
        dropped: How many of these the journal dropped to stay within its bounds.
    """

    total: int = 0
    dropped: int = 0


class JournalUnavailable(AlephContractError):  # noqa: N818 - a state of the journal
    """The journal cannot be read or written now; the message gives the reason."""


class SharedJournal:
    """Base of a journal whose database holds the accounts too, and that several fakes share."""

    database: Any
    signals: Any

    async def check(self) -> None:
        """See `check_ready`."""
        raise NotImplementedError

    def listen_here(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each new exchange of this fake alone."""
        raise NotImplementedError


class AccountStore:
    """Base of a journal that keeps the state of accounts too, for the next start of the fake."""

    #: Returns the state of an account as text, which is stored with its exchanges; `None` if the
    #: account has none.
    state_of: Callable[[str], str | None] | None = None

    def saved_states(self) -> Mapping[str, str]:
        """The state of each account, by its id."""
        raise NotImplementedError

    def save_state(self, account: str, state: str | None) -> None:
        """Store the state of an account now, or with `None` delete it; return when that is done."""
        raise NotImplementedError

    def accounts(self) -> tuple[str, ...]:
        """See `Journal`."""
        raise NotImplementedError

    def read(
        self, account: str | None, where: Filter = EVERYTHING, *, whole: bool = True
    ) -> Iterator[Exchange]:
        """See `Journal`."""
        raise NotImplementedError


class Journal(Protocol):
    """The interface that the fake uses; its methods may be called from any thread."""

    def arrive(self, account: str) -> int:
        """Number a request that has just arrived: 1, 2, … in each account."""

    def append(
        self, account: str, number: int, record: PendingExchange, size: int
    ) -> Awaitable[None] | None:
        """Store one exchange; call it before the last byte of the response is sent.

        Args:
            account: Id of its account.
            number: The number that `arrive` returned for it.
            record: The exchange, or a call that builds it.
            size: Approximate number of bytes that it occupies.

        Returns:
            `None` if it is stored; else an awaitable to await before the last byte is sent.
        """

    def read(
        self, account: str | None, where: Filter = EVERYTHING, *, whole: bool = True
    ) -> Iterator[Exchange]:
        """The exchanges of an account by number; with `None`, of all accounts by arrival.

        Args:
            account: Its id.
            where: Selects exchanges.
            whole: Whether to read large bodies; else they are `BodyStart`.
        """

    def exchanges(self, account: str | None, where: Filter = EVERYTHING) -> tuple[Exchange, ...]:
        """The exchanges of `read` as a tuple."""

    def newest(self, account: str | None, *, whole: bool = True) -> Iterator[Exchange]:
        """The exchanges, last stored first; each is built when the iterator reaches it."""

    def tally(self, account: str) -> Tally:
        """Count the exchanges of an account, and those that were dropped."""

    def accounts(self) -> tuple[str, ...]:
        """Ids of the accounts that have exchanges, longest idle first."""

    def clear(self, account: str) -> None:
        """Delete the exchanges of an account; its numbering continues."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every new exchange; the returned function ends that."""

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` with every new record, before the exchange is built."""

    def close(self) -> None:
        """Release files and threads."""


def listen_here(journal: Journal, listener: Listener) -> Callable[[], None]:
    """Call `listener` with each new exchange of this fake, not of others that share the journal.

    Large bodies may be `BodyStart`.
    """
    if isinstance(journal, SharedJournal):
        return journal.listen_here(listener)
    return journal.watch(lambda record: listener(listed(record)))


async def check_ready(journal: Journal) -> None:
    """Return if runs can be stored now.

    Raises:
        JournalUnavailable: They cannot; the message gives the reason.
    """
    if isinstance(journal, SharedJournal):
        await journal.check()
