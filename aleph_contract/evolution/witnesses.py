"""Find values that one schema accepts and another refuses, and make them small."""

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
from aleph_contract.schema.pointers import plain
from aleph_contract.schema.validation.validator import Validator

#: Most values built outside the wider schema.
_MAX_AIMED = 40

#: Most rounds in which a witness is made smaller.
_MAX_ROUNDS = 60


def of_replies(contract: Contract) -> Contract:
    """A contract whose input is the output of `contract`, so that `cases` makes results."""
    schema = contract.output_schema
    return replace(
        contract,
        input_schema=schema,
        parsed_schema=schema,
        document=Document(schema, source=contract.source, location="/schema/output"),
        examples=(),
    )


def accepted(validator: Validator, value: Any) -> bool:
    """Whether both validators accept `value`."""
    return validator.is_valid(value) and not validator.reference_violations(value)


def refused(validator: Validator, value: Any) -> bool:
    """Whether both validators refuse `value`."""
    return not validator.is_valid(value) and bool(validator.reference_violations(value))


def witnesses(narrow: Contract, wide: Contract) -> list[Any]:
    """Values that both validators accept under `narrow` and refuse under `wide`, smallest first.

    Args:
        narrow: The contract whose inputs should all satisfy the other one.
        wide: The other contract.
    """
    first, second = Validator(narrow.input_schema), Validator(wide.input_schema)
    found: dict[str, Any] = {}
    for value in _candidates(narrow, wide):
        if accepted(first, value) and refused(second, value):
            found[dumps(value)] = value
    return sorted(found.values(), key=size)


def size(value: Any) -> tuple[int, str]:
    """Order of witnesses: the shorter JSON text first."""
    text = dumps(value)
    return len(text), text


def _candidates(narrow: Contract, wide: Contract) -> Iterator[Any]:
    for contract in (wide, narrow):
        yield from (plain(case.input) for case in cases(contract))
    text = dumps(wide.document.published)
    if '"$ref"' not in text and '"$dynamicRef"' not in text:
        outside = {"not": wide.document.published}
        yield from islice(Builder(narrow.document, {}).values((), outside), _MAX_AIMED)


def shrink(value: Any, holds: Callable[[Any], bool]) -> Any:
    """A smaller value for which `holds` is still true: members, items, characters removed."""
    for _ in range(_MAX_ROUNDS):
        smaller = next(filter(holds, _smaller(value)), None)
        if smaller is None:
            return value
        value = smaller
    return value


def _smaller(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name in value:
            yield {key: part for key, part in value.items() if key != name}
        for name, part in value.items():
            yield from ({**value, name: smaller} for smaller in _smaller(part))
    elif isinstance(value, list):
        yield from (value[:index] + value[index + 1 :] for index in range(len(value)))
        for index, part in enumerate(value):
            yield from ([*value[:index], less, *value[index + 1 :]] for less in _smaller(part))
    elif isinstance(value, str) and value:
        yield value[: len(value) // 2]
        yield value[:-1]
