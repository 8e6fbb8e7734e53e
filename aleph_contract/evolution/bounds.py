"""The bounds that a conjunction of schemas sets to numbers, lengths and counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from aleph_contract.evolution.conjunction import Conjunction, limits, required, types
from aleph_contract.evolution.patterns import implies, lengths


def lower(parts: Conjunction) -> tuple[Any, bool]:
    """The greatest lower bound, and whether it is excluded; minus infinity without one.

    The bound of an integer is rounded up; `upper` rounds it down.
    """
    bounds = [(value, False) for value in limits(parts, "minimum")]
    bounds += ((value, True) for value in limits(parts, "exclusiveMinimum"))
    bound, excluded = max(bounds, default=(-math.inf, False))
    if "fraction" in types(parts) or bound == -math.inf:
        return bound, excluded
    whole = math.ceil(bound)
    return (whole + 1 if excluded and whole == bound else whole), False


def upper(parts: Conjunction) -> tuple[Any, bool]:
    """The least upper bound, and whether it is excluded; infinity without one."""
    bounds = [(value, True) for value in limits(parts, "maximum")]
    bounds += ((value, False) for value in limits(parts, "exclusiveMaximum"))
    bound, included = min(bounds, default=(math.inf, True))
    if "fraction" in types(parts) or bound == math.inf:
        return bound, not included
    whole = math.floor(bound)
    return (whole - 1 if not included and whole == bound else whole), False


def _above(parts: Conjunction, bound: Any) -> bool:
    value, excluded = lower(parts)
    return bool(value > bound or (excluded and value == bound))


def _under(parts: Conjunction, bound: Any) -> bool:
    value, excluded = upper(parts)
    return bool(value < bound or (excluded and value == bound))


def _at_least(*keywords: str) -> Callable[[Conjunction, Any], bool]:
    return lambda parts, bound: any(v >= bound for k in keywords for v in limits(parts, k))


def _at_most(*keywords: str) -> Callable[[Conjunction, Any], bool]:
    return lambda parts, bound: any(v <= bound for k in keywords for v in limits(parts, k))


def _multiple(parts: Conjunction, factor: Any) -> bool:
    known = [Decimal(str(value)) for value in limits(parts, "multipleOf")]
    if "fraction" not in types(parts):
        known.append(Decimal(1))
    return any(value % Decimal(str(factor)) == 0 for value in known)


def _min_properties(parts: Conjunction, bound: int) -> bool:
    return len(required(parts)) >= bound or _at_least("minProperties")(parts, bound)


def _max_properties(parts: Conjunction, bound: int) -> bool:
    closed = (
        len(part.schema.get("properties", ()))
        for part in parts
        if part.schema.get("additionalProperties") is False
        and not part.schema.get("patternProperties")
    )
    return any(count <= bound for count in closed) or _at_most("maxProperties")(parts, bound)


def _max_items(parts: Conjunction, bound: int) -> bool:
    closed = (
        len(part.schema.get("prefixItems", ()))
        for part in parts
        if part.schema.get("items") is False
    )
    return any(count <= bound for count in closed) or _at_most("maxItems")(parts, bound)


def text_lengths(parts: Conjunction) -> tuple[Any, Any]:
    """The least and the greatest length of a text, by `minLength`, `maxLength` and `pattern`."""
    known = [lengths(pattern) for pattern in limits(parts, "pattern")]
    least = (*limits(parts, "minLength"), *(low for low, _ in known))
    most = (*limits(parts, "maxLength"), *(high for _, high in known))
    return max(least, default=0), min(most, default=math.inf)


def _pattern(parts: Conjunction, asked: str) -> bool:
    return any(implies(pattern, asked) for pattern in limits(parts, "pattern"))


def _min_items(parts: Conjunction, bound: int) -> bool:
    asked = (p.schema.get("minContains", 1) for p in parts if "contains" in p.schema)
    return bound == 0 or any(n >= bound for n in asked) or _at_least("minItems")(parts, bound)


#: Keyword -> whether the parts imply it with this limit.
BOUNDS: Mapping[str, Callable[[Conjunction, Any], bool]] = {
    "minimum": lambda parts, bound: lower(parts)[0] >= bound,
    "maximum": lambda parts, bound: upper(parts)[0] <= bound,
    "exclusiveMinimum": _above,
    "exclusiveMaximum": _under,
    "multipleOf": _multiple,
    "maxLength": lambda parts, bound: text_lengths(parts)[1] <= bound,
    "minLength": lambda parts, bound: text_lengths(parts)[0] >= bound,
    "pattern": _pattern,
    "maxItems": _max_items,
    "minItems": _min_items,
    "maxProperties": _max_properties,
    "minProperties": _min_properties,
    "uniqueItems": lambda parts, asked: (
        not asked or True in limits(parts, "uniqueItems") or _max_items(parts, 1)
    ),
}
