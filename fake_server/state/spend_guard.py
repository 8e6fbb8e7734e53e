"""A cap on the cost of calls to a server that takes money, and the worst price of one call.

The price of a call is reserved before it is sent, as if the server accepted it. It is released only
after a refusal that cannot have run the model.
"""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.rules.server import FREE_REFUSALS
from fake_server.state.billing import EXACT, ZERO_USD
from fake_server.state.pricing import quote


class SpendGuard:
    """Keeps the sum of spent and reserved prices at or below a cap; thread-safe.

    Args:
        cap: USD; `None` for no cap.
        allow_unknown: Whether calls of unknown cost may be sent while something is left; their cost
            can pass the cap.
    """

    def __init__(self, cap: Decimal | None, *, allow_unknown: bool = False) -> None:
        self.cap = cap
        self._allow_unknown = allow_unknown
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
        if price is None and not self._allow_unknown:
            return "its cost is unknown, and there is a spend cap"
        with self._lock:
            if price is None:
                spent = self._committed >= self.cap
                return f"nothing is left of the spend cap of {self.cap} USD" if spent else ""
            after = EXACT.add(self._committed, price)
            if after > self.cap:
                return f"the spend cap of {self.cap} USD does not cover it"
            self._committed = after
        return ""

    def settle(self, price: Decimal | None, status: int | None) -> None:
        """Release a reserved price if the reply shows that nothing ran."""
        if status in FREE_REFUSALS:
            self.release(price)

    def release(self, price: Decimal | None) -> None:
        """Release a reserved price: nothing was sent."""
        self.add(-(price or ZERO_USD))

    def add(self, price: Decimal) -> None:
        """Add the cost of a call whose price was unknown before its reply."""
        if self.cap is not None:
            with self._lock:
                self._committed = EXACT.add(self._committed, price)


def worst_price(given: Any, contract: Contract) -> Decimal | None:
    """USD that a run with this input costs; `None` if no document says."""
    price = quote(contract, given)
    is_free = not any(contract.pricing.values())
    known = price.seconds is not None and (is_free or price.usd > 0)
    return price.usd if known else None
