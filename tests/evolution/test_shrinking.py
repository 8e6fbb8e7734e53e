"""Witnesses are small: numbers near zero or just outside, short strings, few members."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aleph_contract.evolution.shrinking import shrink


@pytest.mark.parametrize(
    ("value", "holds", "smallest"),
    [
        (4294967295, lambda v: v > 1000, 1001),
        (-40, lambda v: v < 0, -1),
        (-40, lambda v: abs(v) >= 7, 7),
        (0.123456789, lambda v: v > 0.1, 0.12),
        (17.25, lambda v: v > 2, 3),
        (10**60, lambda v: v > 10**30, 10**30 + 1),
        ("x" * 5000, lambda v: len(v) > 1003, "x" * 1004),
        ("abcdef", lambda v: "e" in v, "e"),
        ([1, 2, 3, 4], lambda v: 3 in v, [3]),
        (list(range(100)), lambda v: len(v) > 5, [0] * 6),
        ({"a": 1, "b": {"c": 5, "d": 6}}, lambda v: "d" in v.get("b", {}), {"b": {"d": 0}}),
        ({"a": True}, lambda v: "a" in v, {"a": True}),
    ],
)
def test_a_value_shrinks_to_the_smallest(
    value: Any, holds: Callable[[Any], bool], smallest: Any
) -> None:
    assert shrink(value, holds) == smallest


def test_a_condition_that_always_holds_ends() -> None:
    assert shrink({"a": [1.5, "x", {"b": 1e300}]}, lambda _: True) == {}
