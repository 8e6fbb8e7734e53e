"""Every schema of a document that applies to an input or to a part of it, and the path there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.schema.document import Document
from aleph_contract.schema.keywords import CLOSING
from aleph_contract.schema.pointers import SchemaStep, slug, steps


@dataclass(frozen=True, slots=True)
class Node:
    """One schema, reached by one path.

    Args:
        schema: The schema.
        where: JSON Pointer to it.
        instance: JSON Pointer pattern of the values it applies to; `*` is any index, and any
            property that the schema does not name.
        key: The path in short, branches included, such as `keyframes/*/anyOf/0/seconds`.
        path: The steps from the root schema to it.
    """

    schema: Any
    where: str
    instance: str = ""
    key: str = ""
    path: tuple[SchemaStep, ...] = ()

    def step(self, document: Document, step: SchemaStep) -> Node:
        """The node at the end of one step from here."""
        below, part = _PARTS[step.keyword](step.name)
        return Node(
            document.at(step.schema),
            step.schema,
            self.instance + below,
            f"{self.key}/{part}" if part else self.key,
            (*self.path, step),
        )


#: Keyword of a step -> the parts it adds to the instance location and to the key.
_PARTS: dict[str, Callable[[Any], tuple[str, str]]] = {
    "$ref": lambda _: ("", ""),
    "$dynamicRef": lambda _: ("", ""),
    "allOf": lambda index: ("", f"allOf/{index}"),
    "anyOf": lambda index: ("", f"anyOf/{index}"),
    "oneOf": lambda index: ("", f"oneOf/{index}"),
    "then": lambda _: ("", "then"),
    "else": lambda _: ("", "else"),
    "dependentSchemas": lambda name: ("", f"dependentSchemas/{_named(name)}"),
    "propertyNames": lambda _: ("", "propertyNames"),
    "properties": lambda name: (pointer([name]), _named(name)),
    "patternProperties": lambda pattern: ("/*", f"patternProperties/{slug(pattern)}"),
    "additionalProperties": lambda _: ("/*", "additionalProperties"),
    "prefixItems": lambda index: (f"/{index}", str(index)),
    "items": lambda _: ("/*", "*"),
    "unevaluatedProperties": lambda _: ("/*", "unevaluatedProperties"),
    "unevaluatedItems": lambda _: ("/*", "unevaluatedItems"),
}


def _named(name: str) -> str:
    """A property's part of a key: its name, escaped as in a JSON Pointer; `""` if it is empty."""
    return pointer([name])[1:] or '""'


#: The most locations of a schema that are visited.
MAX_NODES = 2_000


def nodes(document: Document, node: Node | None = None) -> Iterator[Node]:
    """`node` (the root if `None`) and all nodes below it, in the order of the document.

    The schemas below `not`, `if` and `contains` are no nodes: each is part of one constraint.
    A schema that contains itself is entered once on each path. In a schema with more than
    `MAX_NODES` locations those deeper than `visited_depth` are left out.
    """
    yield from _nodes(document, node or Node(document.root, ""), visited_depth(document))


def _nodes(document: Document, node: Node, most: float) -> Iterator[Node]:
    yield node
    if len(node.path) < most:
        for step in _all_ways(document, node):
            yield from _nodes(document, node.step(document, step), most)


@lru_cache(maxsize=256)
def visited_depth(document: Document) -> float:
    """The most steps from the root to a node; infinite if the schema has few locations.

    Six pairs of members that each refer to the next pair already have 127 locations.
    """
    level, count, depth = [Node(document.root, "")], 1, 0
    while level:
        below: list[Node] = []
        for node in level:
            below += (node.step(document, step) for step in _all_ways(document, node))
            if count + len(below) > MAX_NODES:
                return depth
        level, count, depth = below, count + len(below), depth + 1
    return math.inf


def _all_ways(document: Document, node: Node) -> Iterator[SchemaStep]:
    if isinstance(node.schema, dict):
        for keyword in node.schema:
            yield from _ways(document, node, keyword)


def _ways(document: Document, node: Node, keyword: str) -> Iterator[SchemaStep]:
    held = node.schema[keyword]
    if keyword in ("$ref", "$dynamicRef"):
        target = document.target(node.schema, keyword) or ""
        if target and all(step.schema != target for step in node.path):
            yield SchemaStep(keyword, None, target)
    elif keyword in ("then", "else") and "if" not in node.schema:
        return
    elif keyword in _PARTS and not (keyword in CLOSING and held is False):
        for step in steps({keyword: held}, node.where):
            if keyword not in ("anyOf", "oneOf") or document.at(step.schema) is not False:
                yield step
