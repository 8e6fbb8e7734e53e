"""Every schema of a document that speaks of an input or of a part of it, and the way there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.schema.document import Document
from aleph_contract.schema.keywords import CLOSING
from aleph_contract.schema.pointers import SchemaStep, slug, steps


@dataclass(frozen=True, slots=True)
class Node:
    """One schema, reached by one way.

    Args:
        schema: The schema.
        where: JSON Pointer to it.
        instance: JSON Pointer pattern of the values it speaks of; `*` stands for any index and
            for any property that has no name in the schema.
        key: The way there in short, unions included.
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


#: For each step what it adds to the instance location and to the key.
_PARTS: dict[str, Callable[[Any], tuple[str, str]]] = {
    "$ref": lambda _: ("", ""),
    "$dynamicRef": lambda _: ("", ""),
    "allOf": lambda index: ("", f"allOf/{index}"),
    "anyOf": lambda index: ("", f"anyOf/{index}"),
    "oneOf": lambda index: ("", f"oneOf/{index}"),
    "then": lambda _: ("", "then"),
    "else": lambda _: ("", "else"),
    "dependentSchemas": lambda name: ("", f"dependentSchemas/{name}"),
    "propertyNames": lambda _: ("", "propertyNames"),
    "properties": lambda name: (pointer([name]), name),
    "patternProperties": lambda pattern: ("/*", f"patternProperties/{slug(pattern)}"),
    "additionalProperties": lambda _: ("/*", "additionalProperties"),
    "prefixItems": lambda index: (f"/{index}", str(index)),
    "items": lambda _: ("/*", "*"),
}


def nodes(document: Document, node: Node | None = None) -> Iterator[Node]:
    """`node` (the root) and all below it, in the order of the document.

    What stands below `not`, `if`, `contains` and `unevaluated…` is part of the one statement made
    there. A schema that contains itself is entered once on each way.
    """
    node = node or Node(document.root, "")
    yield node
    if isinstance(node.schema, dict):
        for keyword in node.schema:
            for step in _ways(document, node, keyword):
                yield from nodes(document, node.step(document, step))


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
