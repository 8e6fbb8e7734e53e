"""The cap on the cost of calls, and the worst price of a call."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from calling import CONTRACT, INPUT

from fake_server.state.spend_guard import SpendGuard, worst_price

ONE, TWO, THREE = map(Decimal, (1, 2, 3))
FREE = replace(CONTRACT, pricing=dict.fromkeys(CONTRACT.pricing, Decimal(0)))
UNKNOWN = "its cost is unknown, and there is a spend cap"


class TestTheGuard:
    """The sum of spent and reserved prices never passes the cap."""

    def test_the_cap_itself_can_be_spent_and_no_more(self) -> None:
        guard = SpendGuard(THREE)
        assert guard.committed == 0
        assert [guard.reserve(ONE), guard.reserve(TWO)] == ["", ""]
        assert guard.reserve(Decimal("0.001")) == "the spend cap of 3 USD does not cover it"
        assert (guard.cap, guard.committed) == (THREE, THREE)

    def test_no_digit_is_lost(self) -> None:
        guard = SpendGuard(Decimal(10) ** 30)
        guard.reserve(Decimal(10) ** 29)
        guard.reserve(Decimal("1e-9"))
        assert str(guard.committed) == "1" + "0" * 29 + ".000000001"

    def test_an_unknown_price_is_refused_unless_it_is_allowed(self) -> None:
        assert SpendGuard(THREE).reserve(None) == UNKNOWN
        guard = SpendGuard(THREE, allow_unknown=True)
        assert guard.reserve(None) == ""
        guard.add(Decimal("2.9"))
        assert guard.reserve(None) == ""
        guard.add(Decimal("0.1"))
        assert guard.reserve(None) == "nothing is left of the spend cap of 3 USD"
        guard.add(ONE)
        assert guard.reserve(None) == "nothing is left of the spend cap of 3 USD"
        assert guard.committed == Decimal(4)

    def test_without_a_cap_nothing_is_counted(self) -> None:
        guard = SpendGuard(None)
        assert [guard.reserve(THREE), guard.reserve(None)] == ["", ""]
        guard.add(ONE)
        guard.release(ONE)
        assert guard.cap is None
        assert guard.committed == 0

    @pytest.mark.parametrize(
        ("status", "left"), [(400, 1), (429, 1), (200, 3), (402, 3), (500, 3), (None, 3)]
    )
    def test_only_a_free_refusal_releases_a_price(self, status: int | None, left: int) -> None:
        guard = SpendGuard(THREE)
        guard.reserve(ONE)
        guard.reserve(TWO)
        guard.settle(TWO, status)
        assert guard.committed == left

    def test_an_unknown_price_is_released_as_nothing(self) -> None:
        guard = SpendGuard(THREE, allow_unknown=True)
        guard.reserve(ONE)
        guard.release(None)
        assert guard.committed == ONE


class TestTheWorstPrice:
    """A price is known if the contract and the input state all that it depends on."""

    @pytest.mark.parametrize(("seconds", "usd"), [(5, "1.68"), (1, "0.336"), (0, None)])
    def test_a_length_above_zero_has_a_price(self, seconds: int, usd: str | None) -> None:
        price = worst_price(INPUT | {"duration": seconds}, CONTRACT)
        assert price == (None if usd is None else Decimal(usd))

    def test_without_a_length_it_is_unknown(self) -> None:
        given = {name: value for name, value in INPUT.items() if name != "duration"}
        assert worst_price(given, CONTRACT) is None
        assert worst_price(given, FREE) == 0

    def test_a_free_model_costs_nothing(self) -> None:
        assert worst_price(INPUT, FREE) == 0
