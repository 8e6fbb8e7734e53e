"""Prices and bills in exact decimal arithmetic, never in floats."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from aleph_contract.contract import BILLED_FIELD
from aleph_contract.errors import ArgumentError

#: USD that a run without a known price costs.
ZERO_USD = Decimal(0)

#: Sums and products are exact or raise. 5000 digits hold every number that the JSON parser accepts.
EXACT = Context(prec=5000, traps=[Inexact, InvalidOperation])


@dataclass(frozen=True, slots=True)
class Bill:
    """What the runs of an account would have cost.

    Args:
        runs: Completed runs.
        seconds: Seconds of source video in them: the sum of `duration`.
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


def billed_seconds(value: Any) -> Decimal | None:
    """Seconds of source video that a run with this input is billed for; `None` if unknown.

    They are the input's `duration`, which exists for billing only (documented). A number with a
    fraction counts as its nearest double, written with the fewest digits, as JSON parsers read it.
    """
    duration = value.get(BILLED_FIELD) if isinstance(value, dict) else None
    if duration is None:
        return None
    if isinstance(duration, bool) or not isinstance(duration, (int, float)) or duration < 0:
        return None
    return Decimal(repr(float(duration)) if isinstance(duration, float) else duration)


def cost(seconds: Decimal | None, price: Decimal | None) -> Decimal:
    """USD for `seconds` at `price` USD per second, exactly; 0 if either is unknown."""
    if seconds is None or price is None:
        return ZERO_USD
    return EXACT.multiply(seconds, price)


def amount(name: str, given: Decimal | str | float) -> Decimal:
    """Parse an amount in USD, such as `5`, `"1.68"` or `"$5"`.

    Args:
        name: Name of the argument, for the error message.
        given: The amount.

    Raises:
        ArgumentError: It is not a number, is negative, or is not finite.
    """
    try:
        value = Decimal(str(given).strip().removeprefix("$"))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise ArgumentError(f"{name} is an amount in USD such as 5 or 1.68, not {given!r}")
    return value


def exceeds(before: Decimal, after: Decimal, limit: Decimal) -> bool:
    """Whether a run that raises a bill from `before` to `after` exceeds `limit`."""
    return after > limit or before >= limit
