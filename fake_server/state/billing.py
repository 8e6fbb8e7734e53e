"""Prices and bills in exact decimal arithmetic, never in floats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from aleph_contract.contract.prices import Quantity
from aleph_contract.errors import ArgumentError

_ONE = Decimal(1)

#: USD that a run without a known price costs.
ZERO_USD = Decimal(0)

#: Sums and products are exact or raise. 5000 digits hold every number that the JSON parser accepts.
EXACT = Context(prec=5000, traps=[Inexact, InvalidOperation])


@dataclass(frozen=True, slots=True)
class Bill:
    """What the runs of an account would have cost.

    Args:
        runs: Completed runs.
        seconds: The billed seconds: of runwayml/aleph-2, the sum of `duration`.
        usd: USD for these seconds.
        runs_without_duration: Completed runs whose cost is unknown, such as those without a
            `duration`.
        doubtful_runs: Runs that did not complete, but that the service may have charged for.
        doubtful_usd: USD for these, if it charged.
        unknown: Why the cost of the latest such run is unknown; empty if every cost is known.
    """

    runs: int = 0
    seconds: Decimal = Decimal(0)
    usd: Decimal = Decimal(0)
    runs_without_duration: int = 0
    doubtful_runs: int = 0
    doubtful_usd: Decimal = Decimal(0)
    unknown: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """A rule of the gateway: at most `usd` within `period` seconds.

    The fake never resets it, because a test cannot wait for the next period (assumed).
    """

    usd: Decimal
    rule: str = "default"
    period: int = 86_400


def stated(value: Any, factor: Decimal = _ONE) -> Decimal | None:
    """The number that a member states, times a factor; `None` if it is not a number from 0.

    A number with a fraction counts as its nearest double, written with the fewest digits, as JSON
    parsers read it.
    """
    if value is None or isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        return None
    exact = Decimal(repr(float(value)) if isinstance(value, float) else value)
    return exact if factor is _ONE else EXACT.multiply(exact, factor)


def billed_seconds(value: Any, members: Sequence[Quantity]) -> Decimal | None:
    """Seconds that a run with this input is billed for; `None` if it states none as a number.

    Args:
        value: The input.
        members: The members that may state them; of runwayml/aleph-2, `duration`, which exists for
            billing only (documented).
    """
    if isinstance(value, dict):
        for quantity in members:
            seconds = stated(value.get(quantity.member), quantity.factor)
            if seconds is not None:
                return seconds
    return None


def cost(seconds: Decimal | None, price: Decimal | None) -> Decimal:
    """USD for `seconds` at `price` USD per second, exactly; 0 if either is unknown."""
    if seconds is None or price is None:
        return ZERO_USD
    return EXACT.multiply(seconds, price)


#: The largest power of ten of an amount in USD, and of its inverse: 1e12 and 1e-12 are accepted.
MAX_ORDER = 12


def amount(name: str, given: Decimal | str | float) -> Decimal:
    """Parse an amount in USD, such as `5`, `"1.68"` or `"$5"`.

    Args:
        name: Name of the argument, for the error message.
        given: The amount.

    Raises:
        ArgumentError: It is not a number, is negative, or has an order of magnitude beyond
            `MAX_ORDER`.
    """
    value: Decimal | None
    try:
        value = Decimal(str(given).strip().removeprefix("$"))
    except InvalidOperation:
        value = None
    if (
        value is None
        or not value.is_finite()
        or value < 0
        or (value and abs(value.adjusted()) > MAX_ORDER)
    ):
        raise ArgumentError(f"{name} is an amount in USD such as 5 or 1.68, not {str(given)!r}")
    return value


def exceeds(before: Decimal, after: Decimal, limit: Decimal) -> bool:
    """Whether a run that raises a bill from `before` to `after` exceeds `limit`."""
    return after > limit or before >= limit
