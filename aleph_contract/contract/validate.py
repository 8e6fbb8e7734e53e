"""Validate an input against a contract."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.schema.pointers import without
from aleph_contract.schema.validation.validator import Validator
from aleph_contract.schema.validation.violations import Violation

__all__ = ["relaxed_validator", "validate", "validator_for"]


def validate(input: Any, contract: Contract | None = None) -> tuple[Violation, ...]:  # noqa: A002 - the contract's word
    """The violations of the contract's input schema, in a stable order; empty if `input` is valid.

    Raises:
        ArgumentError: `input` holds something that is not a JSON value.
    """
    return validator_for(contract).violations(input)


def validator_for(contract: Any = None) -> Validator:
    """The validator of a contract's input, or of a schema; cached.

    Args:
        contract: A `Contract`, or a schema (an object or a boolean); the shipped contract if
            `None`.
    """
    if contract is None:
        contract = _shipped()
    schema = contract.input_schema if isinstance(contract, Contract) else contract
    kept = _CACHED.get(id(schema))
    if kept is None:
        if len(_CACHED) >= _MAX_CACHED:
            del _CACHED[next(iter(_CACHED))]
        kept = _CACHED[id(schema)] = Validator(schema)
    return kept


def relaxed_validator(schema: Any, removed: Sequence[str]) -> Validator:
    """The validator of a schema without the keywords at these JSON Pointers; cached."""
    key: tuple[int | str, ...] = (id(schema), *removed)
    kept = _RELAXED.get(key)
    if kept is None:
        if len(_RELAXED) >= _MAX_RELAXED:
            _RELAXED.pop(next(iter(_RELAXED)), None)  # another thread may take it first
        kept = _RELAXED[key] = schema, Validator(without(schema, removed))
    return kept[1]


#: Id of a schema -> its validator, which keeps the schema alive.
_CACHED: dict[int, Validator] = {}
_MAX_CACHED = 64

#: Id of a schema and JSON Pointers -> the schema, which is kept alive, and its relaxed validator.
#: The cases of one constraint are built and certified one after the other.
_RELAXED: dict[tuple[int | str, ...], tuple[Any, Validator]] = {}
_MAX_RELAXED = 64


@lru_cache(maxsize=1)
def _shipped() -> Contract:
    return Contract.load()
