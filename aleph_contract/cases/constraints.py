"""Walk the schema of a contract and list its constraints: every checkable statement, as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.schema.boundaries import Site, asserts
from aleph_contract.schema.document import Document
from aleph_contract.schema.pointers import SchemaStep, follow
from aleph_contract.schema.subschemas import nodes


@dataclass(frozen=True, slots=True)
class Constraint:
    """One checkable statement of the contract.

    Args:
        instance: JSON Pointer pattern of the values that it applies to; `*` stands for any index
            and for any property that the schema does not name.
        schema: JSON Pointer to the keyword in the input schema, after every `$ref`; for a
            schema that is `false`, the pointer to that schema.
        keyword: The keyword; `false` for a schema that is `false`.
        limit: The value of the keyword.
        key: Short, unique and stable name, such as `seed/maximum`.
        path: The steps from the root schema to the one that contains the keyword.
    """

    instance: str
    schema: str
    keyword: str
    limit: Any = field(hash=False)
    key: str
    path: tuple[SchemaStep, ...] = field(default=(), repr=False, compare=False)


def constraints(contract: Contract | None = None) -> tuple[Constraint, ...]:
    """Every constraint of the contract's input schema, in the order of the document.

    A keyword that rejects nothing, such as `minItems: 0`, makes no constraint. Nor does `format`:
    in draft 2020-12 it is an annotation.
    """
    return walk((contract or Contract.load()).document)


@lru_cache(maxsize=64)
def walk(document: Document) -> tuple[Constraint, ...]:
    """Every constraint of a schema, no two with the same key."""
    found: dict[str, Constraint] = {}
    for constraint in _all_constraints(document):
        key, number = constraint.key, 2
        while key in found:
            key, number = f"{constraint.key}-{number}", number + 1
        found[key] = replace(constraint, key=key)
    return tuple(found.values())


def site(document: Document, constraint: Constraint) -> Site:
    """The schema around the keyword, and the properties that other schemas declare."""
    if constraint.keyword == "false":
        return Site({}, {})
    schema = document.at(constraint.schema.rpartition("/")[0])
    known = schema.get("properties", {})
    named = _properties(document).get(constraint.instance, {})
    elsewhere = {name: document.at(where) for name, where in named.items() if name not in known}
    return Site(schema, elsewhere)


def _all_constraints(document: Document) -> Iterator[Constraint]:
    for node in nodes(document):
        key = node.key.lstrip("/")
        if node.schema is False:
            yield Constraint(node.instance, node.where, "false", False, key, node.path)
        elif isinstance(node.schema, dict):
            for keyword, said in node.schema.items():
                if asserts(keyword, said, node.schema):
                    here, name = f"{node.where}/{keyword}", f"{key}/{keyword}".lstrip("/")
                    limit = follow(document.published, here)
                    yield Constraint(node.instance, here, keyword, limit, name, node.path)


@lru_cache(maxsize=64)
def _properties(document: Document) -> dict[str, dict[str, str]]:
    """For each instance location: property name -> JSON Pointer to a schema that declares it."""
    found: dict[str, dict[str, str]] = {}
    for node in nodes(document):
        for step in node.path[-1:]:
            if step.keyword == "properties":
                above = node.instance.rpartition("/")[0]
                found.setdefault(above, {}).setdefault(str(step.name), step.schema)
    return found
