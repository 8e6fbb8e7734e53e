"""Boundaries of numbers: bounds and multiples."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator

from aleph_contract.schema.boundaries.proposals import (
    Proposal,
    Schema,
    Site,
    near,
    valid,
    violating,
)

#: Next to zero the step is that of doubles at one. The next double itself, 5e-324, is a proposal of
#: its own, because some readers round it to zero.
_EPSILON = sys.float_info.epsilon
_LEAST = math.ulp(0.0)


#: Annotation of a proposal: the builder tries the numbers closest to this one first. Only the
#: builder knows the grid that every `multipleOf` of the contract makes.
CLOSEST = "closestTo"

#: Distances from a bound within which a number is searched if the rest of the contract forbids the
#: closest one; the next allowed multiple may be that far.
_GAPS = (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 8192)


def _windows(limit: float, sign: int, **bound: float) -> Iterator[Schema]:
    """Ranges that begin at `limit`, each wider than the one before; `bound` is their near end."""
    other = "maximum" if sign > 0 else "minimum"
    gaps = _GAPS if abs(limit) < 2**53 else (gap for gap in _GAPS if isinstance(gap, int))
    return ({"type": "number", **bound, other: limit + sign * gap} for gap in gaps)


def _beyond(limit: float, sign: int) -> tuple[Schema, ...]:
    """Numbers just above (`sign` 1) or just below (-1) `limit`."""
    next_one = sign * _EPSILON if limit == 0 else neighbour(limit, sign * math.inf)
    bound = "exclusiveMinimum" if sign > 0 else "exclusiveMaximum"
    windows = _windows(limit, sign, **{bound: limit})
    ahead = {"type": "number", bound: limit}
    whole = math.floor(limit) + 1 if sign > 0 else math.ceil(limit) - 1
    nearer = [whole] if abs(whole - limit) < abs(next_one - limit) else []
    consts = ({"const": number} for number in (*nearer, next_one))
    return *consts, {**ahead, CLOSEST: limit}, *windows, ahead


def _inside(limit: float, sign: int) -> tuple[Schema, ...]:
    """The closest allowed number below `limit` (`sign` 1) or above it (-1)."""
    bound = "maximum" if sign > 0 else "minimum"
    return {"type": "number", bound: limit, CLOSEST: limit}, *_windows(limit, -sign)


def neighbour(number: float, towards: float) -> float:
    """The next double towards `towards`; from the largest double on, the next integer."""
    if abs(number) >= sys.float_info.max:
        return int(number) + (1 if towards > 0 else -1)
    return math.nextafter(float(number), towards)


def exact(number: float) -> float:
    """`number`, as an integer if it is one: a bound is written `30`, not `30.0`."""
    return int(number) if number == int(number) and abs(number) < 2**53 else number


def _inclusive(limit: float, sign: int, side: str) -> Iterator[Proposal]:
    yield valid("on", f"exactly {exact(limit)}", {"const": exact(limit)})
    yield near(
        f"the allowed number closest to {exact(limit)}, which is not allowed itself",
        *_inside(limit, sign),
    )
    yield violating(side, f"the closest number {side} {exact(limit)}", *_beyond(limit, sign))
    if limit == 0:
        yield violating(f"{side}-by-the-least", "the double next to 0", {"const": sign * _LEAST})
    yield violating(
        f"{side}-by-one", f"{exact(limit)} and one {side}", {"const": exact(limit) + sign}
    )


def _exclusive(limit: float, sign: int, side: str) -> Iterator[Proposal]:
    inside = "below" if sign > 0 else "above"
    yield violating("on", f"exactly {exact(limit)}", {"const": exact(limit)})
    yield violating(side, f"the closest number {side} {exact(limit)}", *_beyond(limit, sign))
    yield valid(inside, f"the closest number {inside} {exact(limit)}", *_beyond(limit, -sign))
    if limit == 0:
        least = -sign * _LEAST
        yield valid(f"{inside}-by-the-least", f"{least}, the double next to 0", {"const": least})
    yield violating(
        f"{side}-by-one", f"{exact(limit)} and one {side}", {"const": exact(limit) + sign}
    )


def maximum(limit: float, _: Site) -> Iterator[Proposal]:
    """`maximum`: at most `limit`."""
    return _inclusive(limit, 1, "above")


def minimum(limit: float, _: Site) -> Iterator[Proposal]:
    """`minimum`: at least `limit`."""
    return _inclusive(limit, -1, "below")


def exclusive_maximum(limit: float, _: Site) -> Iterator[Proposal]:
    """`exclusiveMaximum`: less than `limit`."""
    return _exclusive(limit, 1, "above")


def exclusive_minimum(limit: float, _: Site) -> Iterator[Proposal]:
    """`exclusiveMinimum`: more than `limit`."""
    return _exclusive(limit, -1, "below")


def multiple_of(limit: float, _: Site) -> Iterator[Proposal]:
    """`multipleOf`: an integral number of times `limit`."""
    some = {"type": "number", "not": {"const": 0}}
    yield valid("on", f"a multiple of {limit}", some, {"type": "number"})
    off = {"not": {"multipleOf": limit}}
    yield violating(
        "off",
        f"next to a multiple of {limit}",
        {"type": "integer", **off},
        {"type": "number", **off},
    )
