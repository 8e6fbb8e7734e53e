"""On the bound and just outside: for every keyword what such a value is, as a schema.

A proposal is a schema that holds beside all the rest of the contract; for a violating one, beside
the rest without the keyword. So `maxLength: 1000` proposes strings of 1000 and of 1001 characters,
and whoever builds the value also keeps the pattern that stands next to it. Nothing is validated
here: the validators certify what is made of it.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any, Literal, NamedTuple

from aleph_contract.keywords import CLOSING
from aleph_contract.schema import slug
from aleph_contract.texts import near_misses

Schema = Any


class Proposal(NamedTuple):
    """One value worth trying for one keyword.

    Args:
        label: Last part of the case's name.
        polarity: Whether the keyword admits it.
        schemas: What it is: the closest representable value first, then what comes next where the
            rest of the contract rules that out.
        note: What it is, in words.
    """

    label: str
    polarity: Literal["valid", "violating"]
    schemas: tuple[Schema, ...]
    note: str


class Site(NamedTuple):
    """Where a keyword stands.

    Args:
        schema: The schema around it.
        elsewhere: Properties that other schemas know of the same value, such as those of the
            other branches of a union.
    """

    schema: Mapping[str, Any]
    elsewhere: Mapping[str, Schema]


Boundary = Callable[[Any, Site], Iterator[Proposal]]


def _valid(label: str, note: str, *schemas: Schema) -> Proposal:
    return Proposal(label, "valid", schemas, note)


def _violating(label: str, note: str, *schemas: Schema) -> Proposal:
    return Proposal(label, "violating", schemas, note)


#: Doubles lie denser around zero than any unit means. There the step is that of doubles at one;
#: the next double itself, 5e-324, is proposed apart, for not every reader keeps it.
_EPSILON = sys.float_info.epsilon
_LEAST = math.ulp(0.0)


#: How far from a bound the closest number is looked for where the rest of the contract rules out
#: all that are closer: a multiple may be that far.
_GAPS = (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 8192)


def _windows(limit: float, sign: int, **bound: float) -> Iterator[Schema]:
    """Ranges that begin at `limit`, as `bound` says, each wider than the one before."""
    other = "maximum" if sign > 0 else "minimum"
    gaps = _GAPS if abs(limit) < 2**53 else (gap for gap in _GAPS if isinstance(gap, int))
    return ({"type": "number", **bound, other: limit + sign * gap} for gap in gaps)


def _beyond(limit: float, sign: int) -> tuple[Schema, ...]:
    """Numbers just above (`sign` 1) or just below (-1) `limit`."""
    next_one = sign * _EPSILON if limit == 0 else neighbour(limit, sign * math.inf)
    whole = math.floor(limit) + 1 if sign > 0 else math.ceil(limit) - 1
    bound = "exclusiveMinimum" if sign > 0 else "exclusiveMaximum"
    near = _windows(limit, sign, **{bound: limit})
    closest = sorted((next_one, whole), key=lambda number: abs(number - limit))
    consts = ({"const": number} for number in closest)
    return *consts, *near, {"type": "number", bound: limit}


def _at(limit: float, sign: int) -> tuple[Schema, ...]:
    """`limit`, or the closest the rest of the contract allows below (`sign` 1) or above it (-1)."""
    return {"const": exact(limit)}, *_windows(limit, -sign), {"type": "number"}


def neighbour(number: float, towards: float) -> float:
    """The next double in the direction of `towards`; beyond the doubles, the next integer."""
    if abs(number) >= sys.float_info.max:
        return int(number) + (1 if towards > 0 else -1)
    return math.nextafter(float(number), towards)


def exact(number: float) -> float:
    """`number` as an integer if it is one: `30`, not `30.0`, is how a bound is written."""
    return int(number) if number == int(number) and abs(number) < 2**53 else number


def _inclusive(limit: float, sign: int, side: str) -> Iterator[Proposal]:
    yield _valid("on", f"exactly {exact(limit)}", *_at(limit, sign))
    yield _violating(side, f"the closest number {side} {exact(limit)}", *_beyond(limit, sign))
    if limit == 0:
        yield _violating(f"{side}-by-the-least", "0 but for one", {"const": sign * _LEAST})
    yield _violating(
        f"{side}-by-one", f"{exact(limit)} and one {side}", {"const": exact(limit) + sign}
    )


def _exclusive(limit: float, sign: int, side: str) -> Iterator[Proposal]:
    inside = "below" if sign > 0 else "above"
    yield _violating("on", f"exactly {exact(limit)}", {"const": exact(limit)})
    yield _violating(side, f"the closest number {side} {exact(limit)}", *_beyond(limit, sign))
    yield _valid(inside, f"the closest number {inside} {exact(limit)}", *_beyond(limit, -sign))
    if limit == 0:
        least = -sign * _LEAST
        yield _valid(f"{inside}-by-the-least", f"{least}, the double next to 0", {"const": least})
    yield _violating(
        f"{side}-by-one", f"{exact(limit)} and one {side}", {"const": exact(limit) + sign}
    )


def _maximum(limit: float, _: Site) -> Iterator[Proposal]:
    return _inclusive(limit, 1, "above")


def _minimum(limit: float, _: Site) -> Iterator[Proposal]:
    return _inclusive(limit, -1, "below")


def _exclusive_maximum(limit: float, _: Site) -> Iterator[Proposal]:
    return _exclusive(limit, 1, "above")


def _exclusive_minimum(limit: float, _: Site) -> Iterator[Proposal]:
    return _exclusive(limit, -1, "below")


def _multiple_of(limit: float, _: Site) -> Iterator[Proposal]:
    some = {"type": "number", "not": {"const": 0}}
    yield _valid("on", f"a multiple of {limit}", some, {"type": "number"})
    off = {"not": {"multipleOf": limit}}
    yield _violating(
        "off",
        f"next to a multiple of {limit}",
        {"type": "integer", **off},
        {"type": "number", **off},
    )


def _upper(unit: str, kind: str, most: str, least: str) -> Boundary:
    """The boundary of a keyword that limits a length or a count from above."""

    def boundary(limit: int, _: Site) -> Iterator[Proposal]:
        near = ({"type": kind, least: max(limit - gap, 0)} for gap in (0, 1, 10))
        yield _valid("on", f"{limit} {unit}", *near, {"type": kind})
        over = limit + 1
        yield _violating(
            "above",
            f"{over} {unit}",
            {"type": kind, least: over, most: over},
            {"type": kind, least: over},
        )

    return boundary


def _lower(unit: str, kind: str, most: str, least: str) -> Boundary:
    """The boundary of a keyword that limits a length or a count from below."""

    def boundary(limit: int, _: Site) -> Iterator[Proposal]:
        near = ({"type": kind, most: limit + gap} for gap in (0, 1, 10))
        yield _valid("on", f"{limit} {unit}", *near, {"type": kind})
        under = limit - 1
        yield _violating(
            "below",
            f"{under} {unit}",
            {"type": kind, most: under, least: under},
            {"type": kind, most: under},
        )

    return boundary


_LENGTH = ("characters", "string", "maxLength", "minLength")
_ITEMS = ("items", "array", "maxItems", "minItems")
_PROPERTIES = ("properties", "object", "maxProperties", "minProperties")


def _pattern(limit: str, _: Site) -> Iterator[Proposal]:
    yield _valid("on", f"matches {limit}", {"type": "string"})
    for label, text in near_misses(limit):
        yield _violating(label, f"nearly matches {limit}", {"const": text})
    yield _violating(
        "off", f"does not match {limit}", {"type": "string", "not": {"pattern": limit}}
    )


def _unique_items(_: bool, __: Site) -> Iterator[Proposal]:
    yield _valid("on", "no two items the same", {"type": "array", "minItems": 2}, {"type": "array"})
    twice = {"type": "array", "minItems": 2, "not": {"uniqueItems": True}}
    yield _violating("twice", "two items the same", {**twice, "maxItems": 2}, twice)


def _contains(limit: Schema, _: Site) -> Iterator[Proposal]:
    yield _valid("on", "one item that matches", {"type": "array", "contains": limit})
    none = {"type": "array", "not": {"contains": limit}}
    yield _violating("none", "no item that matches", {**none, "minItems": 1}, none)


def _matching_items(number: int, site: Site) -> Schema:
    if number == 0:
        return {"type": "array", "not": {"contains": site.schema["contains"]}}
    exactly = {"minContains": number, "maxContains": number}
    return {"type": "array", "contains": site.schema["contains"], **exactly}


def _max_contains(limit: int, site: Site) -> Iterator[Proposal]:
    note = "items that match"
    yield _valid("on", f"{limit} {note}", _matching_items(limit, site), {"type": "array"})
    yield _violating("above", f"{limit + 1} {note}", _matching_items(limit + 1, site))


def _min_contains(limit: int, site: Site) -> Iterator[Proposal]:
    note = "items that match"
    under = _matching_items(limit - 1, site)
    yield _valid("on", f"{limit} {note}", _matching_items(limit, site), {"type": "array"})
    yield _violating("below", f"{limit - 1} {note}", {**under, "minItems": limit}, under)


def _required(limit: list[str], _: Site) -> Iterator[Proposal]:
    fewest = {"type": "object", "maxProperties": len(limit)}
    yield _valid("on", "the required properties and no others", fewest, {"type": "object"})
    for name in limit:
        others = [other for other in limit if other != name]
        lacking = {"type": "object", "required": others, "properties": {name: False}}
        yield _violating(f"without-{slug(name)}", f"`{name}` is absent", lacking)


def _dependent_required(limit: Mapping[str, list[str]], _: Site) -> Iterator[Proposal]:
    for trigger, names in limit.items():
        given = _requiring(trigger)
        label = slug(trigger)
        yield _valid(
            f"with-{label}",
            f"`{trigger}` and all it asks for",
            _requiring(trigger, *names),
        )
        for name in names:
            yield _violating(
                f"{label}-without-{slug(name)}",
                f"`{trigger}` is there, `{name}` is absent",
                {**given, "properties": {name: False}},
            )


def _requiring(*names: str) -> Schema:
    return {"type": "object", "required": list(dict.fromkeys(names))}


def _closed_object(limit: Schema, site: Site) -> Iterator[Proposal]:
    known = site.schema.get("properties", {})
    yield _valid("on", "all known properties and no others", _requiring(*known), {"type": "object"})
    yield _valid("on-fewest", "no other properties than must be there", {"type": "object"})
    yield _violating("unknown", "an unknown property", _with("unknown_key", {"not": limit}))
    if limit is not False:
        return
    for name, schema in known.items():
        other = _in_another_case(name)
        if other not in known and other not in site.elsewhere:
            yield _violating(f"as-{slug(other)}", f"`{name}` spelt `{other}`", _with(other, schema))
    for name, schema in site.elsewhere.items():
        yield _violating(
            f"with-{slug(name)}", f"`{name}`, which belongs elsewhere", _with(name, schema)
        )


def _with(name: str, schema: Schema) -> Schema:
    return {"type": "object", "required": [name], "properties": {name: schema}}


def _in_another_case(name: str) -> str:
    if "_" in name.strip("_"):
        head, *rest = name.split("_")
        return head + "".join(part.capitalize() for part in rest)
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return snake if snake != name else name[:1].swapcase() + name[1:]


def _closed_array(limit: Schema, site: Site) -> Iterator[Proposal]:
    most = len(site.schema.get("prefixItems", ()))
    yield _valid("on", f"{most} items", {"type": "array", "minItems": most}, {"type": "array"})
    over = (_longer_by_one(most + gap, limit) for gap in range(_MOST_ELSEWHERE))
    yield _violating("above", "an item that may not be there", *over)


#: Other schemas may know of this many items more.
_MOST_ELSEWHERE = 6


def _longer_by_one(most: int, limit: Schema) -> Schema:
    items = [*[True] * most, {"not": limit}]
    return {"type": "array", "minItems": most + 1, "maxItems": most + 1, "prefixItems": items}


def _never(_: bool, __: Site) -> Iterator[Proposal]:
    yield _violating("present", "must not be there at all", {})


#: For each JSON type a value of it that is nothing else besides, in any reader's eyes.
_SAMPLES: dict[str, tuple[Schema, ...]] = {
    "null": ({"const": None},),
    "boolean": ({"const": True}, {"const": False}),
    "integer": ({"const": 1}, {"const": 0}, {"type": "integer"}),
    "number": ({"const": 0.5}, {"const": 1.5}, {"type": "number", "not": {"type": "integer"}}),
    "string": ({"const": "text"}, {"type": "string"}),
    "array": ({"const": []}, {"type": "array"}),
    "object": ({"const": {}}, {"type": "object"}),
}


def _type(limit: str | list[str], _: Site) -> Iterator[Proposal]:
    allowed = [limit] if isinstance(limit, str) else limit
    for name in allowed:
        label = "on" if len(allowed) == 1 else f"on-{name}"
        yield _valid(label, f"of type {name}", {"type": name}, {})
    for name, schemas in _SAMPLES.items():
        if name in allowed or (name == "integer" and "number" in allowed):
            continue
        label = "fraction" if name == "number" else name
        yield _violating(label, f"{label} instead of {' or '.join(allowed)}", *schemas)


def _enum(limit: list[Any], _: Site) -> Iterator[Proposal]:
    for member in limit:
        label = "on" if len(limit) == 1 else f"on-{slug(member)}"
        yield _valid(label, f"{member!r}, one of the values", {"const": member})
    for member in limit:
        prefix = "" if len(limit) == 1 else f"{slug(member)}-"
        for label, value in _near(member):
            if not any(_same(value, other) for other in limit):
                note = f"{value!r} instead of {member!r}"
                yield _violating(prefix + label, note, {"const": value})
    yield _violating("off", "none of the values", {"not": {"enum": limit}})


def _const(limit: Any, site: Site) -> Iterator[Proposal]:
    return _enum([limit], site)


def _same(left: Any, right: Any) -> bool:
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)


def _near(value: Any) -> Iterator[tuple[str, Any]]:
    """Values that are nearly `value`: in case, in white space, of a neighbouring type."""
    if isinstance(value, str):
        yield from {"upper-case": value.upper(), "capital": value.capitalize()}.items()
        yield from {"lower-case": value.lower(), "leading-space": f" {value}"}.items()
        yield from {"trailing-space": f"{value} ", "longer": f"{value}s"}.items()
        yield from {"shorter": value[:-1], "in-a-list": [value]}.items()
    elif isinstance(value, bool):
        yield from {"opposite": not value, "number": int(value), "text": str(value).lower()}.items()
    elif isinstance(value, (int, float)):
        yield from {"one-more": value + 1, "one-less": value - 1, "text": str(value)}.items()
    elif isinstance(value, list):
        yield from {"one-more": [*value, None], "one-less": value[:-1], "object": {}}.items()
    elif isinstance(value, dict):
        yield from {"one-more": {**value, "unknown_key": True}, "array": [], "empty": {}}.items()
    else:
        yield from {"false": False, "zero": 0, "empty": "", "text": "null"}.items()


def _any_of(limit: list[Schema], _: Site) -> Iterator[Proposal]:
    for index, branch in enumerate(limit):
        yield _valid(f"on-{index}", f"branch {index}", branch)
    yield from _no_branch(limit)


def _one_of(limit: list[Schema], _: Site) -> Iterator[Proposal]:
    for index, branch in enumerate(limit):
        others = [other for other in limit if other is not branch]
        only = {"allOf": [branch], "not": {"anyOf": others}} if others else branch
        yield _valid(f"on-{index}", f"branch {index} and no other", branch, only)
    yield from _no_branch(limit)
    for one, other in combinations(range(len(limit)), 2):
        both = {"allOf": [limit[one], limit[other]]}
        yield _violating(f"both-{one}-and-{other}", f"branches {one} and {other} at once", both)


def _no_branch(limit: list[Schema]) -> Iterator[Proposal]:
    none = {"not": {"anyOf": limit}}
    for name in ("null", "string", "object"):
        schemas = tuple({"allOf": [sample, none]} for sample in _SAMPLES[name])
        yield _violating(f"none-{name}", f"no branch: {name}", *schemas)


def _not(limit: Schema, _: Site) -> Iterator[Proposal]:
    yield _valid("on", "not what is ruled out", {})
    yield _violating("ruled-out", "what is ruled out", limit)


#: One function for each keyword that asserts. A schema that is `false` counts as one, and so does
#: `false` where it closes an object or an array.
BOUNDARIES: dict[str, Boundary] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "multipleOf": _multiple_of,
    "maximum": _maximum,
    "exclusiveMaximum": _exclusive_maximum,
    "minimum": _minimum,
    "exclusiveMinimum": _exclusive_minimum,
    "maxLength": _upper(*_LENGTH),
    "minLength": _lower(*_LENGTH),
    "pattern": _pattern,
    "maxItems": _upper(*_ITEMS),
    "minItems": _lower(*_ITEMS),
    "uniqueItems": _unique_items,
    "contains": _contains,
    "maxContains": _max_contains,
    "minContains": _min_contains,
    "maxProperties": _upper(*_PROPERTIES),
    "minProperties": _lower(*_PROPERTIES),
    "required": _required,
    "dependentRequired": _dependent_required,
    "additionalProperties": _closed_object,
    "unevaluatedProperties": _closed_object,
    "items": _closed_array,
    "unevaluatedItems": _closed_array,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "false": _never,
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
