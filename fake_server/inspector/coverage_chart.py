"""The coverage chart: a square for each constraint in each polarity, and its state."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain, groupby

from aleph_contract.cases.constraints import constraints
from aleph_contract.contract import Contract
from aleph_contract.rules.coverage import POLARITIES, RIGHT

#: The meaning of each polarity, in plain words.
POLARITY_WORDS = {"valid": "on the bound", "violating": "just outside"}

#: Of each state of a square: what it shows, in plain words.
STATE_WORDS = {
    "right": "tried, and the service answered as the contract says",
    "wrong": "tried, and the service answered otherwise",
    "unknown": "tried, but the answer says nothing about the input, such as a 429",
    "never": "no call tried it",
}


@dataclass(frozen=True, slots=True)
class CoverageCell:
    """One square of the coverage chart: a constraint in one polarity.

    Args:
        constraint: `Constraint.key`.
        polarity: `valid` or `violating`.
        observed: Each observed outcome with its count.
        state: A key of `STATE_WORDS`; see `_cell`.
        model: The model whose contract has the constraint.
    """

    constraint: str
    polarity: str
    observed: tuple[tuple[str, int], ...]
    state: str
    model: str = ""

    @property
    def description(self) -> str:
        """The observed outcomes in words, such as `accepted 2, refused 1`."""
        return ", ".join(f"{word} {count:,}" for word, count in self.observed) or "never tried"


#: The constraints of each property of the input; each constraint has a cell for each polarity.
CoverageGroups = list[tuple[str, list[list[CoverageCell]]]]


def chart_of(contract: Contract, counts: Counter[tuple[str, str, str]]) -> CoverageGroups:
    """The chart of one model."""
    observed: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for (key, polarity, word), count in sorted(counts.items()):
        if count:
            observed.setdefault((key, polarity), []).append((word, count))
    pairs = [
        [
            replace(_cell(c.key, p, tuple(observed.get((c.key, p), ()))), model=contract.model)
            for p in POLARITIES
        ]
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
