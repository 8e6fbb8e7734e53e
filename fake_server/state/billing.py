"""Money: what runs cost, to the last digit. Nothing here passes through a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from aleph_contract.errors import ArgumentError

NOTHING = Decimal(0)

#: Sums and products are exact, or an error: 5000 digits hold every number the JSON reader lets in.
EXACT = Context(prec=5000, traps=[Inexact, InvalidOperation])


@dataclass(frozen=True, slots=True)
class Bill:
    """What the owner of an account would have paid.

    Args:
        runs: Completed runs.
        seconds: Seconds of source video in them, as their `duration` said.
        usd: What these cost.
        runs_without_duration: Completed runs without a `duration`; nobody knows what they cost.
        doubtful_runs: Runs that did not complete, but that the service may have charged for.
        doubtful_usd: What these would have cost.
    """

    runs: int = 0
    seconds: Decimal = Decimal(0)
    usd: Decimal = Decimal(0)
    runs_without_duration: int = 0
    doubtful_runs: int = 0
    doubtful_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """A rule of the gateway that stops runs: so many USD within so many seconds.

    The fake does not reset it (assumed: nobody wants a test that waits for midnight).
    """

    usd: Decimal
    rule: str = "default"
    period: int = 86_400


def billed_seconds(value: Any) -> Decimal | None:
    """Seconds of source video that a run of this input is billed for; `None` if nobody knows.

    They are the input's `duration`, which exists for nothing else (documented). Of a number with
    a fraction the nearest double counts, in its shortest spelling, as in any JSON reader.
    """
    duration = value.get("duration") if isinstance(value, dict) else None
    if duration is None:
        return None
    if isinstance(duration, bool) or not isinstance(duration, (int, float)) or duration < 0:
        return None
    return Decimal(repr(float(duration)) if isinstance(duration, float) else duration)


def cost(seconds: Decimal | None, price: Decimal | None) -> Decimal:
    """USD for so many seconds at so many USD each, exactly; 0 where either is unknown."""
    if seconds is None or price is None:
        return NOTHING
    return EXACT.multiply(seconds, price)


def amount(name: str, given: Decimal | str | float) -> Decimal:
    """An amount of money as somebody wrote it.

    Raises:
        ArgumentError: It is no number, or negative, or not finite.
    """
    try:
        value = Decimal(str(given).strip().removeprefix("$"))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise ArgumentError(f"{name} is an amount in USD such as 5 or 1.68, not {given!r}")
    return value


def exceeds(before: Decimal, after: Decimal, limit: Decimal) -> bool:
    """Whether a run that takes a bill from `before` to `after` is one too many."""
    return after > limit or before >= limit
