"""The bounds that a conjunction of schemas sets to a number; integers are rounded inwards."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from aleph_contract.evolution.conjunction import Conjunction, limits, types


def lower(parts: Conjunction) -> tuple[Any, bool]:
    """The greatest lower bound, and whether it is excluded; minus infinity without one."""
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


#: Keyword -> whether the parts imply it with this limit.
NUMBER_BOUNDS: Mapping[str, Callable[[Conjunction, Any], bool]] = {
    "minimum": lambda parts, bound: lower(parts)[0] >= bound,
    "maximum": lambda parts, bound: upper(parts)[0] <= bound,
    "exclusiveMinimum": _above,
    "exclusiveMaximum": _under,
}
