"""Boundary values per keyword: on the limit and just outside, each described by a schema.

A proposal is combined with the rest of the contract: a valid one with all of it, a violating one
with all but the keyword. `maxLength: 1000` proposes strings of 1000 and of 1001 characters; the
builder of the value takes care of the `pattern` beside it. The validators certify the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aleph_contract.schema.boundaries import members, numeric, sizes, unions, values
from aleph_contract.schema.boundaries.proposals import Boundary, Proposal, Site
from aleph_contract.schema.keywords import CLOSING

__all__ = ["BOUNDARIES", "Boundary", "Proposal", "Site", "asserts"]

#: One function for each asserting keyword. The schema `false` counts as the keyword `false`, unless
#: it is the value of a keyword that closes an object or an array.
BOUNDARIES: dict[str, Boundary] = {
    "type": values.of_type,
    "enum": values.enum,
    "const": values.const,
    "multipleOf": numeric.multiple_of,
    "maximum": numeric.maximum,
    "exclusiveMaximum": numeric.exclusive_maximum,
    "minimum": numeric.minimum,
    "exclusiveMinimum": numeric.exclusive_minimum,
    "maxLength": sizes.max_length,
    "minLength": sizes.min_length,
    "pattern": values.pattern,
    "maxItems": sizes.max_items,
    "minItems": sizes.min_items,
    "uniqueItems": sizes.unique_items,
    "contains": sizes.contains,
    "maxContains": sizes.max_contains,
    "minContains": sizes.min_contains,
    "maxProperties": sizes.max_properties,
    "minProperties": sizes.min_properties,
    "required": members.required,
    "dependentRequired": members.dependent_required,
    "additionalProperties": members.closed_object,
    "unevaluatedProperties": members.closed_object,
    "items": members.closed_array,
    "unevaluatedItems": members.closed_array,
    "anyOf": unions.any_of,
    "oneOf": unions.one_of,
    "not": unions.opposite,
    "false": members.never,
}


def asserts(keyword: str, limit: Any, schema: Mapping[str, Any]) -> bool:
    """Whether `keyword`, which has the value `limit` in `schema`, rejects any value."""
    if keyword in CLOSING and keyword.startswith("unevaluated"):
        return limit not in (True, {})
    if keyword in CLOSING:
        return limit is False
    if keyword in ("minContains", "maxContains"):
        return "contains" in schema and (keyword, limit) != ("minContains", 0)
    if keyword == "contains":
        return "minContains" not in schema  # else the constraint of `minContains` covers it
    if keyword == "dependentRequired":
        return any(limit.values())
    return keyword in BOUNDARIES and not (keyword in _VACUOUS and limit == _VACUOUS[keyword])


#: Keyword -> the limit with which it rejects nothing.
_VACUOUS: dict[str, Any] = {
    "minLength": 0,
    "minItems": 0,
    "minProperties": 0,
    "uniqueItems": False,
    "required": [],
    "not": False,
}
