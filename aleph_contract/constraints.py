"""Walk the schema of a contract: every checkable statement it makes, as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from aleph_contract.contract import Contract


@dataclass(frozen=True, slots=True)
class Constraint:
    """One checkable statement of the contract.

    Args:
        instance: JSON Pointer pattern of the values it speaks of; `*` stands for any index.
        schema: JSON Pointer to the keyword in the input schema.
        keyword: The keyword.
        limit: What the keyword says.
        key: Short, unique and stable name, such as `seed/maximum`.
    """

    instance: str
    schema: str
    keyword: str
    limit: Any = field(hash=False)
    key: str


_ASSERTING = [
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "required",
]


def constraints(contract: Contract | None = None) -> tuple[Constraint, ...]:
    """Every constraint of the contract's input schema, in the order of the document."""
    return _constraints(contract or _shipped())


@lru_cache(maxsize=16)
def _constraints(contract: Contract) -> tuple[Constraint, ...]:
    return tuple(_walk(contract.input_schema, "", "", ""))


@lru_cache(maxsize=1)
def _shipped() -> Contract:
    return Contract.load()


def _walk(schema: Any, instance: str, pointer: str, key: str) -> Iterator[Constraint]:
    if not isinstance(schema, dict):
        return
    for word, limit in schema.items():
        here = f"{pointer}/{word}"
        if word in _ASSERTING or (word == "additionalProperties" and limit is False):
            yield Constraint(instance, here, word, limit, f"{key}/{word}".lstrip("/"))
        elif word == "anyOf":
            yield Constraint(instance, here, word, limit, f"{key}/{word}".lstrip("/"))
            for index, branch in enumerate(limit):
                yield from _walk(branch, instance, f"{here}/{index}", f"{key}/anyOf/{index}")
        elif word == "items":
            yield from _walk(limit, f"{instance}/*", here, f"{key}/*")
        elif word == "properties":
            for name, child in limit.items():
                yield from _walk(child, f"{instance}/{name}", f"{here}/{name}", f"{key}/{name}")
