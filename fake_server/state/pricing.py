"""The price of a run by the published price of its model.

An entry publishes prices by unit, such as `Default (per second)`, `@720p (per second)` or
`Per image`. A price that cannot be computed from the input is unknown, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aleph_contract.contract import BILLED_FIELD, Contract
from fake_server.state.billing import EXACT, ZERO_USD, billed_seconds

_UNIT = re.compile(
    r"(?:@(?P<tier>\S+)|default|[a-z ]*tokens)?\s*"
    r"(?P<video>(?:non-)?video input)?\s*\(?per (?P<unit>.+?)\)?",
    re.IGNORECASE,
)

#: Members that hold the text that a price per character counts.
_TEXTS = ("text", "input", "prompt")

#: Members that say how many images a run makes.
_COUNTS = ("n", "num_images", "number_of_images")


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of one run.

    Args:
        seconds: The billed seconds, 0 for a price of another unit; `None` if the price is unknown.
        usd: The price; 0 if unknown.
        unknown: Why the price is unknown; empty if it is known.
    """

    seconds: Decimal | None
    usd: Decimal = ZERO_USD
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class _Price:
    tier: str
    video: bool | None
    unit: str
    usd: Decimal


def flat_price(contract: Contract) -> Decimal | None:
    """The price per second if the entry states no other price; else `None`."""
    prices = _prices(contract.pricing)
    if len(prices) == 1 and len(contract.pricing) == 1 and not prices[0].tier:
        return prices[0].usd if prices[0].unit == "second" else None
    return None


def quote(contract: Contract, value: Any) -> Quote:
    """The price of a run with this input."""
    if not contract.pricing:
        return _unknown("the catalog entry states no price")
    if not any(contract.pricing.values()):
        return Quote(Decimal(0))
    prices = _prices(contract.pricing)
    if len({price.unit for price in prices}) != 1:
        units = ", ".join(contract.pricing)
        return _unknown(f"the price has units that the input does not decide: {units}")
    given = _with_defaults(contract, value)
    price = _chosen(prices, given)
    if price is None:
        return _unknown("no tier of the price fits the input, and there is no default tier")
    return _priced(price, given)


def _unknown(reason: str) -> Quote:
    return Quote(None, unknown=reason)


def _prices(pricing: Mapping[str, Decimal]) -> list[_Price]:
    """The prices whose unit is understood; `hd: 0.17` states none."""
    found = []
    for label, usd in pricing.items():
        match = _UNIT.fullmatch(label.strip())
        if match is None:
            found.append(_Price("", None, "", usd))
            continue
        video = match["video"]
        kind = None if video is None else not video.lower().startswith("non")
        found.append(_Price((match["tier"] or "").lower(), kind, match["unit"].lower(), usd))
    return found


def _with_defaults(contract: Contract, value: Any) -> dict[str, Any]:
    """The members of an input, and the defaults of those that are absent."""
    schema = contract.input_schema
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    defaults = {
        name: rules["default"]
        for name, rules in properties.items()
        if isinstance(rules, Mapping) and "default" in rules
    }
    return defaults | dict(value) if isinstance(value, Mapping) else defaults


def _chosen(prices: list[_Price], given: Mapping[str, Any]) -> _Price | None:
    """The price of the tier that a value of the input names; else that of the default tier."""
    names = {value.lower() for value in given.values() if isinstance(value, str)}
    has_video = any(
        "video" in name and value and isinstance(value, (str, list, Mapping))
        for name, value in given.items()
    )
    tiers = [price for price in prices if price.tier in names and price.tier]
    fitting = [price for price in tiers if price.video in (None, has_video)]
    if fitting:
        return fitting[0]
    return next((price for price in prices if not price.tier), None)


def _priced(price: _Price, given: Mapping[str, Any]) -> Quote:
    if price.unit == "second":
        seconds = _seconds(given)
        if seconds is None:
            return _unknown(f"the input states no {BILLED_FIELD} in seconds")
        return Quote(seconds, EXACT.multiply(seconds, price.usd))
    if price.unit == "image":
        counts = (given[name] for name in _COUNTS if isinstance(given.get(name), int))
        return Quote(Decimal(0), EXACT.multiply(Decimal(next(counts, 1)), price.usd))
    if price.unit == "character":
        text = next((given[name] for name in _TEXTS if isinstance(given.get(name), str)), None)
        if text is None:
            return _unknown("the input has no text whose characters are counted")
        return Quote(Decimal(0), EXACT.multiply(Decimal(len(text)), price.usd))
    if price.unit == "request":
        return Quote(Decimal(0), price.usd)
    if price.unit == "1m":
        return _unknown("the price is per token, and the input does not state the tokens")
    return _unknown(f"the price is per {price.unit or 'unstated unit'}")


def _seconds(given: Mapping[str, Any]) -> Decimal | None:
    """The billed seconds: the duration as a number, or as a text such as `8s`."""
    duration = given.get(BILLED_FIELD)
    if isinstance(duration, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9})?s?", duration, re.ASCII):
        return Decimal(duration.removesuffix("s"))
    return billed_seconds(given)
