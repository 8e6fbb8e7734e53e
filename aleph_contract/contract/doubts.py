"""Inputs of one model that its schema allows, but that its documentation leaves open or excludes.

The doubts of a model are data, in `entries/MODEL.doubts.json` with `/` in the model id written as
`__`. A model without such a file has none. Two forms:

    {"together": ["/keyframes", "/prompt_images"], "reason": "…"}
    {"at": "/keyframes/*/seconds", "above": "/duration", "reason": "…"}

The first applies to an input with non-empty values at all the locations, the second to an input
with a number at `at` that is greater than `above`: a number, or the location of one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from aleph_contract.schema.pointers import parts


@dataclass(frozen=True, slots=True)
class Together:
    """Values that may not be meant to be given together.

    Args:
        locations: JSON Pointer patterns; `*` stands for every item.
        reason: Why the documentation leaves it open, in one sentence.
    """

    locations: tuple[str, ...]
    reason: str

    def applies(self, value: Any) -> bool:
        """Whether `value` has a non-empty value at every location."""
        return all(any(_values(value, parts(place))) for place in self.locations)


@dataclass(frozen=True, slots=True)
class Above:
    """A number that may be too large.

    Args:
        at: JSON Pointer pattern of the number.
        limit: The largest number that is not in doubt, or the JSON Pointer pattern of that number.
        reason: Why the documentation leaves it open, in one sentence.
    """

    at: str
    limit: float | str
    reason: str

    def applies(self, value: Any) -> bool:
        """Whether `value` has a number at `at` that is greater than the limit."""
        return any(
            number > limit for limit in self.limits(value) for number in _numbers(value, self.at)
        )

    def limits(self, value: Any) -> Iterator[float]:
        """The limits that hold for `value`."""
        if isinstance(self.limit, str):
            return _numbers(value, self.limit)
        return iter((self.limit,))


InputDoubt = Together | Above


@lru_cache(maxsize=64)
def doubts_of(model: str) -> tuple[InputDoubt, ...]:
    """The doubts of the model with this id; empty if none are recorded."""
    file = Path(__file__).with_name("entries") / f"{model.replace('/', '__')}.doubts.json"
    if not file.is_file():
        return ()
    return tuple(map(_doubt, json.loads(file.read_bytes())["doubts"]))


def _doubt(row: dict[str, Any]) -> InputDoubt:
    if "together" in row:
        return Together(tuple(row["together"]), row["reason"])
    return Above(row["at"], row["above"], row["reason"])


def _numbers(value: Any, pattern: str) -> Iterator[float]:
    for found in _values(value, parts(pattern)):
        if isinstance(found, (int, float)) and not isinstance(found, bool):
            yield found


def _values(value: Any, path: Sequence[str]) -> Iterator[Any]:
    """The values in `value` at the locations that match `path`."""
    if not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _values(value[path[0]], path[1:])
    elif isinstance(value, list) and path[0] == "*":
        for item in value:
            yield from _values(item, path[1:])
