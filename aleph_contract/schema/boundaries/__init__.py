"""On the bound and just outside: for every keyword what such a value is, as a schema.

A proposal is a schema that holds beside all the rest of the contract; for a violating one, beside
the rest without the keyword. So `maxLength: 1000` proposes strings of 1000 and of 1001 characters,
and whoever builds the value also keeps the pattern that stands next to it. Nothing is validated
here: the validators certify what is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aleph_contract.schema.boundaries import members, numeric, sizes, unions, values
from aleph_contract.schema.boundaries.proposals import Boundary, Proposal, Site
from aleph_contract.schema.keywords import CLOSING

__all__ = ["BOUNDARIES", "Boundary", "Proposal", "Site", "asserts"]

#: One function for each keyword that asserts. A schema that is `false` counts as one, and so does
#: `false` where it closes an object or an array.
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
    """Whether a keyword, where it stands in `schema`, turns any value down."""
    if keyword in CLOSING and keyword.startswith("unevaluated"):
        return limit not in (True, {})
    if keyword in CLOSING:
        return limit is False
    if keyword in ("minContains", "maxContains"):
        return "contains" in schema and (keyword, limit) != ("minContains", 0)
    if keyword == "contains":
        return "minContains" not in schema  # which then says it all
    if keyword == "dependentRequired":
        return any(limit.values())
    return keyword in BOUNDARIES and not (keyword in _VACUOUS and limit == _VACUOUS[keyword])


#: For each keyword the limit, if there is one, with which it turns nothing down.
_VACUOUS: dict[str, Any] = {
    "minLength": 0,
    "minItems": 0,
    "minProperties": 0,
    "uniqueItems": False,
    "required": [],
    "not": False,
}
