"""Coverage: which constraints were tried, valid and violating, with which outcome; which faults.

A passing verification says little if it tried little. A driven case names the constraint it
probes; for traffic under `exec` the constraints are found from the inputs (`ConstraintHits`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, product

from aleph_contract.cases.constraints import constraints
from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.results import CaseResult
from aleph_contract.rules.constraint_hits import ConstraintHits, Polarity
from aleph_contract.rules.diff import diff_exchange
from aleph_contract.rules.parsed_exchange import read_request
from aleph_contract.rules.traffic import contract_of

POLARITIES: tuple[Polarity, ...] = ("valid", "violating")

#: Each outcome of a try, and its meaning.
OBSERVED = {
    "accepted": "sent unchanged, and the service ran it",
    "refused": "sent unchanged, and the service refused it",
    "refused-locally": "the client refused it before anything was sent",
    "altered": "the client sent a different input than it was given",
    "other": "sent, but the reply says nothing about the input (such as a 429)",
    "lost": "the client got stuck, crashed, or sent nothing without an error",
    "not-run": "the case was skipped or could not be run",
    "never": "no case or call tried it",
}

#: Outcomes of a conformant client. `never` and `not-run` say nothing about the client.
RIGHT = {"valid": ("accepted",), "violating": ("refused", "refused-locally")}

#: Outcomes that show nothing: neither an exchange nor a refusal was seen.
UNTRIED = ("never", "not-run", "lost")

#: Names of cases that are kept of one row; a recording may have any number of them.
MAX_CASES = 1000

#: Outcome of a try by the outcome of its exchange; any other one is `other`.
_BY_EXCHANGE = {"completed": "accepted", "invalid": "refused"}


@dataclass(frozen=True, slots=True)
class Row:
    """How often one constraint was tried in one polarity with one outcome.

    Args:
        constraint: `Constraint.key`.
        polarity: `valid`: a value on the bound, or any valid value if the keyword has no bound.
            `violating`: a value that breaks the constraint.
        observed: A key of `OBSERVED`.
        count: Number of tries; 0 only with `never`.
        model: The model whose contract has the constraint.
        cases: Names of the cases that tried it, the first `MAX_CASES`.
    """

    constraint: str
    polarity: Polarity
    observed: str
    count: int
    model: str = ""
    cases: tuple[str, ...] = field(default=(), compare=False)


#: Constraint key, polarity, observed.
_Key = tuple[str, Polarity, str]


@dataclass(frozen=True, slots=True)
class FaultRow:
    """How often a fault was played; 0 means that the client's reaction is unknown."""

    fault: str
    played: int


class CoverageCount:
    """Coverage that is counted result by result, so that no result has to be kept.

    Args:
        contract: The contract; the shipped one by default.
    """

    def __init__(self, contract: Contract | None = None) -> None:
        self._contract = contract
        self._seen: Counter[_Key] = Counter()
        self._cases: dict[_Key, list[str]] = {}

    @cached_property
    def _hits(self) -> ConstraintHits:
        """Only for traffic: its schemas take 10 ms to compile."""
        return ConstraintHits(self._contract)

    def add(self, result: CaseResult) -> None:
        """Count one result."""
        if result.outcome is None and result.polarity is None:
            for key in _hit(result.exchanges, self._hits):
                self._count(key, result.name)
        elif result.constraint and result.polarity and result.on_bound:
            observed = _observed(result)
            if observed in RIGHT[result.polarity] or result.portable:
                self._count((result.constraint, result.polarity, observed), result.name)

    def _count(self, key: _Key, case: str) -> None:
        self._seen[key] += 1
        names = self._cases.setdefault(key, [])
        if len(names) < MAX_CASES and case not in names[-1:]:
            names.append(case)

    @property
    def rows(self) -> tuple[Row, ...]:
        """A row for every constraint, polarity and observed outcome so far."""
        return _rows(self._seen, self._contract, self._cases)


def coverage(results: Iterable[CaseResult], contract: Contract | None = None) -> tuple[Row, ...]:
    """Coverage of a verification: a row for every constraint, polarity and observed outcome.

    A driven case counts for the constraint it probes. A gray case counts only if its outcome is
    that of a conformant client: any other outcome is not wrong either. A case near a bound that
    no valid input is on does not count, because it says nothing about the bound. A case of traffic
    counts for the constraints that its inputs hit. A constraint that was not tried has a row with
    `never` and the count 0.
    """
    count = CoverageCount(contract)
    for result in results:
        count.add(result)
    return count.rows


def coverage_by_model(
    results: Iterable[CaseResult], contracts: ContractSet
) -> tuple[tuple[Contract, ...], tuple[Row, ...]]:
    """The models that traffic called, in order of the first call, and the coverage of each.

    Without a call it is the default model.
    """
    by_model: dict[str, list[CaseResult]] = {}
    for result in results:
        by_model.setdefault(contract_of(result.exchanges[0], contracts).model, []).append(result)
    used = tuple(contracts[model] for model in by_model or (contracts.default.model,))
    rows = (coverage(by_model.get(contract.model, ()), contract) for contract in used)
    return used, tuple(chain.from_iterable(rows))


def of_exchanges(
    exchanges: Iterable[Exchange], contract: Contract | None = None
) -> tuple[Row, ...]:
    """Coverage of traffic: each request counts for every constraint that its input hits."""
    return _rows(Counter(_hit(exchanges, ConstraintHits(contract))), contract)


def tries_of(exchange: Exchange, hits: ConstraintHits) -> Iterator[tuple[str, Polarity, str]]:
    """The constraint, the polarity and the observed outcome of each try of one request.

    Args:
        exchange: The request and its reply.
        hits: Finds the constraints of the model that was called.
    """
    request = read_request(exchange)
    if not request.problem:
        observed = _BY_EXCHANGE.get(exchange.outcome, "other")
        for key, polarity in hits(request.input):
            yield key, polarity, observed


def fault_coverage(played: Mapping[str, int], faults: Iterable[str]) -> tuple[FaultRow, ...]:
    """How often each of `faults` was played, in that order; played faults not listed follow."""
    names = dict.fromkeys((*faults, *played))
    return tuple(FaultRow(name, played.get(name, 0)) for name in names)


def _hit(exchanges: Iterable[Exchange], hits: ConstraintHits) -> Iterator[_Key]:
    for exchange in exchanges:
        yield from tries_of(exchange, hits)


def _observed(result: CaseResult) -> str:
    outcome = result.outcome
    if result.status in ("skipped", "could-not-run") or outcome is None:
        return "not-run"
    if not result.exchanges:
        return "refused-locally" if outcome.kind == "error" else "lost"
    if outcome.kind in ("stuck", "crashed", "could-not-run"):
        return "lost"
    last = next((x for x in reversed(result.exchanges) if x.outcome != "elsewhere"), None)
    if last is None:
        return "other"
    if diff_exchange(result.intended, last):
        return "altered"
    return _BY_EXCHANGE.get(last.outcome, "other")


def _rows(
    seen: Counter[_Key], contract: Contract | None, cases: Mapping[_Key, list[str]] | None = None
) -> tuple[Row, ...]:
    """Rows in the order of the contract, then of `POLARITIES`, then of `OBSERVED`."""
    contract = contract or Contract.load()
    known = [c.key for c in constraints(contract)]
    named = cases or {}
    keys = dict.fromkeys((*known, *(key for key, _, _ in seen)))
    rows = []
    for key, polarity in product(keys, POLARITIES):
        found = [
            Row(
                key,
                polarity,
                word,
                count,
                contract.model,
                tuple(named.get((key, polarity, word), ())),
            )
            for word in OBSERVED
            if (count := seen[key, polarity, word])
        ]
        never = Row(key, polarity, "never", 0, contract.model)
        rows += found or [never]
    return tuple(rows)
