"""What stands beside the list: the bill, the scenario, and the constraints tried so far."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, groupby, islice
from typing import Any

from aleph_contract.cases.constraints import constraints
from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from fake_server.journal.base import Journal
from fake_server.journal.listeners import PendingExchange, built
from fake_server.state.accounts import Account
from fake_server.state.billing import Bill
from fake_server.state.scenarios import ScenarioStep

#: Exchanges that may wait to be counted; beyond them the journal is counted anew, when it is calm.
WAITING = 1000

#: Exchanges that are counted at a time.
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Money:
    """What an account has spent, and what it may.

    Args:
        bill: Its bill.
        credits: USD that its runs may cost; `None` is no bound.
        limit: USD at which the gateway stops it; `None` is no bound.
    """

    bill: Bill
    credits: Decimal | None
    limit: Decimal | None

    @classmethod
    def of(cls, account: Account) -> Money:
        """The money of an account."""
        limit = account.spend_limit
        return cls(account.bill, account.credits, None if limit is None else limit.usd)


@dataclass(frozen=True, slots=True)
class Cell:
    """One square of the picture: a constraint in one polarity, and what was observed of it."""

    constraint: str
    polarity: str
    observed: tuple[tuple[str, int], ...]
    state: str

    @property
    def words(self) -> str:
        """The observations in words."""
        return ", ".join(f"{word} {count:,}" for word, count in self.observed) or "never tried"


class Progress:
    """Which constraints the journal's traffic has touched, counted as it arrives.

    Counting takes longer than a run does: it waits until nobody else is busy.
    """

    def __init__(self, journal: Journal, contract: Contract) -> None:
        self._journal = journal
        self._contract = contract
        self._lock = threading.Lock()
        self._waiting: deque[PendingExchange] = deque(maxlen=WAITING)
        self._begin()
        self._stop = journal.watch(self._hear)

    @property
    def behind(self) -> bool:
        """Whether there is more to count."""
        return self._lost or bool(self._waiting) or not self._all_old

    def advance(self, seconds: float) -> None:
        """Count for about so long."""
        until = time.perf_counter() + seconds
        from aleph_contract.rules.coverage import of_exchanges

        with self._lock:
            if self._lost:
                self._begin()
            while time.perf_counter() < until and (batch := self._take()):
                for row in of_exchanges(batch, self._contract):
                    self._rows[row.constraint, row.polarity, row.observed] += row.count

    def groups(self) -> list[tuple[str, list[list[Cell]]]]:
        """The picture: the constraints of one property together, a cell for each polarity."""
        from aleph_contract.rules import coverage

        seen: dict[tuple[str, str], list[tuple[str, int]]] = {}
        for (key, polarity, word), count in sorted(self._rows.copy().items()):
            if count:
                seen.setdefault((key, polarity), []).append((word, count))
        pairs = [
            [
                _cell(c.key, p, tuple(seen.get((c.key, p), ())), coverage)
                for p in coverage.POLARITIES
            ]
            for c in constraints(self._contract)
        ]
        return [
            (n, list(group)) for n, group in groupby(pairs, lambda p: _property(p[0].constraint))
        ]

    def _begin(self) -> None:
        self._rows: Counter[tuple[str, str, str]] = Counter()
        self._lost = False
        self._waiting.clear()
        self._old = self._journal.newest(None)
        self._all_old = False

    def _hear(self, record: PendingExchange) -> None:
        self._lost |= len(self._waiting) == WAITING
        self._waiting.append(record)

    def _take(self) -> list[Exchange]:
        """The next to count: what came last before what was there before."""
        new = min(_BATCH, len(self._waiting))
        some = [built(self._waiting.popleft()) for _ in range(new)]
        if not some:
            some = list(islice(self._old, _BATCH))
            self._all_old = not some
        return some


def _property(key: str) -> str:
    head, slash, _ = key.partition("/")
    return head if slash else "the input itself"


def _cell(key: str, polarity: str, observed: tuple[tuple[str, int], ...], coverage: Any) -> Cell:
    words = {word for word, _ in observed} - {"other"}
    if words:
        state = "right" if words <= set(coverage.RIGHT[polarity]) else "wrong"
    else:
        state = "unknown" if observed else "never"
    return Cell(key, polarity, observed, state)


def reached(groups: list[tuple[str, list[list[Cell]]]]) -> tuple[tuple[str, int, int], ...]:
    """Per polarity how many constraints were tried, and of how many."""
    cells = list(chain.from_iterable(chain.from_iterable(pairs for _, pairs in groups)))
    names = dict.fromkeys(cell.polarity for cell in cells)
    return tuple(
        (
            n,
            sum(c.polarity == n and c.state != "never" for c in cells),
            sum(c.polarity == n for c in cells),
        )
        for n in names
    )


def words(step: ScenarioStep) -> str:
    """A step of a scenario, in words."""
    times = (
        "every run" if step.times is None else "once" if step.times == 1 else f"{step.times} times"
    )
    told = [step.fault.name if step.fault else "the normal answer", times]
    if step.retry_after is not None:
        told.append(f"Retry-After {step.retry_after} s")
    if step.delay is not None:
        told.append(f"after {step.delay:g} s")
    return ", ".join(told)
