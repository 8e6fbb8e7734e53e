"""Calls for the tests of drivers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aleph_contract.core.outcome import Outcome
from aleph_contract.drivers import Call, Driver


def calls(*inputs: Any, timeout: float = 20.0, text: str | None = None) -> list[Call]:
    """One call per input: case `c0` of `account0` with `token0`, then `c1` of `account1`."""
    return [
        Call(f"c{i}", value, text, "http://base", f"account{i}", f"token{i}", timeout)
        for i, value in enumerate(inputs)
    ]


def drive(driver: Driver, given: Iterable[Call]) -> list[Outcome]:
    """Make calls with a driver; return the outcomes in the order of the calls."""
    given = list(given)
    with driver:
        ended = dict(driver.run(given))
    return [ended[call] for call in given]
