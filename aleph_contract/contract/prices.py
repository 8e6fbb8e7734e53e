"""The prices of a catalog entry: their units, their tiers, and the members that state a quantity.

An entry publishes prices by unit, such as `Default (per second)`, `@720p (per second)` or
`Per image`. It does not say which member of an input states the seconds: `quantities.json` holds
the names that the published entries use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

_LABEL = re.compile(
    r"(?:@(?P<tier>\S+)|default|(?P<tokens>[a-z ]*tokens))?\s*"
    r"(?P<other>non-)?(?:(?P<medium>\w+) input)?\s*\(?per (?P<unit>.+?)\)?"
    r"|\w+_(?P<plural>\w+)s",  # such as `output_audio_seconds`
    re.IGNORECASE,
)

#: Unit of a price for a million tokens.
MILLION = "1m"


@dataclass(frozen=True, slots=True)
class Price:
    """One published price.

    Args:
        label: The price's name in the entry.
        usd: The price in USD.
        unit: What it is for, such as `second`, `image` or `1m`; empty if the label does not say.
        tier: The value of the input that it is for, such as `720p`; empty for every value.
        medium: The kind of source that decides whether it applies, such as `video`; empty if none.
        with_medium: Whether it is for inputs that have such a source.
        tokens: The tokens that it is for, such as `input tokens`; empty for other units.
    """

    label: str
    usd: Decimal
    unit: str = ""
    tier: str = ""
    medium: str = ""
    with_medium: bool = False
    tokens: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A member that states how many units are billed.

    Args:
        member: Its name; of a reply, the names on the way to it, separated by `/`.
        factor: Units for each 1 in the member: 0.001 seconds for milliseconds.
    """

    member: str
    factor: Decimal = Decimal(1)


def prices(pricing: Mapping[str, Decimal]) -> tuple[Price, ...]:
    """The prices of an entry; a label that is not understood, such as `hd`, has no unit."""
    return tuple(_price(label, usd) for label, usd in pricing.items())


def price_per_second(pricing: Mapping[str, Decimal]) -> Decimal | None:
    """The price per second if the entry states no other price; else `None`."""
    known = prices(pricing)
    if len(known) == 1 and known[0].unit == "second" and not known[0].tier:
        return known[0].usd
    return None


def quantities(unit: str, schema: Any = None) -> tuple[Quantity, ...]:
    """The members that may state a quantity of a unit.

    Args:
        unit: The unit, such as `second`.
        schema: An input schema; if it has some of the members, the others are left out.
    """
    known = _quantities().get(unit, ())
    names = set(_names(schema))
    return tuple(quantity for quantity in known if quantity.member in names) or known


def _price(label: str, usd: Decimal) -> Price:
    match = _LABEL.fullmatch(label.strip())
    if match is None:
        return Price(label, usd)
    medium = (match["medium"] or "").lower()
    return Price(
        label,
        usd,
        (match["unit"] or match["plural"]).lower(),
        (match["tier"] or "").lower(),
        medium,
        bool(medium) and match["other"] is None,
        (match["tokens"] or "").lower(),
    )


@lru_cache(maxsize=1)
def _quantities() -> Mapping[str, tuple[Quantity, ...]]:
    table = json.loads(Path(__file__).with_name("quantities.json").read_bytes())
    return {
        unit: tuple(Quantity(name, Decimal(str(factor))) for name, factor in members.items())
        for unit, members in table.items()
    }


def _names(schema: Any) -> Iterator[str]:
    """The properties of a schema and of its branches."""
    if isinstance(schema, Mapping):
        yield from schema.get("properties", ())
        for keyword in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(keyword, ()):
                yield from _names(branch)
