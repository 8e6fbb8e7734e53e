"""Validate an input against a contract."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aleph_contract.contract import Contract
from aleph_contract.schema.validation.validator import Validator
from aleph_contract.schema.validation.violations import Violation

if TYPE_CHECKING:
    pass

__all__ = ["validate", "validator_for"]


def validate(input: Any, contract: Contract | None = None) -> tuple[Violation, ...]:  # noqa: A002 - the contract's word
    """Every violation of the contract's input schema, in a stable order; empty if it is valid.

    Raises:
        ArgumentError: `input` holds something that is not a JSON value.
    """
    return validator_for(contract).violations(input)


def validator_for(contract: Any = None) -> Validator:
    """The validator of a contract's input, or of a schema; made once and kept.

    Args:
        contract: A `Contract`, or a schema (an object or a boolean); the shipped contract if
            `None`.
    """
    if contract is None:
        contract = _shipped()
    schema = contract.input_schema if isinstance(contract, Contract) else contract
    kept = _KEPT.get(id(schema))
    if kept is None:
        if len(_KEPT) >= _MOST_KEPT:
            del _KEPT[next(iter(_KEPT))]
        kept = _KEPT[id(schema)] = Validator(schema)
    return kept


#: By identity of the schema, which each validator keeps alive.
_KEPT: dict[int, Validator] = {}
_MOST_KEPT = 64


@lru_cache(maxsize=1)
def _shipped() -> Contract:
    return Contract.load()
