"""Bills are exact."""

from __future__ import annotations

import threading
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from calling import CONTRACT
from hypothesis import given
from hypothesis import strategies as st

from aleph_contract.contract.prices import Quantity, quantities
from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import ArgumentError
from fake_server.state.accounts import Account
from fake_server.state.billing import MAX_ORDER, Bill, amount, billed_seconds, cost, exceeds

PRICE = Decimal("0.336")
MEMBERS = quantities("second", CONTRACT.input_schema)
OTHER = "f" * 32


@pytest.mark.parametrize(
    ("before", "after", "limit", "expected"),
    [
        (0, 5, 5, False),
        (0, 6, 5, True),
        (5, 5, 5, True),  # a run of unknown cost when nothing is left
        (4, 4, 5, False),
    ],
)
def test_a_limit_may_be_reached_and_not_passed(
    before: int, after: int, limit: int, *, expected: bool
) -> None:
    assert exceeds(Decimal(before), Decimal(after), Decimal(limit)) is expected


class TestMoney:
    """Every completed run is billed 0.336 USD per second of `duration`, exactly."""

    @pytest.mark.parametrize(
        ("duration", "seconds"),
        [
            ("0", "0"),
            ("5", "5"),
            ("5.0", "5"),
            ("0.1", "0.1"),
            ("1e-7", "0.0000001"),
            ("9007199254740993", "9007199254740993"),
            ("1" + "0" * 30, "1" + "0" * 30),
        ],
    )
    def test_seconds_are_the_duration(self, duration: str, seconds: str) -> None:
        assert billed_seconds({"duration": loads(duration)}, MEMBERS) == Decimal(seconds)

    def test_a_member_may_state_another_unit(self) -> None:
        members = (Quantity("duration_ms", Decimal("0.001")), Quantity("duration"))
        assert billed_seconds({"duration_ms": 2500}, members) == Decimal("2.5")
        assert billed_seconds({"duration_ms": "2500", "duration": 3}, members) == 3

    @pytest.mark.parametrize("value", [{}, {"duration": "5"}, {"duration": True}, [], None, "x",
                                       {"duration": -1}, {"duration": None}])  # fmt: skip
    def test_invalid_durations_are_unknown(self, value: Any) -> None:
        assert billed_seconds(value, MEMBERS) is None

    def test_five_seconds_cost_what_the_documentation_says(self) -> None:
        assert cost(Decimal(5), CONTRACT.price_per_second) == Decimal("1.68")

    def test_an_unknown_duration_costs_nothing(self) -> None:
        assert cost(None, PRICE) == cost(Decimal(5), None) == 0

    def test_a_tenth_ten_times_is_one(self) -> None:
        account = Account(OTHER)
        for _ in range(10):
            account.charge(Decimal("0.1"), cost(Decimal("0.1"), PRICE))
        assert account.bill == Bill(10, Decimal(1), PRICE, 0)

    @given(st.lists(st.decimals(min_value=0, allow_nan=False, allow_infinity=False, places=3)))
    def test_sums_are_exact(self, durations: list[Decimal]) -> None:
        account = Account(OTHER)
        for seconds in durations:
            account.charge(seconds, cost(seconds, PRICE))
        total = sum(map(Fraction, durations), Fraction(0))
        assert Fraction(account.bill.seconds) == total
        assert Fraction(account.bill.usd) == total * Fraction(PRICE)

    def test_very_large_and_very_small_amounts_add_up(self) -> None:
        account = Account(OTHER)
        for seconds in (Decimal("1e300"), Decimal("5e-324")):
            account.charge(seconds, cost(seconds, PRICE))
        assert str(account.bill.seconds).startswith("1000")
        assert str(account.bill.seconds).endswith("5")

    def test_runs_without_duration_are_counted_separately(self) -> None:
        account = Account(OTHER)
        account.charge(None, Decimal(0))
        account.charge(Decimal(5), Decimal("1.68"))
        assert account.bill == Bill(2, Decimal(5), Decimal("1.68"), runs_without_duration=1)

    def test_doubtful_runs_are_not_counted_as_runs(self) -> None:
        account = Account(OTHER)
        account.bill_maybe(Decimal("1.68"))
        assert account.bill == Bill(doubtful_runs=1, doubtful_usd=Decimal("1.68"))

    def test_charges_from_threads_add_up(self) -> None:
        account = Account(OTHER)

        def run() -> None:
            for _ in range(500):
                account.charge(Decimal(1), PRICE)
                account.bill_maybe(PRICE)

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert account.bill.runs == account.bill.doubtful_runs == 4000
        assert account.bill.usd == 4000 * PRICE


class TestAmount:
    """Amounts in USD as text and numbers."""

    @pytest.mark.parametrize(
        ("given", "usd"),
        [("5", "5"), ("$1.68", "1.68"), (0.1, "0.1"), (" 2 ", "2"), (Decimal("0.336"), "0.336")],
    )
    def test_valid_amounts(self, given: Any, usd: str) -> None:
        assert amount("credits", given) == Decimal(usd)

    def test_nothing_is_an_amount(self) -> None:
        assert amount("credits", 0) == amount("credits", f"0e{MAX_ORDER + 1}") == 0

    @pytest.mark.parametrize("order", [MAX_ORDER, -MAX_ORDER])
    def test_the_largest_and_the_smallest_amount(self, order: int) -> None:
        assert amount("credits", f"1e{order}") == Decimal(10) ** order

    @pytest.mark.parametrize(
        "given",
        [
            *("", "much", "-1", "nan", "inf", float("nan"), "1,5"),
            *(f"1e{MAX_ORDER + 1}", f"1e-{MAX_ORDER + 1}"),
        ],
    )
    def test_invalid_amounts(self, given: Any) -> None:
        with pytest.raises(ArgumentError) as raised:
            amount("credits", given)
        expected = f"credits is an amount in USD such as 5 or 1.68, not {str(given)!r}"
        assert str(raised.value) == expected
