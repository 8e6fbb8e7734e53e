"""Prove that every value of one schema satisfies another.

One sound rule per keyword of the wider schema; a keyword without a rule needs the same keyword in
the narrower schema. A schema that contains itself is compared coinductively: a comparison that
meets itself again below a member or an item holds, because JSON values are finite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aleph_contract.evolution.bounds import BOUNDS
from aleph_contract.evolution.congruence import is_congruent, same
from aleph_contract.evolution.conjunction import (
    Conjunction,
    Part,
    alternatives,
    flatten,
    item,
    key,
    limits,
    member,
    names,
    prefix_length,
    required,
    types,
    types_of,
    undeclared,
    values,
)
from aleph_contract.evolution.disjoint import is_empty
from aleph_contract.schema.document import Document
from aleph_contract.schema.keywords import ASSERTIONS, SUBSCHEMAS
from aleph_contract.schema.regex import compiled

#: Most comparisons of one proof (about 0.3 ms each), and their greatest depth.
_MAX_STEPS = 1_500
_MAX_DEPTH = 60


def is_contained(narrow: Document, wide: Document) -> bool:
    """Whether it is proved that every value of `narrow` satisfies `wide`.

    `False` means that no proof was found, not that there is a value in between.
    """
    return _Proof().holds((Part(narrow, narrow.root),), Part(wide, wide.root), 0)


class _Proof:
    """The state of one proof: the comparisons in progress, and the steps left."""

    def __init__(self) -> None:
        self.assumed: set[Any] = set()
        self.steps = _MAX_STEPS

    def below(self, narrow: Conjunction, wide: Part, depth: int) -> bool:
        """Compare the schemas of a member or an item; a repeated comparison is assumed to hold."""
        asked = (tuple(sorted(map(key, narrow))), key(wide))
        if asked in self.assumed:
            return True
        self.assumed.add(asked)
        try:
            return self.holds(narrow, wide, depth + 1)
        finally:
            self.assumed.discard(asked)

    def holds(self, narrow: Conjunction, wide: Part, depth: int) -> bool:
        """Whether every value of all schemas in `narrow` satisfies `wide`."""
        self.steps -= 1
        if self.steps < 0 or depth > _MAX_DEPTH:
            return False
        if wide.schema is True or wide.schema == {}:
            return True
        parts = flatten(narrow)
        if parts is None or is_empty(parts):
            return True
        if wide.schema is False:
            return False
        listed = values(parts)
        if listed is not None:
            return all(map(wide.accepts, listed))
        if any(same(part.schema, wide.schema) for part in narrow):
            return True
        if self._every_keyword(narrow, parts, wide, depth):
            return True
        split = alternatives(parts)
        return split is not None and all(self.holds(branch, wide, depth + 1) for branch in split)

    def _every_keyword(
        self, narrow: Conjunction, parts: Conjunction, wide: Part, depth: int
    ) -> bool:
        return all(
            self._keyword(parts, wide, keyword, depth)
            or any(is_congruent(self, parts, (own, wide), keyword, depth) for own in narrow)
            for keyword in wide.schema
            if keyword in ASSERTIONS or keyword in _APPLICATORS
        )

    def _keyword(self, parts: Conjunction, wide: Part, keyword: str, depth: int) -> bool:
        kind = _KIND.get(keyword)
        if kind is not None and not types(parts) & kind:
            return True
        if keyword in BOUNDS:
            return BOUNDS[keyword](parts, wide.schema[keyword])
        if keyword in _RULES:
            return _RULES[keyword](self, parts, wide, depth)
        return _repeated(parts, wide.schema, keyword)


#: Keywords that depend on others beside them.
_TOGETHER: Mapping[str, tuple[str, ...]] = {
    "if": ("if", "then", "else"),
    "then": ("if", "then", "else"),
    "else": ("if", "then", "else"),
    "contains": ("contains", "minContains", "maxContains"),
    "minContains": ("contains", "minContains", "maxContains"),
    "maxContains": ("contains", "minContains", "maxContains"),
}


def _repeated(parts: Conjunction, wide: Mapping[str, Any], keyword: str) -> bool:
    """Whether a part has the same keyword, and the same of those that it depends on."""
    if keyword.startswith("unevaluated") or keyword == "$dynamicRef":
        return False
    group = _TOGETHER.get(keyword, (keyword,))
    asked = {name: wide[name] for name in group if name in wide}
    return any(
        same({name: part.schema[name] for name in group if name in part.schema}, asked)
        for part in parts
    )


def _type(_: _Proof, parts: Conjunction, wide: Part, _depth: int) -> bool:
    return types(parts) <= types_of(wide)


def _reference(proof: _Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    return proof.holds(parts, wide.target(), depth + 1)


def _all_of(proof: _Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    return all(proof.holds(parts, wide.child(s), depth + 1) for s in wide.schema["allOf"])


def _any_of(proof: _Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    return any(proof.holds(parts, wide.child(s), depth + 1) for s in wide.schema["anyOf"])


def _one_of(proof: _Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    branches = [wide.child(schema) for schema in wide.schema["oneOf"]]
    return any(
        all(is_empty((*parts, other)) for other in branches if other is not branch)
        and proof.holds(parts, branch, depth + 1)
        for branch in branches
    )


def _not(proof: _Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    refused = wide.child(wide.schema["not"])
    return is_empty((*parts, refused)) or any(
        proof.holds((refused,), part.child(part.schema["not"]), depth + 1)
        for part in parts
        if "not" in part.schema
    )


def _required(_: _Proof, parts: Conjunction, wide: Part, _depth: int) -> bool:
    return set(wide.schema["required"]) <= required(parts)


def _properties(proof: _Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    return all(
        proof.below(member(parts, name), wide.child(schema), depth)
        for name, schema in wide.schema["properties"].items()
    )


def _additional_properties(proof: _Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    rest = wide.child(wide.schema["additionalProperties"])
    patterns = wide.schema.get("patternProperties", {})
    declared = wide.schema.get("properties", {})
    asked = [
        name
        for name in sorted(names(parts))
        if name not in declared and not any(compiled(text).search(name) for text in patterns)
    ]
    return all(proof.below(member(parts, name), rest, depth) for name in asked) and (
        _only_patterns(parts, patterns) or proof.below(undeclared(parts), rest, depth)
    )


def _only_patterns(parts: Conjunction, patterns: Mapping[str, Any]) -> bool:
    """Whether the undeclared names of a part all match one of `patterns`."""
    return any(
        part.schema.get("additionalProperties") is False
        and set(part.schema.get("patternProperties", ())) <= set(patterns)
        for part in parts
    )


def _pattern_properties(proof: _Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    for text, schema in wide.schema["patternProperties"].items():
        asked = wide.child(schema)
        declared = [name for name in sorted(names(parts)) if compiled(text).search(name)]
        if not all(proof.below(member(parts, name), asked, depth) for name in declared):
            return False
        same = tuple(
            part.child(part.schema["patternProperties"][text])
            for part in parts
            if text in part.schema.get("patternProperties", {})
        )
        if not proof.below(same or undeclared(parts), asked, depth):
            return False
    return True


def _items(proof: _Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    first = len(wide.schema.get("prefixItems", ()))
    last = max(first, prefix_length(parts))
    asked = wide.child(wide.schema["items"])
    return all(proof.below(item(parts, i), asked, depth) for i in range(first, last + 1))


def _prefix_items(proof: _Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    return all(
        proof.below(item(parts, index), wide.child(schema), depth)
        for index, schema in enumerate(wide.schema["prefixItems"])
    )


def _property_names(proof: _Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    known = (part.child(part.schema.get("propertyNames", True)) for part in parts)
    text = wide.child({"type": "string"})
    return proof.below((text, *known), wide.child(wide.schema["propertyNames"]), depth)


def _dependent_required(_: _Proof, parts: Conjunction, wide: Part, _depth: int) -> bool:
    return all(
        set(needed) <= required(parts).union(*(held.get(name, ()) for held in _dependent(parts)))
        for name, needed in wide.schema["dependentRequired"].items()
    )


def _dependent(parts: Conjunction) -> list[Mapping[str, Any]]:
    return limits(parts, "dependentRequired")


def _dependent_schemas(proof: _Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    for name, asked in wide.schema["dependentSchemas"].items():
        present = wide.child({"type": "object", "required": [name]})
        own = (
            part.child(part.schema["dependentSchemas"][name])
            for part in parts
            if name in part.schema.get("dependentSchemas", {})
        )
        if not proof.holds((*parts, present, *own), wide.child(asked), depth + 1):
            return False
    return True


Rule = Callable[[_Proof, Conjunction, Part, int], bool]

_RULES: Mapping[str, Rule] = {
    "type": _type,
    "$ref": _reference,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional_properties,
    "patternProperties": _pattern_properties,
    "items": _items,
    "prefixItems": _prefix_items,
    "propertyNames": _property_names,
    "dependentRequired": _dependent_required,
    "dependentSchemas": _dependent_schemas,
}

_APPLICATORS = (frozenset(SUBSCHEMAS) | {"$ref", "$dynamicRef"}) - {
    "$defs",
    "definitions",
    "contentSchema",
}


_NUMERIC = frozenset({"integer", "fraction"})

#: Keyword -> the types that it judges; it accepts every value of another type.
_KIND: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), _NUMERIC
    ),
    **dict.fromkeys(("maxLength", "minLength", "pattern"), frozenset({"string"})),
    **dict.fromkeys(
        ("maxItems", "minItems", "uniqueItems", "contains", "items", "prefixItems"),
        frozenset({"array"}),
    ),
    **dict.fromkeys(
        ("required", "properties", "additionalProperties", "patternProperties", "propertyNames",
         "minProperties", "maxProperties", "dependentRequired", "dependentSchemas"),
        frozenset({"object"}),
    ),
}  # fmt: skip
