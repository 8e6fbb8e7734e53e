"""The sidebar: the spending and the scenario of one account, and the constraint coverage."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, groupby, islice

from aleph_contract.cases.constraints import constraints
from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.coverage import POLARITIES, RIGHT, of_exchanges
from aleph_contract.rules.other_routes import other_route
from aleph_contract.rules.traffic import contract_of
from fake_server.journal.base import Journal
from fake_server.journal.listeners import PendingExchange, built
from fake_server.state.accounts import Account
from fake_server.state.billing import Bill
from fake_server.state.scenarios import ScenarioStep

#: Maximum new exchanges that wait to be counted; above it, the whole journal is counted again.
MAX_WAITING = 1000

#: Exchanges counted between two looks at the clock.
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Spending:
    """The spending of an account.

    Args:
        bill: Its bill.
        credits: USD that its runs may cost; `None` means unlimited.
        limit: USD from which on the gateway refuses runs; `None` means unlimited.
    """

    bill: Bill
    credits: Decimal | None
    limit: Decimal | None

    @classmethod
    def of(cls, account: Account) -> Spending:
        """The spending of `account`."""
        limit = account.spend_limit
        return cls(account.bill, account.credits, None if limit is None else limit.usd)


@dataclass(frozen=True, slots=True)
class CoverageCell:
    """One square of the coverage chart: a constraint in one polarity.

    Args:
        constraint: `Constraint.key`.
        polarity: `valid` or `violating`.
        observed: Each observed outcome with its count.
        state: `right`, `wrong`, `unknown` or `never`; see `_cell`.
    """

    constraint: str
    polarity: str
    observed: tuple[tuple[str, int], ...]
    state: str

    @property
    def description(self) -> str:
        """The observed outcomes in words, such as `accepted 2, refused 1`."""
        return ", ".join(f"{word} {count:,}" for word, count in self.observed) or "never tried"


#: The constraints of each property of the input; each constraint has a cell for each polarity.
CoverageGroups = list[tuple[str, list[list[CoverageCell]]]]


class CoverageCounter:
    """Counts the constraints that the traffic in the journal has exercised.

    Counting an exchange takes longer than answering it, so `advance` counts a few at a time, when
    the fake is idle.
    """

    def __init__(self, journal: Journal, contracts: ContractSet) -> None:
        self._journal = journal
        self._contracts = contracts
        self._lock = threading.Lock()
        self._waiting: deque[PendingExchange] = deque(maxlen=MAX_WAITING)
        self._restart()
        self._stop = journal.watch(self._on_record)

    @property
    def unfinished(self) -> bool:
        """Whether there are exchanges to count."""
        return self._overflowed or bool(self._waiting) or not self._stored_done

    def advance(self, seconds: float) -> None:
        """Count exchanges for about `seconds`."""
        deadline = time.perf_counter() + seconds
        with self._lock:
            if self._overflowed:
                self._restart()
            while time.perf_counter() < deadline and (batch := self._next_batch()):
                for contract, own in self._by_contract(batch).items():
                    counts = self._counts.setdefault(contract, Counter())
                    for row in of_exchanges(own, contract):
                        counts[row.constraint, row.polarity, row.observed] += row.count

    def groups(self) -> CoverageGroups:
        """The coverage chart so far: of the models that were called, or else of the default one."""
        counted = self._counts.copy() or {self._contracts.default: Counter()}
        groups: CoverageGroups = []
        for contract, counts in counted.items():
            prefix = f"{contract.model}: " if len(counted) > 1 else ""
            groups += [(prefix + name, pairs) for name, pairs in _groups(contract, counts.copy())]
        return groups

    def _restart(self) -> None:
        self._counts: dict[Contract, Counter[tuple[str, str, str]]] = {}
        self._overflowed = False
        self._waiting.clear()
        self._stored = self._journal.newest(None)
        self._stored_done = False

    def _by_contract(self, batch: Iterable[Exchange]) -> Mapping[Contract, list[Exchange]]:
        found: dict[Contract, list[Exchange]] = {}
        for exchange in batch:
            if not other_route(exchange):
                found.setdefault(contract_of(exchange, self._contracts), []).append(exchange)
        return found

    def _on_record(self, record: PendingExchange) -> None:
        self._overflowed |= len(self._waiting) == MAX_WAITING
        self._waiting.append(record)

    def _next_batch(self) -> list[Exchange]:
        """The next exchanges to count: new ones first, then those stored before."""
        size = min(_BATCH, len(self._waiting))
        batch = [built(self._waiting.popleft()) for _ in range(size)]
        if not batch:
            batch = list(islice(self._stored, _BATCH))
            self._stored_done = not batch
        return batch


def _groups(contract: Contract, counts: Counter[tuple[str, str, str]]) -> CoverageGroups:
    """The chart of one model."""
    observed: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for (key, polarity, word), count in sorted(counts.items()):
        if count:
            observed.setdefault((key, polarity), []).append((word, count))
    pairs = [
        [_cell(c.key, p, tuple(observed.get((c.key, p), ()))) for p in POLARITIES]
        for c in constraints(contract)
    ]
    grouped = groupby(pairs, lambda pair: _property(pair[0].constraint))
    return [(name, list(group)) for name, group in grouped]


def _property(key: str) -> str:
    """The property in a constraint key: `seed/minimum` belongs to `seed`."""
    head, slash, _ = key.partition("/")
    return head if slash else "the whole input"


def _cell(key: str, polarity: str, observed: tuple[tuple[str, int], ...]) -> CoverageCell:
    """A cell, with its state.

    `right`: every outcome is that of a conformant client. `wrong`: some outcome is not. `unknown`:
    no response depended on the input, for example a 401. `never`: there was no such input.
    """
    outcomes = {word for word, _ in observed} - {"other"}
    if outcomes:
        state = "right" if outcomes <= set(RIGHT[polarity]) else "wrong"
    else:
        state = "unknown" if observed else "never"
    return CoverageCell(key, polarity, observed, state)


def tried_counts(groups: CoverageGroups) -> tuple[tuple[str, int, int], ...]:
    """For each polarity: its name, the number of constraints tried, and the number of all."""
    cells = list(chain.from_iterable(chain.from_iterable(pairs for _, pairs in groups)))
    by_polarity: dict[str, list[CoverageCell]] = {}
    for cell in cells:
        by_polarity.setdefault(cell.polarity, []).append(cell)
    return tuple(
        (polarity, sum(cell.state != "never" for cell in own), len(own))
        for polarity, own in by_polarity.items()
    )


def describe_step(step: ScenarioStep) -> str:
    """A scenario step in words, such as `rate-limited, 2 times, Retry-After 3 s`."""
    times = (
        "every run" if step.times is None else "once" if step.times == 1 else f"{step.times} times"
    )
    answer = step.fault.name if step.fault else "normal answer"
    words = [answer if step.reply is None else f"own reply {step.reply.status}", times]
    if step.retry_after is not None:
        words.append(f"Retry-After {step.retry_after} s")
    if step.delay is not None:
        words.append(f"after {step.delay:g} s")
    return ", ".join(words)
