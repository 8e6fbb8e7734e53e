"""One account: its scenario, its bill, and the state that a journal keeps."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

import pytest

from fake_server.state.account import Account
from fake_server.state.billing import Bill

PRICE = Decimal("0.336")
OTHER = "f" * 32


class TestNewAccount:
    """An account as it is made, and after it is removed."""

    def test_its_defaults(self) -> None:
        account = Account(OTHER)
        assert account.profile == "documented"
        assert account.bill.unknown == ""
        assert account.bill.runs == account.bill.doubtful_runs == 0
        assert account.needs_slow_path is False
        assert account.scenario == ()
        assert account.next_step() is None

    def test_a_run_of_unknown_cost_says_why(self) -> None:
        account = Account(OTHER)
        for reason in ("no duration", "", "no price"):
            account.charge(None, Decimal(0), reason)
        assert account.bill.unknown == "no price"
        assert account.bill.runs == account.bill.runs_without_duration == 3
        account.charge(None, Decimal(0))
        assert account.bill.unknown == "no price"

    def test_a_removed_account_stays_off_the_fast_path(self) -> None:
        account = Account(OTHER)
        account.scenario = ["rate-limited"]
        account.forget()
        assert account.next_step() is not None
        assert account.needs_slow_path is True
        kept = Account(OTHER)
        kept.scenario = ["rate-limited"]
        assert kept.needs_slow_path is True
        kept.next_step()
        assert kept.needs_slow_path is False

    def test_a_scenario_leads_to_the_slow_path_until_its_last_step(self) -> None:
        account = Account(OTHER)
        account.scenario = ["rate-limited", "hang"]
        assert [step.fault.name for step in account.scenario if step.fault] == [
            "rate-limited",
            "hang",
        ]
        for left in (True, False, False):
            account.next_step()
            assert account.needs_slow_path is left
        assert account.scenario == ()
        account.scenario = [{"fault": "hang", "times": 2}, {"fault": None, "times": None}]
        for times in ((1, None), (None,), (None,)):
            assert account.next_step() is not None
            assert tuple(step.times for step in account.scenario) == times
        account.scenario = None
        assert account.scenario == ()
        assert account.next_step() is None
        assert account.needs_slow_path is False

    def test_a_scenario_for_a_removed_account_keeps_it_off_the_fast_path(self) -> None:
        account = Account(OTHER)
        account.forget()
        account.scenario = []
        assert account.needs_slow_path is True

    def test_each_new_scenario_is_told(self) -> None:
        parent = Account(OTHER)
        child = Account("e" * 32, parent=parent)
        told: list[Account] = []
        parent.changed = told.append
        parent.scenario = ["hang"]
        child.scenario = []
        assert told == [parent, parent]
        assert child.scenario == parent.scenario == ()
        assert child.needs_slow_path is True


class TestBill:
    """A charge is taken back, changed, or kept apart if it is in doubt."""

    def test_a_refund_takes_back_the_whole_charge(self) -> None:
        account = Account(OTHER, credits=Decimal(3))
        for _ in range(2):
            account.charge(Decimal(1), PRICE)
        account.charge(Decimal(5), Decimal("1.68"))
        account.refund(Decimal(5), Decimal("1.68"))
        assert account.bill == Bill(2, Decimal(2), 2 * PRICE)
        account.charge(None, Decimal(0))
        account.refund(None, Decimal(0))
        assert account.bill == Bill(2, Decimal(2), 2 * PRICE)

    def test_a_run_is_billed_anew_by_its_reply(self) -> None:
        account = Account(OTHER)
        account.charge(Decimal(5), Decimal("1.68"))
        account.charge(None, Decimal(0))
        account.rebill((Decimal(5), Decimal("1.68")), (Decimal(2), Decimal("0.5")))
        assert account.bill == Bill(2, Decimal(2), Decimal("0.5"), 1)
        account.rebill((None, Decimal(0)), (Decimal(3), Decimal("0.25")))
        assert account.bill == Bill(2, Decimal(5), Decimal("0.75"), 0)
        account.rebill((Decimal(5), Decimal("0.75")), (None, Decimal(0)))
        assert account.bill == Bill(2, Decimal(0), Decimal(0), 1)

    def test_doubtful_runs_add_up(self) -> None:
        account = Account(OTHER)
        for usd in ("1.68", "0.5"):
            account.bill_maybe(Decimal(usd))
        assert account.bill == Bill(doubtful_runs=2, doubtful_usd=Decimal("2.18"))

    @pytest.mark.parametrize("limits", [{"credits": Decimal(9)}, {"spend_limit": Decimal(9)}])
    def test_a_run_of_unknown_cost_says_why_if_there_is_a_limit(
        self, limits: dict[str, Any]
    ) -> None:
        account = Account(OTHER, **limits)
        account.charge(Decimal(5), Decimal("1.68"))
        for reason in ("no duration", ""):
            account.charge(None, Decimal(1), reason)
        assert account.bill == Bill(3, Decimal(5), Decimal("1.68"), 2)
        assert account.bill.unknown == "no duration"

    def test_the_lag_counts_down(self) -> None:
        account = Account(OTHER, spend_limit=Decimal(1), spend_limit_lag=2)
        left = []
        for _ in range(4):
            account.charge(Decimal(1), Decimal(1))
            left.append(account.spend_limit_lag)
        assert left == [2, 1, 0, 0]


class TestKeptState:
    """The state of an account as JSON values, and the account made from it."""

    #: Every member with a value of its own.
    STATE: ClassVar[dict[str, Any]] = {
        "spend_limit_lag": 1,
        "runs": 4,
        "seconds": "7",
        "usd": "2.5",
        "unpriced": 2,
        "doubtful_runs": 3,
        "doubtful_usd": "1.5",
        "unknown": "no duration",
        "steps": [
            {"fault": "hang", "times": 2, "retry_after": None, "delay": 1.5},
            {"fault": None, "times": None, "retry_after": None, "delay": None},
        ],
    }

    def test_it_is_what_the_runs_made_it(self) -> None:
        account = Account(OTHER, spend_limit_lag=1)
        account.scenario = self.STATE["steps"]
        for seconds, cost in ((Decimal(2), Decimal(1)), (Decimal(5), Decimal("1.5"))):
            account.charge(seconds, cost)
        for _ in range(2):
            account.charge(None, Decimal(0), "no duration")
        for _ in range(3):
            account.bill_maybe(Decimal("0.5"))
        assert account.kept_state() == self.STATE

    def test_it_is_restored(self) -> None:
        account = Account(OTHER)
        account.restore(self.STATE)
        assert account.kept_state() == self.STATE
        assert account.bill == Bill(4, Decimal(7), Decimal("2.5"), 2, 3, Decimal("1.5"))
        assert account.bill.unknown == "no duration"
        assert account.spend_limit_lag == 1
        assert account.needs_slow_path is True
        assert account.next_step() is not None

    @pytest.mark.parametrize("parent", [None, Account("e" * 32)])
    def test_without_steps_it_leaves_the_path_as_it_is(self, parent: Account | None) -> None:
        account = Account(OTHER, parent=parent)
        account.restore(self.STATE | {"steps": []})
        assert account.needs_slow_path is (parent is not None)
        assert account.next_step() is None
