"""Where a way through a schema leads in a value, and what holds along it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from aleph_contract.alternatives import Member
from aleph_contract.paths import Step
from aleph_contract.schema import IN_PLACE, Document


def taken(document: Document, step: Step) -> Iterator[Member]:
    """The schemas that hold where a step in place is taken."""
    around = step.schema.rpartition("/")[0]
    if step.keyword in ("then", "else"):
        condition = document.at(f"{around}/if")
        yield Member(condition if step.keyword == "then" else {"not": condition})
    elif step.keyword == "dependentSchemas":
        yield Member({"required": [step.name]})
    yield Member(document.at(step.schema), step.schema)


def reached(value: Any, trail: Sequence[Step]) -> Iterator[Any]:
    """The parts of a given value to which `trail` leads; none if it lacks them."""
    if not trail:
        yield value
        return
    step, rest = trail[0], trail[1:]
    if step.keyword in IN_PLACE:
        yield from reached(value, rest)
    elif step.keyword in ("properties", "prefixItems"):
        held = dict(enumerate(value)) if isinstance(value, list) else value
        if isinstance(held, dict) and step.name in held:
            yield from reached(held[step.name], rest)
    elif isinstance(value, (dict, list)):
        keys_only = step.keyword == "propertyNames"
        held = value.values() if isinstance(value, dict) and not keys_only else value
        yield from (part for child in held for part in reached(child, rest))
