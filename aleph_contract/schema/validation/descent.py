"""Narrow an invalid value down to the part that holds its first violation.

An engine describes the errors of every branch of a union, which takes longer than all other work on
a request. In a simple schema, the keywords tell which member, item or branch holds the first
violation, and the engine needs to see only that part. Where the schema is not simple, the engine
sees the part that was reached. A test compares both ways.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from aleph_contract.schema.keywords import Path, children, walk
from aleph_contract.schema.validation.rust_engine import RustEngine

#: Keywords that assert nothing.
_NOTES = {"title", "description", "default", "examples", "deprecated", "$comment", "$schema"}

#: Keywords of the objects and arrays that can be entered, beside `_NOTES`.
_OBJECT = {"type", "properties", "required", "additionalProperties", "minProperties"}
_OBJECT |= {"maxProperties", "dependentRequired"}
_ARRAY = {"type", "items", "minItems", "maxItems", "uniqueItems"}

#: Keywords that connect a subschema with other places of the document.
_REFERENCES = {"$ref", "$dynamicRef", "$id", "$anchor", "$dynamicAnchor"}

#: Keywords that apply subschemas to the value itself.
_IN_PLACE = {"allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas"}

_Check = Callable[[Any], bool]


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
        while node._narrower is not None and (step := node._narrower(value)) is not None:
            if step[0].schema is False:  # its violation can be one of the keyword around it
                break
            node, inner = step
            for part in inner:
                value = value[part]
            path += inner
        return node, path, value

    @cached_property
    def _narrower(self) -> Callable[[Any], tuple[Node, Path] | None] | None:
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

    def _in_member(self, value: Any) -> tuple[Node, Path] | None:
        if type(value) is dict and self._is_valid_outside(value):
            for name, member, path in self._members:
                if name in value and not member.is_valid(value[name]):
                    return member, path
        return None

    def _in_item(self, value: Any) -> tuple[Node, Path] | None:
        if type(value) is list and self._is_valid_outside(value):
            is_valid = self._item.is_valid
            for index, item in enumerate(value):
                if not is_valid(item):
                    return self._item, (index,)
        return None

    def _in_branch(self, value: Any) -> tuple[Node, Path] | None:
        """The branch that alone is nearest by type and tags; see `violations.nearest`."""
        found = [branch.mismatches(value) for branch in self._branches]
        least = min(found)
        if found.count(least) > 1:  # as when several branches match
            return None
        return self._branches[found.index(least)], ()

    def mismatches(self, value: Any) -> tuple[bool, int]:
        """Whether the type is wrong, and how many members have the value of another `const`."""
        if not self._is_typed(value):
            return True, 0
        if type(value) is not dict:
            return False, 0
        wrong = 0
        for name, is_typed, is_same in self._tags:
            if name in value and is_typed(value[name]) and not is_same(value[name]):
                wrong += 1
        return False, wrong

    @cached_property
    def _is_typed(self) -> _Check:
        return _only(self.schema, "type")

    @cached_property
    def _tags(self) -> list[tuple[str, _Check, _Check]]:
        """The members with a `const`: name, and the checks of type and value."""
        return [
            (name, _only(child, "type"), _only(child, "const"))
            for name, child in self.schema.get("properties", {}).items()
            if isinstance(child, dict) and "const" in child
        ]

    @cached_property
    def _is_valid_outside(self) -> _Check:
        """Whether a value satisfies this subschema except for its members and items."""
        schema = {key: limit for key, limit in self.schema.items() if key != "items"}
        if "properties" in schema:
            schema["properties"] = dict.fromkeys(schema["properties"], True)
        return RustEngine(schema).is_valid

    @cached_property
    def _members(self) -> list[tuple[str, Node, Path]]:
        """Name, node and path of each member, in the order in which violations are listed."""
        path = (*self.path, "properties")
        properties = sorted(self.schema["properties"].items())
        return [(name, Node(part, (*path, name)), (name,)) for name, part in properties]

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


def _only(schema: dict[str, Any], keyword: str) -> _Check:
    """The check of one keyword; every value passes if it is absent."""
    return RustEngine({keyword: schema[keyword]} if keyword in schema else {}).is_valid


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
