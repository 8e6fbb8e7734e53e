"""The summary of all calls: how they ended, which went wrong last, and what they cost."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from heapq import nlargest

from aleph_contract.core.exchange import Exchange

#: Maximum calls listed under "What went wrong".
MAX_WRONG = 6

#: Outcomes of calls that nothing went wrong in.
GOOD_OUTCOMES = frozenset({"completed", "other-route", "elsewhere", "download"})

#: The account and the number of an exchange.
CallId = tuple[str, int]


def call_id(exchange: Exchange) -> CallId:
    """The account and the number of an exchange."""
    return exchange.account, exchange.number


def is_perhaps_billed(exchange: Exchange) -> bool:
    """Whether the service may have charged for a call that did not complete."""
    return exchange.billed and exchange.outcome != "completed"


class CallSummary:
    """Counts calls one by one, and keeps none of them.

    Attributes:
        outcomes: Number of calls by outcome.
        usd: USD of the completed calls whose price is known.
        perhaps_usd: USD of the other calls that the service may have charged for.
        perhaps: Number of these calls.
        unpriced: Number of charged calls whose price is unknown.
    """

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.usd = self.perhaps_usd = Decimal(0)
        self.perhaps = self.unpriced = 0
        self._last: tuple[float, CallId] | None = None
        self._wrong: list[tuple[float, CallId]] = []

    def add(self, exchange: Exchange) -> None:
        """Count one exchange."""
        self.outcomes[exchange.outcome] += 1
        if is_perhaps_billed(exchange):
            self.perhaps += 1
            self.perhaps_usd += exchange.cost
        else:
            self.usd += exchange.cost
        self.unpriced += exchange.billed and not exchange.cost
        entry = exchange.received_at, call_id(exchange)
        self._last = max(self._last or entry, entry)
        if exchange.outcome not in GOOD_OUTCOMES:
            self._wrong = nlargest(MAX_WRONG, [*self._wrong, entry])

    @property
    def calls(self) -> int:
        """Number of calls."""
        return self.outcomes.total()

    @property
    def last(self) -> tuple[CallId, ...]:
        """The call that arrived last; empty without a call."""
        return (self._last[1],) if self._last else ()

    @property
    def wrong(self) -> tuple[CallId, ...]:
        """The last calls that went wrong, the newest first."""
        return tuple(call for _, call in self._wrong)
