"""What a call costs at worst, and a cap on the sum.

The price of a call is reserved before it is sent, as if the server accepted it. It is released only
after a refusal that cannot have run the model.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from aleph_contract.cases import Case
from aleph_contract.contract import Contract
from aleph_contract.contract.prices import quantities
from aleph_contract.contract.validate import validator_for
from aleph_contract.rules.server import FREE_REFUSALS
from fake_server.state.billing import ZERO_USD
from fake_server.state.pricing import quote

#: Seconds that a case is billed for if its own length does not matter.
SHORTEST = 1


class SpendGuard:
    """Keeps the sum of what was spent, and of what may be, at or below a cap; thread-safe.

    Args:
        cap: USD; `None` for no cap.
    """

    def __init__(self, cap: Decimal | None) -> None:
        self.cap = cap
        self._committed = ZERO_USD
        self._lock = threading.Lock()

    @property
    def committed(self) -> Decimal:
        """USD spent or reserved."""
        return self._committed

    def reserve(self, price: Decimal | None) -> str:
        """Reserve the price of a call.

        Args:
            price: The worst price in USD; `None` if unknown.

        Returns:
            Why the call must not be sent; empty if the price is reserved.
        """
        if self.cap is None:
            return ""
        if price is None:
            return "its cost is unknown, and there is a spend cap"
        with self._lock:
            if self._committed + price > self.cap:
                return f"the spend cap of {self.cap} USD does not cover it"
            self._committed += price
        return ""

    def settle(self, price: Decimal | None, status: int | None) -> None:
        """Release a reserved price if the reply shows that nothing ran."""
        if self.cap is not None and price is not None and status in FREE_REFUSALS:
            with self._lock:
                self._committed -= price


def worst_price(given: Any, contract: Contract) -> Decimal | None:
    """USD that a run with this input costs; `None` if no document says."""
    price = quote(contract, given)
    is_free = not any(contract.pricing.values())
    known = price.seconds is not None and (is_free or price.usd > 0)
    return price.usd if known else None


def shortened(cases: Iterable[Case], contract: Contract) -> Iterator[Case]:
    """The cases with a length of one second, where that does not change what they probe."""
    lengths = quantities("second", contract.input_schema)
    if contract.price_per_second is None or not lengths:
        yield from cases
        return
    member, short = lengths[0].member, int(SHORTEST / lengths[0].factor)
    find = validator_for(contract).violations
    for case in cases:
        given = case.input
        about_it = case.constraint is not None and case.constraint.key.startswith(member)
        if isinstance(given, dict) and case.text is None and not about_it:
            shorter = {**given, member: short}
            before, after = ([v.schema for v in find(x)] for x in (given, shorter))
            if before == after:
                yield replace(case, input=shorter)
                continue
        yield case
