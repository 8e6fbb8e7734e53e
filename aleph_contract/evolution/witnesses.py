"""Find values that one schema accepts and another refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from aleph_contract.cases import cases
from aleph_contract.contract import Contract
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.builder import Builder
from aleph_contract.schema.generation.interface import MISSING
from aleph_contract.schema.pointers import plain
from aleph_contract.schema.validation.validator import Validator

#: Most values built outside the wider schema.
_MAX_AIMED = 40


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
        first: The one whose cases are tried first.
    """

    def __init__(self, narrow: Contract, wide: Contract, *, first: Contract) -> None:
        self._accepting = Validator(narrow.input_schema)
        self._refusing = Validator(wide.input_schema)
        second = narrow if first is wide else wide
        self._stages = iter(
            (lambda: _cases_of(first), lambda: _outside(narrow, wide), lambda: _cases_of(second))
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


def _cases_of(contract: Contract) -> Iterator[Any]:
    return (plain(case.input) for case in cases(contract))


def _outside(narrow: Contract, wide: Contract) -> Iterator[Any]:
    """Inputs of `narrow` that are built outside of `wide`, which must have no reference."""
    text = dumps(wide.document.published)
    if '"$ref"' not in text and '"$dynamicRef"' not in text:
        outside = {"not": wide.document.published}
        yield from islice(Builder(narrow.document, {}).values((), outside), _MAX_AIMED)
