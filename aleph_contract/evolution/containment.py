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
    key,
    types,
    types_of,
    values,
    without,
)
from aleph_contract.evolution.disjoint import is_empty
from aleph_contract.evolution.members import MEMBER_RULES
from aleph_contract.schema.document import Document
from aleph_contract.schema.keywords import ASSERTIONS, SUBSCHEMAS

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
            return self._contradicts(parts, depth)
        listed = values(parts)
        if listed is not None:
            return all(map(wide.accepts, listed))
        if any(same(part.schema, wide.schema) for part in narrow):
            return True
        if self._every_keyword(narrow, parts, wide, depth):
            return True
        split = alternatives(parts, conditions=True)
        if split is not None and all(self.holds(branch, wide, depth + 1) for branch in split):
            return True
        return self._contradicts(parts, depth)

    def _contradicts(self, parts: Conjunction, depth: int) -> bool:
        """Whether all values satisfy a schema that a part refuses: then there is none."""
        for index, part in enumerate(parts):
            if part.schema.get("not", False) is not False:
                rest = part.child(without(part.schema, "not"))
                refused = part.child(part.schema["not"])
                if self.holds((*parts[:index], rest, *parts[index + 1 :]), refused, depth + 1):
                    return True
        return False

    def _every_keyword(
        self, narrow: Conjunction, parts: Conjunction, wide: Part, depth: int
    ) -> bool:
        owns = [*narrow, *(p for p in parts if not any(p.schema is n.schema for n in narrow))]
        return all(
            any(is_congruent(self, parts, (own, wide), keyword, depth) for own in owns)
            or self._keyword(parts, wide, keyword, depth)
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


def _repeated(parts: Conjunction, wide: Mapping[str, Any], keyword: str) -> bool:
    """Whether a part has the same keyword, where no other keyword changes its meaning."""
    if keyword.startswith("unevaluated") or keyword == "$dynamicRef":
        return False
    asked = wide[keyword]
    return any(keyword in part.schema and same(part.schema[keyword], asked) for part in parts)


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


def _conditional(proof: _Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    condition = wide.schema["if"]
    branches = ((condition, "then"), ({"not": condition}, "else"))
    return all(
        proof.holds((*parts, wide.child(assumed)), wide.child(wide.schema[name]), depth + 1)
        for assumed, name in branches
        if name in wide.schema
    )


def _with_if(_: _Proof, _parts: Conjunction, _wide: Part, _depth: int) -> bool:
    """Judged with `if`; without one the keyword asserts nothing."""
    return True


Rule = Callable[[_Proof, Conjunction, Part, int], bool]

_RULES: Mapping[str, Rule] = {
    "type": _type,
    "$ref": _reference,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "if": _conditional,
    **dict.fromkeys(("then", "else"), _with_if),
    **MEMBER_RULES,
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
        ("maxItems", "minItems", "uniqueItems", "contains", "minContains", "maxContains",
         "items", "prefixItems", "unevaluatedItems"),
        frozenset({"array"}),
    ),
    **dict.fromkeys(
        ("required", "properties", "additionalProperties", "patternProperties", "propertyNames",
         "minProperties", "maxProperties", "dependentRequired", "dependentSchemas",
         "unevaluatedProperties"),
        frozenset({"object"}),
    ),
}  # fmt: skip
