"""Narrow an invalid value down to the part that holds its first violation.

An engine describes the errors of every branch of a union, which takes longer than all other work on
a request. In a simple schema, the keywords tell which member, item or branch holds the first
violation, and an engine of its own for each keyword tells which keyword that part violates. Where
the schema is not simple, the engine of all keywords sees the part that was reached. A test compares
both ways.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cached_property
from typing import Any

from aleph_contract.schema.keywords import Path, children, walk
from aleph_contract.schema.validation.rust_engine import RustEngine
from aleph_contract.schema.validation.violations import Raw

#: Keywords that assert nothing.
_NOTES = {"title", "description", "default", "examples", "deprecated", "$comment", "$schema"}

#: Keywords of the objects and arrays that can be entered, beside `_NOTES`.
_OBJECT = {"type", "properties", "required", "additionalProperties", "minProperties"}
_OBJECT |= {"maxProperties", "dependentRequired"}
_ARRAY = {"type", "items", "minItems", "maxItems", "uniqueItems"}

#: Keywords whose violation is one of the value itself, and needs no other keyword but `properties`.
_OWN = {"type", "enum", "const", "pattern", "minLength", "maxLength", "multipleOf", "minimum"}
_OWN |= {"maximum", "exclusiveMinimum", "exclusiveMaximum", "required", "additionalProperties"}
_OWN |= {"minProperties", "maxProperties", "minItems", "maxItems", "uniqueItems"}

#: Keywords that connect a subschema with other places of the document.
_REFERENCES = {"$ref", "$dynamicRef", "$id", "$anchor", "$dynamicAnchor"}

#: Keywords that apply subschemas to the value itself.
_IN_PLACE = {"allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas"}

#: More than the members of any value.
_MISTYPED = sys.maxsize

_Check = Callable[[Any], bool]

#: The node one step further in, the path to the part that it judges, and that part.
_Step = tuple["Node", Path, Any]


class Node:
    """One subschema of a document without references.

    Args:
        schema: The subschema.
        path: Its path in the document.
    """

    def __init__(self, schema: Any, path: Path = ()) -> None:
        self.schema = schema
        self.path = path

    @cached_property
    def engine(self) -> RustEngine:
        """The fast engine for this subschema; its paths start here."""
        return RustEngine(self.schema)

    @cached_property
    def is_valid(self) -> _Check:
        """Whether a value of plain JSON types satisfies this subschema."""
        return self.engine.is_valid

    def narrowest(self, value: Any) -> tuple[Node, Path, Any]:
        """The innermost node that holds the first violation of an invalid value.

        Args:
            value: A value of plain JSON types that violates this subschema.

        Returns:
            The node, the path from `value` to the part that the node judges, and that part.
        """
        node: Node = self
        path: Path = ()
        while (narrower := node._narrower) is not None and (step := narrower(value)) is not None:
            if step[0].schema is False:  # its violation can be one of the keyword around it
                break
            node, inner, value = step
            path += inner
        return node, path, value

    def own_error(self, value: Any, path: Path) -> Raw | None:
        """The first error of a value that is not one of its members or items.

        Args:
            value: As for `narrowest`.
            path: Its path, for the error.

        Returns:
            `None` if there is none, or this subschema has keywords that are not in `_OWN`.
        """
        for keyword, place, holds in self._own:
            if not holds(value):
                names = _missing(self.schema, value) if keyword == "required" else ()
                return Raw(path, place, keyword, names)
        return None

    @cached_property
    def _own(self) -> list[tuple[str, Path, _Check]]:
        """Each keyword, its path and its check; `type` first: of a wrong type only that is told."""
        if not isinstance(self.schema, dict):
            return []
        keywords = set(self.schema) - _NOTES - {"properties"}
        if isinstance(self.schema.get("items"), dict):
            keywords.remove("items")
        if not keywords <= _OWN or not isinstance(
            self.schema.get("additionalProperties", True), bool
        ):
            return []
        in_order = sorted(keywords, key=lambda keyword: (keyword != "type", keyword))
        return [(keyword, (*self.path, keyword), self._only(keyword)) for keyword in in_order]

    @cached_property
    def _narrower(self) -> Callable[[Any], _Step | None] | None:
        """Finds the node one step further in; `None` if this subschema is not simple."""
        keywords = set(self.schema) - _NOTES if isinstance(self.schema, dict) else set()
        if "properties" in keywords and keywords <= _OBJECT:
            is_simple = isinstance(self.schema.get("additionalProperties", True), bool)
            return self._in_member if is_simple else None
        if "items" in keywords and keywords <= _ARRAY:
            return self._in_item
        if keywords in ({"anyOf"}, {"oneOf"}) and all(
            _is_telling(b.schema) for b in self._branches
        ):
            return self._in_branch
        return None

    def _in_member(self, value: Any) -> _Step | None:
        if type(value) is dict and self._is_valid_outside(value):
            for name, is_valid, member, path in self._members:
                if name in value and not is_valid(value[name]):
                    return member, path, value[name]
        return None

    def _in_item(self, value: Any) -> _Step | None:
        if type(value) is list and self._is_valid_outside(value):
            is_valid = self._item.is_valid
            for index, item in enumerate(value):
                if not is_valid(item):
                    return self._item, (index,), item
        return None

    def _in_branch(self, value: Any) -> _Step | None:
        """The branch that alone is nearest by type and tags; see `violations.nearest`."""
        nearest, least = None, _MISTYPED + 1
        for branch in self._branches:
            wrong = branch.mismatches(value)
            if wrong < least:
                nearest, least = branch, wrong
            elif wrong == least:  # as when several branches match
                nearest = None
        return None if nearest is None else (nearest, (), value)

    def mismatches(self, value: Any) -> int:
        """How many members have the value of another `const`; `_MISTYPED` if the type is wrong."""
        if not self._is_typed(value):
            return _MISTYPED
        wrong = 0
        if type(value) is dict:
            for name, is_other in self._tags:
                if name in value and is_other(value[name]):
                    wrong += 1
        return wrong

    @cached_property
    def _is_typed(self) -> _Check:
        return self._only("type")

    @cached_property
    def _tags(self) -> list[tuple[str, _Check]]:
        """The members with a `const`: name, and the check for the type of another value."""
        return [
            (name, RustEngine({**_part(child, "type"), "not": _part(child, "const")}).is_valid)
            for name, child in self.schema.get("properties", {}).items()
            if isinstance(child, dict) and "const" in child
        ]

    @cached_property
    def _is_valid_outside(self) -> _Check:
        """Whether a value satisfies this subschema except for its members and items."""
        return RustEngine(self._outside).is_valid

    @cached_property
    def _outside(self) -> dict[str, Any]:
        schema = {key: limit for key, limit in self.schema.items() if key != "items"}
        if "properties" in schema:
            schema["properties"] = dict.fromkeys(schema["properties"], True)
        return schema

    def _only(self, keyword: str) -> _Check:
        """The check of one keyword; every value passes if it is absent."""
        return RustEngine(_part(self._outside, keyword, "properties")).is_valid

    @cached_property
    def _members(self) -> list[tuple[str, _Check, Node, Path]]:
        """Name, check, node and path of each member, in the order of their violations."""
        path = (*self.path, "properties")
        properties = sorted(self.schema["properties"].items())
        nodes = [(name, Node(part, (*path, name))) for name, part in properties]
        return [(name, node.is_valid, node, (name,)) for name, node in nodes]

    @cached_property
    def _item(self) -> Node:
        return Node(self.schema["items"], (*self.path, "items"))

    @cached_property
    def _branches(self) -> list[Node]:
        (keyword,) = {"anyOf", "oneOf"} & self.schema.keys()
        parts = enumerate(self.schema[keyword])
        return [Node(part, (*self.path, keyword, index)) for index, part in parts]


def is_self_contained(schema: Any) -> bool:
    """Whether each subschema has a meaning of its own, without the document around it."""
    return not any(isinstance(part, dict) and _REFERENCES & part.keys() for _, part in walk(schema))


def _part(schema: dict[str, Any], *keywords: str) -> dict[str, Any]:
    return {keyword: schema[keyword] for keyword in keywords if keyword in schema}


def _missing(schema: dict[str, Any], value: Any) -> tuple[str, ...]:
    return (min(name for name in schema["required"] if name not in value),)


def _is_telling(branch: Any) -> bool:
    """Whether type and tags of a branch count as `violations.nearest` counts them.

    Its violations of `type` and `const` that count come from its own `type`, and from the `const`
    of its members.
    """
    return isinstance(branch, dict) and all(
        step[0] == "properties" and not (isinstance(part, dict) and _IN_PLACE & part.keys())
        for step, part in children(branch)
        if step != ("additionalProperties",) or not isinstance(part, bool)
    )
