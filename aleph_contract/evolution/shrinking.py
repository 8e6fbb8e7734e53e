"""Make a value smaller while a condition still holds of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from aleph_contract.core.jsonvalue import dumps

Condition = Callable[[Any], bool]

#: Most values tried for one witness, so that a huge value does not take minutes.
MAX_TRIES = 1500

#: Decimal places that a number is rounded to, the fewest first.
_PLACES = (1, 2, 3, 6)


def shrink(value: Any, holds: Condition) -> Any:
    """The smallest value found for which `holds` is still true.

    Members, items and characters are removed; numbers move to zero, so that a number that has to
    be outside of a bound ends just outside.
    """
    tries = count(1)

    def bounded(smaller: Any) -> bool:
        return next(tries) <= MAX_TRIES and holds(smaller)

    while True:
        smaller = _pass(value, bounded)
        if dumps(smaller) == dumps(value):
            return value
        value = smaller


def _pass(value: Any, holds: Condition) -> Any:
    """The value after one attempt at each of its parts."""
    if isinstance(value, dict):
        return _object(value, holds)
    if isinstance(value, list):
        return _items(_shorter(value, holds), holds)
    if isinstance(value, str):
        return _shorter(value, holds)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(value, holds)
    return value


def _object(value: dict[str, Any], holds: Condition) -> dict[str, Any]:
    for name in list(value):
        without = {key: part for key, part in value.items() if key != name}
        if holds(without):
            value = without
    for name, part in value.items():
        value = {**value, name: _pass(part, _inside(value, name, holds))}
    return value


def _items(value: list[Any], holds: Condition) -> list[Any]:
    for index, part in enumerate(value):
        before, after = value[:index], value[index + 1 :]
        value = [*before, _pass(part, _between(before, after, holds)), *after]
    return value


def _inside(value: dict[str, Any], name: str, holds: Condition) -> Condition:
    return lambda part: holds({**value, name: part})


def _between(before: list[Any], after: list[Any], holds: Condition) -> Condition:
    return lambda part: holds([*before, part, *after])


def _shorter(value: Any, holds: Condition) -> Any:
    """A list or text without runs: of half its length first, of one item or character last."""
    run = (len(value) + 1) // 2
    while run and value:
        start = 0
        while start < len(value):
            without = value[:start] + value[start + run :]
            if holds(without):
                value = without
            else:
                start += run if isinstance(value, list) else max(run, len(value) - run - start)
        run = min(run // 2, len(value))
    return value


def _number(value: float, holds: Condition) -> Any:
    """The number with fewer digits, then without its sign, then nearer to zero."""
    for simpler in _rounded(value):
        if holds(simpler):
            value = simpler
            break
    if value < 0 and holds(-value):
        value = -value
    if isinstance(value, int):
        step = abs(value)
        while step:
            nearer = value - step if value > 0 else value + step
            if step <= abs(value) and holds(nearer):
                value = nearer
            else:
                step //= 2
    return value


def _rounded(value: float) -> Iterator[Any]:
    """0, then the number with more and more decimal places, as long as they are fewer than now."""
    if value:
        yield 0
    if isinstance(value, float) and abs(value) < 2.0**53:
        for nearest in (int(value), round(value), *(round(value, n) for n in _PLACES)):
            if nearest and len(repr(nearest)) < len(repr(value)):
                yield nearest
