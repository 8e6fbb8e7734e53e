"""Coverage: each constraint, kept and broken, and what came of it; each fault, played or never.

A green run says little if nothing was tried. Verification knows which constraint each case probes;
in passive mode the requests of somebody's own tests are read for the constraints they touch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from aleph_contract.cases import cases
from aleph_contract.cases.constraints import constraints
from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.results import CaseResult
from aleph_contract.rules.constraint_hits import ConstraintHits, Polarity
from aleph_contract.rules.diff import diff_exchange
from aleph_contract.rules.parsed_exchange import read_request

POLARITIES: tuple[Polarity, ...] = ("valid", "violating")

#: What can be observed of one try, and what each word means.
OBSERVED = {
    "accepted": "sent as meant, and the service ran it",
    "refused": "sent as meant, and the service refused it",
    "refused-locally": "the client refused it before anything was sent",
    "altered": "what was sent is not what was meant",
    "other": "sent, but the answer does not speak about the input",
    "lost": "the client got stuck, crashed, or sent nothing and reported no error",
    "not-run": "skipped, or could not be run",
    "never": "nothing in this run tried it",
}

#: What a conformant client lets be observed; `never` and `not-run` tell nothing of the client.
RIGHT = {"valid": ("accepted",), "violating": ("refused", "refused-locally")}

#: What an exchange's outcome says of its input; any other outcome says nothing.
_ANSWERED = {"completed": "accepted", "invalid": "refused"}


@dataclass(frozen=True, slots=True)
class Row:
    """How often one constraint was seen in one polarity with one outcome.

    Args:
        constraint: `Constraint.key`.
        polarity: `valid`: a value on the bound, or any value that keeps it where it has no bound.
            `violating`: a value that breaks it.
        observed: A word of `OBSERVED`.
        count: How often; 0 only with `never`.
    """

    constraint: str
    polarity: Polarity
    observed: str
    count: int


#: Constraint key, polarity, observed.
_Key = tuple[str, Polarity, str]


@dataclass(frozen=True, slots=True)
class FaultRow:
    """How often a fault was played; 0 means that nobody knows how the client takes it."""

    fault: str
    played: int


def coverage(results: Iterable[CaseResult], contract: Contract | None = None) -> tuple[Row, ...]:
    """Coverage of a run: a row for every constraint, polarity and outcome that was seen.

    A case counts for the constraint it probes; a gray one only where the client does as the
    schema says, because nothing else it does is wrong. A case of passive mode, which has no
    outcome, counts for whatever its calls touch. What was never tried has a row with `never` and
    the count 0.
    """
    seen: Counter[_Key] = Counter()
    touch = ConstraintHits(contract)
    for result in results:
        if result.outcome is None and result.polarity is None:
            seen.update(_touched(result.exchanges, touch))
        elif result.constraint and result.polarity:
            observed = _observed(result)
            if observed in RIGHT[result.polarity] or result.name not in _gray(contract):
                seen[result.constraint, result.polarity, observed] += 1
    return _rows(seen, contract)


@lru_cache(maxsize=16)
def _gray(contract: Contract | None) -> frozenset[str]:
    return frozenset(case.name for case in cases(contract) if not case.portable)


def of_exchanges(
    exchanges: Iterable[Exchange], contract: Contract | None = None
) -> tuple[Row, ...]:
    """Coverage by traffic alone: each request counts for every constraint its input touches."""
    return _rows(Counter(_touched(exchanges, ConstraintHits(contract))), contract)


def fault_coverage(exchanges: Iterable[Exchange], faults: Iterable[str]) -> tuple[FaultRow, ...]:
    """Every one of `faults`, in its order, and how often it was played; unlisted ones follow."""
    played = Counter(exchange.fault for exchange in exchanges if exchange.fault)
    names = dict.fromkeys((*faults, *played))
    return tuple(FaultRow(name, played[name]) for name in names)


def _touched(exchanges: Iterable[Exchange], touch: ConstraintHits) -> Iterator[_Key]:
    for exchange in exchanges:
        request = read_request(exchange)
        if not request.problem:
            observed = _ANSWERED.get(exchange.outcome, "other")
            for key, polarity in touch(request.input):
                yield key, polarity, observed


def _observed(result: CaseResult) -> str:
    outcome = result.outcome
    if result.status in ("skipped", "could-not-run") or outcome is None:
        return "not-run"
    if not result.exchanges:
        return "refused-locally" if outcome.kind == "error" else "lost"
    if outcome.kind in ("stuck", "crashed"):
        return "lost"
    last = result.exchanges[-1]
    if diff_exchange(result.intended, last):
        return "altered"
    return _ANSWERED.get(last.outcome, "other")


def _rows(seen: Counter[_Key], contract: Contract | None) -> tuple[Row, ...]:
    """Rows in the order of the contract, of the polarities and of `OBSERVED`."""
    known = [c.key for c in constraints(contract)]
    keys = dict.fromkeys((*known, *(key for key, _, _ in seen)))
    rows = []
    for key, polarity in product(keys, POLARITIES):
        found = [Row(key, polarity, word, seen[key, polarity, word]) for word in OBSERVED]
        rows += [row for row in found if row.count] or [Row(key, polarity, "never", 0)]
    return tuple(rows)
