"""Rules of containment for the members of an object and the items of an array.

Each proves that the values of a conjunction satisfy one keyword of a wider schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aleph_contract.evolution.bounds import BOUNDS
from aleph_contract.evolution.congruence import Proof
from aleph_contract.evolution.conjunction import (
    Conjunction,
    Part,
    item,
    limits,
    member,
    names,
    prefix_length,
    required,
    undeclared,
)
from aleph_contract.evolution.evaluated import Evaluated, always_evaluated
from aleph_contract.schema.regex import compiled


def _required(_: Proof, parts: Conjunction, wide: Part, _depth: int) -> bool:
    return set(wide.schema["required"]) <= required(parts)


def _properties(proof: Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    return all(
        proof.below(member(parts, name), wide.child(schema), depth)
        for name, schema in wide.schema["properties"].items()
    )


def _additional_properties(proof: Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    declared, patterns = (wide.schema.get(k, {}) for k in ("properties", "patternProperties"))
    rest = wide.child(wide.schema["additionalProperties"])
    return _others(proof, parts, (frozenset(declared), frozenset(patterns)), rest, depth)


def _unevaluated_properties(proof: Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    evaluated = always_evaluated(wide.document, wide.schema)
    rest = wide.child(wide.schema["unevaluatedProperties"])
    return evaluated is None or _others(proof, parts, evaluated, rest, depth)


def _others(proof: Proof, parts: Conjunction, evaluated: Evaluated, rest: Part, depth: int) -> bool:
    """Whether each member whose name is not among the evaluated ones satisfies `rest`."""
    declared, patterns = evaluated
    asked = [
        name
        for name in sorted(names(parts))
        if name not in declared and not any(compiled(text).search(name) for text in patterns)
    ]
    return all(proof.below(member(parts, name), rest, depth) for name in asked) and (
        _only_patterns(parts, patterns) or proof.below(undeclared(parts), rest, depth)
    )


def _only_patterns(parts: Conjunction, patterns: frozenset[str]) -> bool:
    """Whether the undeclared names of a part all match one of `patterns`."""
    return any(
        part.schema.get("additionalProperties") is False
        and set(part.schema.get("patternProperties", ())) <= patterns
        for part in parts
    )


def _pattern_properties(proof: Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
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


def _items(proof: Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    first = len(wide.schema.get("prefixItems", ()))
    last = max(first, prefix_length(parts))
    asked = wide.child(wide.schema["items"])
    return all(proof.below(item(parts, i), asked, depth) for i in range(first, last + 1))


def _prefix_items(proof: Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    return all(
        proof.below(item(parts, index), wide.child(schema), depth)
        for index, schema in enumerate(wide.schema["prefixItems"])
    )


def _with_contains(_: Proof, _parts: Conjunction, _wide: Part, _depth: int) -> bool:
    """Judged with `contains`; without one the keyword asserts nothing."""
    return True


def _contains(proof: Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    """Enough items satisfy the schema, and not too many."""
    least, most = wide.schema.get("minContains", 1), wide.schema.get("maxContains")
    asked = wide.child(wide.schema["contains"])
    return (not least or _at_least(proof, parts, asked, least, depth)) and (
        most is None or _at_most(proof, parts, asked, most, depth)
    )


def _at_least(proof: Proof, parts: Conjunction, asked: Part, least: int, depth: int) -> bool:
    """Every item satisfies `asked`, or the items of a `contains` of the parts do."""
    if BOUNDS["minItems"](parts, least) and _items_satisfy(proof, parts, (), asked, depth):
        return True
    return any(
        part.schema.get("minContains", 1) >= least
        and _items_satisfy(proof, parts, (part.child(part.schema["contains"]),), asked, depth)
        for part in parts
        if "contains" in part.schema
    )


def _at_most(proof: Proof, parts: Conjunction, asked: Part, most: int, depth: int) -> bool:
    """There are few items, or each that satisfies `asked` counts for a `contains` of the parts."""
    return BOUNDS["maxItems"](parts, most) or any(
        part.schema.get("maxContains", most + 1) <= most
        and _items_satisfy(proof, parts, (asked,), part.child(part.schema["contains"]), depth)
        for part in parts
        if "contains" in part.schema
    )


def _items_satisfy(
    proof: Proof, parts: Conjunction, known: Conjunction, asked: Part, depth: int
) -> bool:
    """Whether each item that satisfies `known` satisfies `asked`, at every index."""
    return all(
        proof.below((*known, *item(parts, index)), asked, depth)
        for index in range(prefix_length(parts) + 1)
    )


def _property_names(proof: Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
    known = (part.child(part.schema.get("propertyNames", True)) for part in parts)
    text = wide.child({"type": "string"})
    return proof.below((text, *known), wide.child(wide.schema["propertyNames"]), depth)


def _dependent_required(_: Proof, parts: Conjunction, wide: Part, _depth: int) -> bool:
    return all(
        set(needed) <= required(parts).union(*(held.get(name, ()) for held in _dependent(parts)))
        for name, needed in wide.schema["dependentRequired"].items()
    )


def _dependent(parts: Conjunction) -> list[Mapping[str, Any]]:
    return limits(parts, "dependentRequired")


def _dependent_schemas(proof: Proof, parts: Conjunction, wide: Part, depth: int) -> bool:
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


Rule = Callable[[Proof, Conjunction, Part, int], bool]

#: Keyword of the wider schema -> its rule.
MEMBER_RULES: Mapping[str, Rule] = {
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional_properties,
    "patternProperties": _pattern_properties,
    "items": _items,
    "prefixItems": _prefix_items,
    "contains": _contains,
    **dict.fromkeys(("minContains", "maxContains"), _with_contains),
    "unevaluatedProperties": _unevaluated_properties,
    "propertyNames": _property_names,
    "dependentRequired": _dependent_required,
    "dependentSchemas": _dependent_schemas,
}
