"""The price of a run by the published price of its model.

A price that neither the input nor the reply decides is unknown, with the reason: a bill never holds
a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.contract.examples import readings
from aleph_contract.contract.prices import MILLION, Price, Quantity, prices, quantities
from fake_server.state.billing import EXACT, ZERO_USD, stated

_ONE = Decimal(1)
_PER_TOKEN = Decimal("0.000001")

#: A length as text, such as `8s`.
_LENGTH = re.compile(r"\d{1,9}(\.\d{1,9})?s?", re.ASCII)


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


def per_token(contract: Contract) -> bool:
    """Whether the price of a run depends on the tokens that its reply states."""
    return any(price.unit == MILLION for price in prices(contract.pricing))


def quote(contract: Contract, value: Any, reply: Any = None) -> Quote:
    """The price of a run.

    Args:
        contract: The contract of the model.
        value: The input.
        reply: The reply, which states the tokens; `None` if it is not known.
    """
    if not contract.pricing:
        return _unknown("the catalog entry states no price")
    if not any(contract.pricing.values()):
        return Quote(Decimal(0))
    known = prices(contract.pricing)
    if len({price.unit for price in known}) != 1:
        units = ", ".join(contract.pricing)
        return _unknown(f"the price has units that the input does not decide: {units}")
    if known[0].unit == MILLION:
        return _tokens(known, reply)
    if not known[0].unit:
        return _unknown(f"the price does not say its unit: {', '.join(contract.pricing)}")
    given = _with_defaults(contract, value)
    fitting = _fitting(known, contract, given)
    if not fitting:
        return _unknown("no tier of the price fits the input, and there is no default tier")
    if len({price.usd for price in fitting}) > 1:
        labels = ", ".join(price.label for price in fitting)
        return _unknown(f"several prices fit the input: {labels}")
    return _priced(fitting[0], contract, given)


def _unknown(reason: str) -> Quote:
    return Quote(None, unknown=reason)


def _with_defaults(contract: Contract, value: Any) -> dict[str, Any]:
    """The members of an input, and the defaults of those that are absent."""
    defaults = {
        name: rules["default"]
        for name, rules in _properties(contract).items()
        if isinstance(rules, Mapping) and "default" in rules
    }
    return defaults | dict(value) if isinstance(value, Mapping) else defaults


def _properties(contract: Contract) -> Mapping[str, Any]:
    schema = contract.input_schema
    return schema.get("properties", {}) if isinstance(schema, Mapping) else {}


def _fitting(
    known: Sequence[Price], contract: Contract, given: Mapping[str, Any]
) -> Sequence[Price]:
    """The prices of the tier that a value of the input names; else those of the default tier."""
    tiers = {price.tier for price in known if price.tier}
    if not tiers:
        return known
    listed = [n for n, rules in _properties(contract).items() if tiers & set(_listed(rules))]
    # A prompt can be "720p": a member that lists the tiers decides, if there is one.
    texts = (given.get(name) for name in (listed or given))
    named = {text.lower() for text in texts if isinstance(text, str)}
    fitting = [
        price
        for price in known
        if price.tier in named
        and price.tier
        and (not price.medium or _has(given, price.medium) is price.with_medium)
    ]
    return fitting or [price for price in known if not price.tier]


def _listed(rules: Any) -> Sequence[str]:
    """The texts that a schema lists, in lower case."""
    if not isinstance(rules, Mapping):
        return ()
    branches = [*rules.get("anyOf", ()), *rules.get("oneOf", ())]
    found = [text.lower() for text in rules.get("enum", ()) if isinstance(text, str)]
    return [*found, *(text for branch in branches for text in _listed(branch))]


def _has(given: Mapping[str, Any], medium: str) -> bool:
    """Whether the input has a source of a kind, such as `reference_videos` for `video`."""
    return any(
        medium in name and value and isinstance(value, (str, list, Mapping))
        for name, value in given.items()
    )


def _priced(price: Price, contract: Contract, given: Mapping[str, Any]) -> Quote:
    unit = price.unit
    if unit == "request":
        return Quote(Decimal(0), price.usd)
    members = quantities(unit, contract.input_schema)
    if not members:
        return _unknown(f"the price is per {unit}, which nothing in the input states")
    measured = (_measured(unit, given.get(quantity.member), quantity) for quantity in members)
    count = next((found for found in measured if found is not None), None)
    if count is None and unit == "image":
        count = _ONE  # an input that states no number of images asks for one
    if count is None:
        names = " or ".join(quantity.member for quantity in members)
        return _unknown(f"the price is per {unit}, and the input states no {names}")
    seconds = count if unit == "second" else Decimal(0)
    return Quote(seconds, EXACT.multiply(count, price.usd))


def _measured(unit: str, value: Any, quantity: Quantity) -> Decimal | None:
    """The units that a value states; of a price per character, the length of a text."""
    if unit == "character":
        return Decimal(len(value)) if isinstance(value, str) else None
    if isinstance(value, str) and _LENGTH.fullmatch(value):
        return EXACT.multiply(Decimal(value.removesuffix("s")), quantity.factor)
    return stated(value, quantity.factor)


def _tokens(known: Sequence[Price], reply: Any) -> Quote:
    """The price of the tokens that a reply states."""
    total = ZERO_USD
    for price in known:
        members = quantities(price.tokens.removesuffix("s"))
        places = ((part, quantity.member) for part in readings(reply) for quantity in members)
        counts = (stated(_at(*place)) for place in places)
        count = next((found for found in counts if found is not None), None)
        if count is None:
            which = price.tokens or "tokens"
            return _unknown(f"the price is per token, and the reply does not state the {which}")
        total += EXACT.multiply(count, EXACT.multiply(price.usd, _PER_TOKEN))
    return Quote(Decimal(0), total)


def _at(reply: Any, path: str) -> Any:
    for name in path.split("/"):
        reply = reply.get(name) if isinstance(reply, Mapping) else None
    return reply
