"""Build numbers: within bounds, multiples of a step, simple ones first."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, count, islice, takewhile
from typing import Any

from aleph_contract.schema.boundaries.numeric import CLOSEST, exact, neighbour

#: Numbers that are tried first; and the largest number where no maximum is given (the model takes
#: videos of up to 30 seconds).
_COMMON = (5, 0.5, 1, 2, 10, 0, 3, 4, 100, -1)
_DEFAULT_MAXIMUM = 30

#: The number just above zero; some formats round smaller doubles to zero.
_SMALLEST_POSITIVE = math.ulp(1.0)

#: Most multiples that are tried on the way from a bound.
_MAX_NEAREST = 64

#: Most numbers that are tried.
_MAX_NUMBERS = 12_000


def numbers(schemas: list[Any], hints: list[Any], size: str, *, whole: bool) -> Iterator[Any]:
    """Numbers that satisfy the numeric keywords of all `schemas`, the simplest first.

    Args:
        schemas: Schemas without unions that hold together.
        hints: Realistic numbers; those that fit come first.
        size: With `smallest` or `largest`, the bound comes first.
        whole: Whether only integers are built.
    """
    low, high = span(schemas, whole=whole)
    step = _step(schemas, whole=whole)
    seen: dict[Any, None] = {}
    nearest = (
        number
        for schema in schemas
        if CLOSEST in schema
        for number in islice(_outwards(schema[CLOSEST], step), _MAX_NEAREST)
    )
    tries = chain(
        nearest, _ends(low, high, size), _for_negations(schemas, low), hints, _COMMON, (low, high)
    )
    for number in islice(chain(tries, _ladder(low, high, step)), _MAX_NUMBERS):
        if not finite(number) or not low <= number <= high or number in seen:
            continue
        if step and Fraction(str(number)) % step:
            continue
        seen[number] = None
        yield exact(number)


def _outwards(centre: float, step: Fraction | None) -> Iterator[float]:
    """Multiples of `step`, else integers, the closest to `centre` first."""
    unit = step or Fraction(1)
    below = math.floor(Fraction(str(centre)) / unit)
    for distance in count():
        yield from map(_number, (unit * (below - distance), unit * (below + 1 + distance)))


def span(schemas: list[Any], *, whole: bool) -> tuple[float, float]:
    """The least and the greatest number within the bounds of all `schemas`, both inclusive."""
    low, high = -math.inf, math.inf
    for schema in schemas:
        low = max(low, schema.get("minimum", low))
        high = min(high, schema.get("maximum", high))
        if "exclusiveMinimum" in schema:
            low = max(low, _next(schema["exclusiveMinimum"], math.inf, whole=whole))
        if "exclusiveMaximum" in schema:
            high = min(high, _next(schema["exclusiveMaximum"], -math.inf, whole=whole))
    if whole:
        low = math.ceil(low) if finite(low) else low
        high = math.floor(high) if finite(high) else high
    return low, high


def _next(limit: float, towards: float, *, whole: bool) -> float:
    if whole:
        return math.floor(limit) + 1 if towards > 0 else math.ceil(limit) - 1
    return neighbour(limit, towards)


def _step(schemas: list[Any], *, whole: bool) -> Fraction | None:
    """The least common multiple of every `multipleOf`; `None` if there is none."""
    steps = [Fraction(str(s["multipleOf"])) for s in schemas if "multipleOf" in s]
    if whole:
        steps.append(Fraction(1))
    if not steps:
        return None
    common = steps[0]
    for step in steps[1:]:
        numerator = math.lcm(
            common.numerator * step.denominator, step.numerator * common.denominator
        )
        common = Fraction(numerator, common.denominator * step.denominator)
    return common


def _ends(low: float, high: float, size: str) -> list[float]:
    if size == "largest":
        return [high, _DEFAULT_MAXIMUM]
    return (
        [_SMALLEST_POSITIVE if 0 < low < _SMALLEST_POSITIVE else low] if size == "smallest" else []
    )


def _for_negations(schemas: list[Any], low: float) -> Iterator[float]:
    """Numbers that satisfy a `not`: between two multiples, or with a fraction."""
    start = Fraction(low) if finite(low) else Fraction(0)
    for schema in schemas:
        opposite = schema.get("not", {})
        if "multipleOf" in opposite:
            limit = Fraction(str(opposite["multipleOf"]))
            near = (limit + 1, start + 1, limit * 3 / 2, start + limit / 2, limit + Fraction(1, 2))
            yield from map(_number, near)
        if opposite.get("type") == "integer":
            yield from (
                0.5,
                1.5,
                _number(start + Fraction(1, 2)),
                neighbour(low if finite(low) else 0, math.inf),
            )


def _ladder(low: float, high: float, step: Fraction | None) -> Iterator[float]:
    """Numbers from one bound on, by `step`; without a step, spread over the range."""
    if step is None and -_MAX_SPREAD < low <= high < _MAX_SPREAD:
        yield from (low + (high - low) * part / 1024 for part in range(1, 1024))
        return
    unit = step or Fraction(1)
    by = unit.numerator if unit.denominator == 1 else unit
    if finite(low):
        start = math.ceil(Fraction(low) / by)
        steps = (_number(by * (start + n)) for n in count())
        yield from takewhile(lambda number: number <= high, steps)
    elif finite(high):
        start = math.floor(Fraction(high) / by)
        yield from (_number(by * (start - n)) for n in count())
    else:
        yield from (_number(by * n) for n in count())


#: Only a range within these limits is divided evenly: a wider one overflows a double.
_MAX_SPREAD = 1e300


def _number(value: Fraction | int) -> float:
    if isinstance(value, int):
        return value
    whole = value.denominator == 1 or abs(value) > sys.float_info.max
    return int(value) if whole else float(value)


def finite(number: float) -> bool:
    """Whether `number` is finite; an integer of any size is."""
    return isinstance(number, int) or math.isfinite(number)
