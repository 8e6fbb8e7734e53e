"""Schemas that apply to one value at once, and the facts that follow from all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from aleph_contract.evolution.evaluated import closed_names
from aleph_contract.schema.document import Document, listed_types
from aleph_contract.schema.regex import compiled

#: All types; `fraction` is a number that is not an integer, so that no two types overlap.
TYPES = frozenset({"null", "boolean", "integer", "fraction", "string", "array", "object"})
_NUMBER = frozenset({"integer", "fraction"})

_MAX_REFERENCES = 50


class Part(NamedTuple):
    """A schema and the document that its references lead into."""

    document: Document
    schema: Any

    def child(self, schema: Any) -> Part:
        """Another schema of the same document."""
        return Part(self.document, schema)

    def accepts(self, value: Any) -> bool:
        """Whether `value` satisfies the schema."""
        return _test(self.document, json.dumps(self.schema))(value)

    def target(self) -> Part:
        """The target of the schema's `$ref`."""
        return self.child(self.document.at(self.document.target(self.schema) or ""))


@lru_cache(maxsize=256)
def _test(document: Document, text: str) -> Callable[[Any], bool]:
    """The compiled test of a schema, given as JSON text; a proof asks for the same ones often."""
    return document.accepts([json.loads(text)])


Conjunction = tuple[Part, ...]


def key(part: Part) -> tuple[int, str]:
    """Equal for two parts with the same document and the same JSON text."""
    return id(part.document), json.dumps(part.schema, sort_keys=True)


def flatten(parts: Conjunction) -> Conjunction | None:
    """The parts with `$ref` and `allOf` replaced by the schemas they apply.

    `unevaluatedProperties: false` adds a schema that lists the names it allows.

    Returns:
        Parts whose schemas are objects; `None` if no value satisfies them.
    """
    found: list[Part] = []
    waiting = list(parts)
    references = 0
    while waiting:
        part = waiting.pop()
        if part.schema is False:
            return None
        if not isinstance(part.schema, dict):
            continue
        if "$ref" in part.schema and references < _MAX_REFERENCES:
            references += 1
            waiting.append(part.target())
        waiting += [part.child(schema) for schema in part.schema.get("allOf", ())]
        taken = [name for name in ("$ref", "allOf") if name in part.schema]
        schema = without(part.schema, *taken)
        if schema:
            found.append(part.child(schema))
        found += _closed(part)
    return tuple(found)


def _closed(part: Part) -> Iterator[Part]:
    """A schema of the names that a schema with `unevaluatedProperties: false` allows."""
    if part.schema.get("unevaluatedProperties") is False:
        names = closed_names(part.document, part.schema)
        if names is not None:
            declared = dict.fromkeys(sorted(names), True)
            yield part.child({"properties": declared, "additionalProperties": False})


def without(schema: dict[str, Any], *keywords: str) -> dict[str, Any]:
    """The schema without keywords that apply in place, and without those that depend on them."""
    if not keywords:
        return schema
    return {
        name: value
        for name, value in schema.items()
        if name not in keywords and not name.startswith("unevaluated")
    }


def types_of(part: Part) -> frozenset[str]:
    """The types that the `type` of one part allows."""
    listed = listed_types(part.schema)
    if not listed:
        return TYPES
    return frozenset().union(*(_NUMBER if name == "number" else {name} for name in listed))


def types(parts: Conjunction) -> frozenset[str]:
    """The types that every part allows."""
    return TYPES.intersection(*(types_of(part) for part in parts))


def values(parts: Conjunction) -> list[Any] | None:
    """Every value that satisfies the parts if `enum`, `const` or `type` lists them, else `None`."""
    for part in parts:
        if "const" in part.schema:
            return _accepted([part.schema["const"]], parts)
        if "enum" in part.schema:
            return _accepted(part.schema["enum"], parts)
    if types(parts) <= {"null", "boolean"}:
        return _accepted([None, False, True], parts)
    return None


def _accepted(listed: list[Any], parts: Conjunction) -> list[Any]:
    return [value for value in listed if all(part.accepts(value) for part in parts)]


def limits(parts: Conjunction, keyword: str) -> list[Any]:
    """The values of a keyword in all parts that have it."""
    return [part.schema[keyword] for part in parts if keyword in part.schema]


def required(parts: Conjunction) -> frozenset[str]:
    """The names that some part requires."""
    return frozenset(name for names in limits(parts, "required") for name in names)


def names(parts: Conjunction) -> frozenset[str]:
    """The names that some part declares in `properties`."""
    return frozenset(name for held in limits(parts, "properties") for name in held)


def member(parts: Conjunction, name: str) -> Conjunction:
    """The schemas that apply to the member `name` of an object that satisfies the parts."""
    return tuple(child for part in parts for child in _member(part, name))


def _member(part: Part, name: str) -> Iterator[Part]:
    declared = part.schema.get("properties", {})
    patterns = part.schema.get("patternProperties", {})
    matching = [held for text, held in patterns.items() if compiled(text).search(name)]
    if name in declared:
        yield part.child(declared[name])
    yield from map(part.child, matching)
    if name not in declared and not matching:
        yield part.child(part.schema.get("additionalProperties", True))


def undeclared(parts: Conjunction) -> Conjunction:
    """The schemas that apply to a member whose name no part declares."""
    found: list[Part] = []
    for part in parts:
        rest = part.schema.get("additionalProperties", True)
        patterns = part.schema.get("patternProperties", {})
        found.append(part.child({"anyOf": [*patterns.values(), rest]} if patterns else rest))
    return tuple(found)


def item(parts: Conjunction, index: int) -> Conjunction:
    """The schemas that apply to the item at `index` of an array that satisfies the parts."""
    if any(index >= most for most in limits(parts, "maxItems")):
        return tuple(part.child(False) for part in parts)
    return tuple(part.child(_item(part.schema, index)) for part in parts)


def _item(schema: dict[str, Any], index: int) -> Any:
    prefix = schema.get("prefixItems", [])
    return prefix[index] if index < len(prefix) else schema.get("items", True)


def prefix_length(parts: Conjunction) -> int:
    """The number of items that some part describes by their index."""
    return max((len(held) for held in limits(parts, "prefixItems")), default=0)


def alternatives(parts: Conjunction, *, conditions: bool = False) -> list[Conjunction] | None:
    """The conjunctions, one for each branch of a union, that together allow what `parts` allow.

    Args:
        parts: The parts.
        conditions: Whether an `if` is a union of two branches too.

    Returns:
        `None` if the parts have no union. A conjunction may allow more than its share: `oneOf` is
        read as `anyOf`.
    """
    kinds = types(parts)
    listed = kinds & {"null", "boolean"} and kinds != TYPES  # their values are listed: see `values`
    for index, part in enumerate(() if listed else parts):
        for keyword in ("anyOf", "oneOf"):
            if keyword in part.schema:
                rest = part.child(without(part.schema, keyword))
                others = (*parts[:index], rest, *parts[index + 1 :])
                return [(*others, part.child(branch)) for branch in part.schema[keyword]]
        if conditions and "if" in part.schema:
            rest = part.child(without(part.schema, "if", "then", "else"))
            branches = ((part.schema["if"], "then"), ({"not": part.schema["if"]}, "else"))
            return [
                (*parts[:index], rest, *parts[index + 1 :],
                 part.child(assumed), part.child(part.schema.get(name, True)))
                for assumed, name in branches
            ]  # fmt: skip
    if len(kinds) < 2 or kinds == _NUMBER or not parts:  # noqa: PLR2004 - more than one type
        return None
    names_of = [name for name in sorted(kinds) if name != "fraction"]
    if "fraction" in kinds:
        names_of = ["number" if name == "integer" else name for name in names_of]
    return [(*parts, parts[0].child({"type": name})) for name in names_of]
