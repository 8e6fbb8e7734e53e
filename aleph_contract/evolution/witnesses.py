"""Find values that one schema accepts and another refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.evolution.aiming import aimed, cases_at
from aleph_contract.evolution.changes import Edit
from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.budget import Budget
from aleph_contract.schema.generation.builder import Builder
from aleph_contract.schema.generation.interface import MISSING
from aleph_contract.schema.pointers import plain
from aleph_contract.schema.validation.validator import Validator

#: Most values built outside the whole wider schema, and the steps for them.
_MAX_AIMED = 40
_STEPS = 6_000

#: A value of each type.
_SIMPLE: tuple[Any, ...] = (None, True, 0, 0.5, "", [], {})


def of_replies(contract: Contract) -> Contract:
    """A contract whose input is the output of `contract`, so that `cases` makes results."""
    schema = contract.output_schema
    return replace(
        contract,
        input_schema=schema,
        parsed_schema=schema,
        document=Document(schema, source=contract.source, location="/schema/output"),
        examples=(),
        entry={},  # the shipped entry has a catalogue of its inputs, which are no results
    )


def accepted(validator: Validator, value: Any) -> bool:
    """Whether both validators accept `value`."""
    return validator.is_valid(value) and not validator.reference_violations(value)


def refused(validator: Validator, value: Any) -> bool:
    """Whether both validators refuse `value`."""
    return not validator.is_valid(value) and bool(validator.reference_violations(value))


class WitnessSearch:
    """Values that both validators accept under one contract and refuse under another.

    They are searched in stages, the cheapest first; a later stage runs only if it is needed.

    Args:
        narrow: The contract whose inputs should all satisfy the other one.
        wide: The other contract.
        changed: The edits between them.
    """

    def __init__(self, narrow: Contract, wide: Contract, changed: Sequence[Edit]) -> None:
        self._accepting = Validator(narrow.input_schema)
        self._refusing = Validator(wide.input_schema)
        edits = list(changed)
        self._stages = iter(
            (
                lambda: _aimed(narrow, wide, edits),
                lambda: _cases_at(wide, edits),
                lambda: _cases_at(narrow, edits),
                lambda: _outside(narrow, wide),
            )
        )
        self._found: list[Any] = []

    def breaks(self, value: Any) -> bool:
        """Whether `value` is such a value."""
        return accepted(self._accepting, value) and refused(self._refusing, value)

    def first(self, holds: Callable[[Any], bool]) -> Any:
        """The smallest value for which `holds` is true too; `MISSING` if no stage finds one."""
        candidates = self._found
        while True:
            value = next(filter(holds, sorted(candidates, key=size)), MISSING)
            stage = next(self._stages, None) if value is MISSING else None
            if stage is None:
                return value
            candidates = list({dumps(v): v for v in stage() if self.breaks(v)}.values())
            self._found = [*self._found, *candidates]

    def smallest(self) -> Any:
        """The smallest value of the first stage that finds one; `MISSING` if none does."""
        return self.first(lambda _: True)


def size(value: Any) -> tuple[int, str]:
    """Order of witnesses: the shorter JSON text first."""
    text = dumps(value)
    return len(text), text


def _aimed(narrow: Contract, wide: Contract, changed: Sequence[Edit]) -> Iterator[Any]:
    yield from _SIMPLE
    for edit in changed:
        yield from aimed(narrow, wide, edit)


def _cases_at(contract: Contract, changed: list[Edit]) -> Iterator[Any]:
    return (plain(case.input) for case in cases_at(contract, changed))


def _outside(narrow: Contract, wide: Contract) -> Iterator[Any]:
    """Inputs of `narrow` that are built outside of `wide`, which must have no reference."""
    text = dumps(wide.document.published)
    if '"$ref"' not in text and '"$dynamicRef"' not in text:
        outside = {"not": wide.document.published}
        builder = Builder(narrow.document, {}, budget=Budget(_STEPS))
        yield from islice(builder.values((), outside), _MAX_AIMED)
