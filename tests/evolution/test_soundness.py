"""A proof of containment has no counterexample among schemas with any keywords."""

from __future__ import annotations

import copy
from itertools import islice
from random import Random
from typing import Any

from anyschema import schemas, values
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aleph_contract.errors import ArgumentError, ContractError
from aleph_contract.evolution.containment import is_contained
from aleph_contract.evolution.witnesses import accepted, refused
from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.budget import Budget
from aleph_contract.schema.generation.builder import Builder
from aleph_contract.schema.keywords import walk
from aleph_contract.schema.validation.validator import Validator


def edited(schema: Any, other: Any, rng: Random) -> Any:
    """A copy of `schema` in which one keyword is dropped, or replaced by one of `other`."""
    changed = copy.deepcopy(schema)
    holder = rng.choice([each for _, each in walk(changed) if isinstance(each, dict)] or [{}])
    name = rng.choice(sorted(set(holder) - {"$defs"}) or [""])
    holder.pop(name, None)
    if isinstance(other, dict) and rng.random() < 0.5:
        more = rng.choice(sorted(other))
        holder[more] = other[more]
    return changed


def built(narrow: Any, wide: Any) -> list[Any]:
    """Values of `narrow`, those outside of `wide` first."""
    document = Document(narrow)
    outside = True if "$ref" in repr(wide) else {"not": wide}
    found: list[Any] = []
    for asked in (outside, True):
        builder = Builder(document, {}, budget=Budget(400))
        found += islice(builder.values((), asked), 8)
    return found


@settings(max_examples=80, deadline=None)
@given(schemas, schemas, st.randoms(use_true_random=False), st.lists(values, max_size=20))
def test_no_value_is_between_two_schemas_that_contain_each_other(
    one: Any, second: Any, rng: Random, drawn: list[Any]
) -> None:
    other = edited(one, second, rng)
    try:
        assert not proved_wrongly(one, other, drawn)
        assert not proved_wrongly(other, one, drawn)
    except (ArgumentError, ContractError):  # the edit made a schema that cannot be used
        assume(False)


def proved_wrongly(narrow: Any, wide: Any, drawn: list[Any]) -> list[Any]:
    """The values of `narrow` that `wide` refuses although containment is proved."""
    inside, outside = Validator(narrow), Validator(wide)
    if not is_contained(Document(narrow), Document(wide)):
        return []
    found = drawn + built(narrow, wide)
    return [value for value in found if accepted(inside, value) and refused(outside, value)]
