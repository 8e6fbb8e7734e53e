"""Numbers to order: within bounds, of a step, plain where there is a choice."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, count, islice, takewhile
from typing import Any

from aleph_contract.schema.boundaries.numeric import exact, neighbour

#: What is tried first, and what stands for "much" where there is no maximum: as many seconds as
#: the longest video has that the model takes.
_COMMON = (5, 0.5, 1, 2, 10, 0, 3, 4, 100, -1)
_MUCH = 30

#: What is taken for next to nothing; closer to zero doubles get lost on the way.
_LEAST = math.ulp(1.0)

#: Bound on how many numbers are given.
_MOST = 12_000


def numbers(schemas: list[Any], hints: list[Any], size: str, *, whole: bool) -> Iterator[Any]:
    """Numbers that keep the numeric keywords of all `schemas`, the plainest first.

    Args:
        schemas: Schemas without choice that hold together.
        hints: Realistic numbers; those that fit come first.
        size: `smallest` and `largest` ask for the bounds first.
        whole: Whether integers are asked for.
    """
    low, high = span(schemas, whole=whole)
    step = _step(schemas, whole=whole)
    seen: dict[Any, None] = {}
    tries = chain(_ends(low, high, size), _opposed(schemas, low), hints, _COMMON, (low, high))
    for number in islice(chain(tries, _ladder(low, high, step)), _MOST):
        if not finite(number) or not low <= number <= high or number in seen:
            continue
        if step and Fraction(str(number)) % step:
            continue
        seen[number] = None
        yield exact(number)


def span(schemas: list[Any], *, whole: bool) -> tuple[float, float]:
    """The least and the greatest number that keep the bounds of all `schemas`, ends included."""
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
    """The least common multiple of what the number must be a multiple of."""
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
        return [high, _MUCH]
    return [_LEAST if 0 < low < _LEAST else low] if size == "smallest" else []


def _opposed(schemas: list[Any], low: float) -> Iterator[float]:
    """Numbers for a `not` beside them: off a multiple, or with a fraction."""
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
    """Ever more numbers from one end, by `step`, or spread over the range."""
    if step is None and -_SPREAD < low <= high < _SPREAD:
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


#: Ranges within this are spread evenly; beyond, doubles are too far apart or have no end.
_SPREAD = 1e300


def _number(value: Fraction | int) -> float:
    if isinstance(value, int):
        return value
    whole = value.denominator == 1 or abs(value) > sys.float_info.max
    return int(value) if whole else float(value)


def finite(number: float) -> bool:
    """Whether `number` is one; an integer is, however large."""
    return isinstance(number, int) or math.isfinite(number)
