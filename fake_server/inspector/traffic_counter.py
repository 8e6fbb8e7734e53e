"""Counts the traffic in the journal for the page: outcomes, costs, and constraints tried.

Counting an exchange takes longer than answering it, so `advance` counts a few at a time, when the
fake is idle.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.constraint_hits import ConstraintHits
from aleph_contract.rules.coverage import tries_of
from aleph_contract.rules.other_routes import other_route
from aleph_contract.rules.traffic import contract_of
from fake_server.inspector.call_summary import CallId, CallSummary, call_id
from fake_server.inspector.coverage_chart import CoverageGroups, chart_of
from fake_server.journal.base import Journal
from fake_server.journal.listeners import PendingExchange, built

#: Maximum new exchanges that wait to be counted; above it, the whole journal is counted again.
MAX_WAITING = 1000

#: Maximum exchanges that a square of the coverage chart leads to: the newest.
MAX_CALLS_OF_CELL = 100

#: Exchanges counted between two looks at the clock.
_BATCH = 16

_hits_of = lru_cache(maxsize=64)(ConstraintHits)


class TrafficCounter:
    """Counts every exchange of a journal once, those from before its start too.

    Args:
        journal: The journal.
        contracts: The contracts that the fake serves.
    """

    def __init__(self, journal: Journal, contracts: ContractSet) -> None:
        self._journal = journal
        self._contracts = contracts
        self._lock = threading.Lock()
        self._waiting: deque[PendingExchange] = deque(maxlen=MAX_WAITING)
        self._start_again()
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
                self._start_again()
            while time.perf_counter() < deadline and self._count_batch():
                pass

    def restart(self) -> None:
        """Count the journal again: exchanges of it were deleted."""
        with self._lock:
            self._start_again()

    @property
    def summary(self) -> CallSummary:
        """The outcomes and the costs so far."""
        return self._summary

    def chart(self) -> CoverageGroups:
        """The coverage chart so far: of the models that were called, or else of the default one."""
        counted = self._counts.copy() or {self._contracts.default: Counter()}
        groups: CoverageGroups = []
        for contract, counts in counted.items():
            prefix = f"{contract.model}: " if len(counted) > 1 else ""
            groups += [(prefix + name, pairs) for name, pairs in chart_of(contract, counts.copy())]
        return groups

    def calls_of(self, constraint: str, polarity: str, model: str = "") -> list[CallId]:
        """The exchanges that tried a constraint in a polarity, the last recorded one first.

        Args:
            constraint: `Constraint.key`.
            polarity: `valid` or `violating`.
            model: The model; the default one if empty.
        """
        key = model or self._contracts.default.model, constraint, polarity
        with self._lock:
            return list(self._calls.get(key, ()))[::-1]

    def tries(self, exchange: Exchange) -> Iterator[tuple[str, str]]:
        """The constraints that an exchange tries, each with the polarity."""
        if not other_route(exchange):
            hits = _hits_of(contract_of(exchange, self._contracts))
            for key, polarity, _ in tries_of(exchange, hits):
                yield key, polarity

    def _start_again(self) -> None:
        self._counts: dict[Contract, Counter[tuple[str, str, str]]] = {}
        self._calls: dict[tuple[str, str, str], deque[CallId]] = {}
        self._summary = CallSummary()
        self._overflowed = False
        self._waiting.clear()
        self._stored = self._journal.newest(None)
        self._stored_done = False

    def _count_batch(self) -> bool:
        """Count new exchanges first, then those stored before; whether there were any."""
        size = min(_BATCH, len(self._waiting))
        for _ in range(size):
            self._count(built(self._waiting.popleft()), is_new=True)
        if size:
            return True
        batch = list(islice(self._stored, _BATCH))
        for exchange in batch:
            self._count(exchange, is_new=False)
        self._stored_done = not batch
        return bool(batch)

    def _count(self, exchange: Exchange, *, is_new: bool) -> None:
        self._summary.add(exchange)
        if other_route(exchange):
            return
        contract = contract_of(exchange, self._contracts)
        counts = self._counts.setdefault(contract, Counter())
        for key, polarity, observed in tries_of(exchange, _hits_of(contract)):
            counts[key, polarity, observed] += 1
            cell = contract.model, key, polarity
            calls = self._calls.setdefault(cell, deque(maxlen=MAX_CALLS_OF_CELL))
            if is_new:
                calls.append(call_id(exchange))
            elif len(calls) < MAX_CALLS_OF_CELL:
                calls.appendleft(call_id(exchange))  # the stored ones come newest first

    def _on_record(self, record: PendingExchange) -> None:
        self._overflowed |= len(self._waiting) == MAX_WAITING
        self._waiting.append(record)
