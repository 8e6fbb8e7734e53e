"""The search for the cases of one constraint, and the reasons why cases are left out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aleph_contract.cases.case import Case, Gap, Polarity
from aleph_contract.cases.constraints import Constraint
from aleph_contract.schema.document import Document
from aleph_contract.schema.generation import arrays, objects, strings
from aleph_contract.schema.generation.budget import Budget
from aleph_contract.schema.subschemas import MAX_NODES, visited_depth

POLARITIES: tuple[Polarity, ...] = ("valid", "violating")

#: The largest size that the builders build, by the keyword that limits it.
_BUILT = {
    "maxLength": strings.MAX_LENGTH,
    "maxItems": arrays.MAX_ITEMS,
    "maxProperties": objects.MAX_PROPERTIES,
    "minLength": strings.MAX_LENGTH,
    "minItems": arrays.MAX_ITEMS,
    "minProperties": objects.MAX_PROPERTIES,
}


@dataclass(slots=True)
class Search:
    """The search for the cases of one constraint.

    Args:
        constraint: The constraint.
        budgets: The steps for the cases of each polarity.
        cases: The cases found.
        missing: The number of proposals of each polarity for which no input was found.
    """

    constraint: Constraint
    budgets: Mapping[Polarity, Budget]
    cases: list[Case] = field(default_factory=list)
    missing: Counter[Polarity] = field(default_factory=Counter)

    @property
    def spent(self) -> float:
        """The number of steps taken."""
        return sum(budget.spent for budget in self.budgets.values())

    @property
    def cut_off(self) -> bool:
        """Whether more steps might find more cases."""
        return any(self.budgets[p].left <= 0 and self.missing[p] for p in POLARITIES)

    def gaps(self) -> Iterator[Gap]:
        """The polarities without a case, and those for which the search left cases out."""
        for polarity in POLARITIES:
            made = sum(case.polarity == polarity for case in self.cases)
            missing = self.missing[polarity]
            if not made:
                yield Gap(self.constraint, polarity, self._reason(polarity))
            elif missing and self.budgets[polarity].left <= 0:
                reason = f"{self._cut_off(polarity)}: {missing} of its values are left out"
                yield Gap(self.constraint, polarity, reason)

    def _reason(self, polarity: Polarity) -> str:
        most = _BUILT.get(self.constraint.keyword)
        if most is not None and self.constraint.limit >= most:
            return f"beyond the largest input that is built: `{self.constraint.keyword}` {most}"
        if not self.spent:
            return "the search was cut off: the other constraints took all the steps"
        cut = self.budgets[polarity].cut
        return self._cut_off(polarity) if cut else "no such input was found"

    def _cut_off(self, polarity: Polarity) -> str:
        return f"the search was cut off after {self.budgets[polarity].spent:.0f} steps"


def cut_short(budgets: Mapping[str, Budget]) -> Iterator[Gap]:
    """A gap for each kind of cases that was not built completely."""
    for kind, budget in budgets.items():
        if budget.cut:
            reason = f"the search for {kind} was cut off after {budget.spent:.0f} steps"
            yield Gap(None, "valid", reason)


def unvisited(document: Document) -> Iterator[Gap]:
    """A gap if the schema has more locations than are visited."""
    depth = visited_depth(document)
    if depth < math.inf:
        reason = (
            f"locations more than {depth:.0f} steps below the root are left out: the schema has"
            f" more than {MAX_NODES} locations"
        )
        for polarity in POLARITIES:
            yield Gap(None, polarity, reason)
