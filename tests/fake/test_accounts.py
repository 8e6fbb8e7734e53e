"""Accounts: tokens, limits, and no shared state."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from decimal import Decimal
from time import time
from typing import Any

import pytest
from calling import INPUT, only, post

from aleph_contract.errors import ArgumentError
from fake_server.server import running
from fake_server.state.accounts import (
    ACCOUNT_ID,
    MAX_IMPLICIT_ACCOUNTS,
    Account,
    Accounts,
    checked_profile,
)
from fake_server.state.billing import SpendLimit

PRICE = Decimal("0.336")
OTHER = "f" * 32


class TestLimits:
    """Credits run out (402), spend limits trip (429)."""

    def test_runs_are_allowed_until_the_credits_are_used_up(self) -> None:
        account = Account(OTHER, credits=Decimal("3.36"))
        assert account.charge(Decimal(5), Decimal("1.68")) is None
        assert account.charge(Decimal(5), Decimal("1.68")) is None
        assert account.charge(Decimal(1), PRICE) == "no-credits"
        assert account.bill.runs == 2

    def test_a_cheaper_run_may_still_be_allowed(self) -> None:
        account = Account(OTHER, credits=Decimal(2))
        assert account.charge(Decimal(10), 10 * PRICE) == "no-credits"
        assert account.charge(Decimal(5), 5 * PRICE) is None

    def test_a_run_of_unknown_cost_needs_remaining_credits(self) -> None:
        assert Account(OTHER, credits=Decimal(0)).charge(None, Decimal(0)) == "no-credits"
        assert Account(OTHER, credits=Decimal("0.01")).charge(None, Decimal(0)) is None
        assert Account(OTHER, spend_limit=Decimal(0)).charge(None, Decimal(0)) == "spend-limit"
        assert Account(OTHER, spend_limit=Decimal("0.01")).charge(None, Decimal(0)) is None

    @pytest.mark.parametrize("lag", [0, 1, 2])
    def test_the_gateway_may_let_some_runs_through_after_the_spend_limit(self, lag: int) -> None:
        account = Account(OTHER, spend_limit=Decimal(2), spend_limit_lag=lag)
        results = [account.charge(Decimal(5), Decimal("1.68")) for _ in range(5)]
        assert results == [None] * (1 + lag) + ["spend-limit"] * (4 - lag)
        assert account.bill.runs == 1 + lag

    def test_the_server_and_an_account_set_the_lag(self) -> None:
        with running(spend_limit=1, spend_limit_lag=1) as server:
            for account, passed in ((server.account(), 1), (server.account(spend_limit_lag=0), 0)):
                codes = [post(account, INPUT).status_code for _ in range(3)]
                assert codes == [200] * passed + [429] * (3 - passed)

    def test_the_spend_limit_comes_after_the_credits(self) -> None:
        account = Account(OTHER, credits=Decimal(1), spend_limit=Decimal(1))
        assert account.charge(Decimal(5), Decimal("1.68")) == "no-credits"
        account = Account(OTHER, credits=Decimal(5), spend_limit=Decimal(1))
        assert account.charge(Decimal(5), Decimal("1.68")) == "spend-limit"

    def test_clients_are_told(self) -> None:
        with running() as server:
            poor = server.account(credits="1.68")
            assert [post(poor).status_code for _ in range(2)] == [200, 402]
            assert poor.exchanges[1].outcome == "no-credits"
            assert poor.bill.usd == Decimal("1.68")
            watched = server.account(spend_limit=2)
            assert post(watched).status_code == 200
            refused = post(watched)
            assert refused.status_code == 429
            assert "'default' (cost limit 2 per 86400s, fixed)" in refused.text
            assert watched.exchanges[1].outcome == "spend-limit"
            assert not watched.exchanges[1].billed

    def test_validation_comes_before_credits(self) -> None:
        with running(credits=0) as server:
            account = server.account()
            assert post(account, {}).status_code == 400
            assert post(account, INPUT).status_code == 402


class TestAccounts:
    """Which account accepts which token."""

    def test_a_created_account_has_its_own_id_and_token(self) -> None:
        accounts = Accounts()
        one, other = accounts.create(), accounts.create()
        assert ACCOUNT_ID.fullmatch(one.id)
        assert one.id != other.id
        assert one.token != other.token
        assert len(one.token or "") == 40
        assert accounts.get(one.id) is one

    def test_it_accepts_only_its_own_token(self) -> None:
        accounts = Accounts(tokens=["sesame"])
        one, other = accounts.create(), accounts.create()
        assert accounts.refusal(one, one.token or "") is None
        assert accounts.refusal(one, other.token or "") == "token-of-another-account"
        assert accounts.refusal(one, "sesame") == "token-wrong"
        assert accounts.refusal(one, "") == "token-wrong"

    def test_options_default_to_those_of_the_server(self) -> None:
        accounts = Accounts(
            profile="live", credits=Decimal(1), spend_limit=Decimal(2), spend_limit_lag=3
        )
        for default in (accounts.create(), accounts.get(OTHER)):
            assert (default.profile, default.credits) == ("live", Decimal(1))
            assert default.spend_limit == SpendLimit(Decimal(2))
            assert default.spend_limit_lag == 3
        own = accounts.create(profile="documented", credits=3, spend_limit="4")
        assert (own.profile, own.credits) == ("documented", Decimal(3))
        assert own.spend_limit is not None
        assert own.spend_limit.usd == 4
        assert Accounts().create().spend_limit_lag == 0

    @pytest.mark.parametrize(
        "options", [{"profile": "beta"}, {"credits": "x"}, {"spend_limit": -1}]
    )
    def test_invalid_options_are_refused(self, options: dict[str, Any]) -> None:
        with pytest.raises(ArgumentError, match="^" + next(iter(options))):
            Accounts().create(**options)

    def test_the_message_about_a_profile_names_the_profiles(self) -> None:
        with pytest.raises(ArgumentError) as raised:
            checked_profile("beta")
        assert str(raised.value) == "profile is documented or live, not 'beta'"

    def test_a_token_that_fits_no_header_is_refused(self) -> None:
        with pytest.raises(ArgumentError) as raised:
            Accounts(tokens=["sesame", "open sesame"])
        assert str(raised.value) == (
            "token 'open sesame' fits no header; a token is printable ASCII without spaces"
        )

    @pytest.mark.parametrize(
        ("tokens", "token", "refusal"),
        [
            ((), "any", None),
            ((), "", None),
            ((), "fault-hang", "token-wrong"),
            (["sesame", "fault-hang"], "fault-hang", None),
            (["sesame"], "sesame", None),
            (["sesame"], "any", "token-wrong"),
            (["sesame"], "fault-hang", "token-wrong"),
        ],
    )
    def test_an_account_without_a_token_accepts_the_tokens_of_the_server(
        self, tokens: Sequence[str], token: str, refusal: str | None
    ) -> None:
        accounts = Accounts(tokens=tokens)
        stranger = accounts.create()
        named = accounts.get(OTHER)
        assert accounts.refusal(named, token) == refusal
        assert accounts.refusal(named, stranger.token or "") == "token-of-another-account"

    def test_an_account_may_be_removed_twice(self) -> None:
        accounts = Accounts()
        for account in (accounts.create(), accounts.get(OTHER)):
            for _ in range(2):
                accounts.remove(account)
                assert accounts.find(account.id) is None
                assert account.needs_slow_path is True

    def test_a_removed_account_is_unknown(self) -> None:
        accounts = Accounts()
        account = accounts.create()
        accounts.remove(account)
        assert accounts.find(account.id) is None
        assert accounts.refusal(accounts.get(account.id), account.token or "") is None

    def test_implicit_accounts_are_bounded_and_the_idle_ones_go_first(self) -> None:
        accounts = Accounts()
        made = accounts.create()
        first, second, busy = (accounts.get(f"{number:032x}") for number in range(3))
        first.last_seen = time() + 60
        busy.in_flight = 1
        for number in range(3, MAX_IMPLICIT_ACCOUNTS):
            accounts.get(f"{number:032x}")
        assert accounts.find(second.id) is second
        accounts.get(f"{MAX_IMPLICIT_ACCOUNTS:032x}")
        assert accounts.get(made.id) is made
        assert accounts.find(first.id) is first
        assert accounts.find(busy.id) is busy
        assert accounts.find(second.id) is None
        removed = MAX_IMPLICIT_ACCOUNTS // 10
        assert accounts.find(f"{removed:032x}") is None
        assert accounts.find(f"{removed + 1:032x}") is not None
        assert accounts.find(f"{MAX_IMPLICIT_ACCOUNTS:032x}") is not None

    def test_parallel_runs_do_not_share_state(self) -> None:
        with running() as server:
            handles = [server.account() for _ in range(8)]
            threads = [
                threading.Thread(target=post, args=(handle, INPUT | {"prompt": handle.id}))
                for handle in handles
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for handle in handles:
                assert handle.id.encode() in only(handle).request_body
                assert handle.bill.runs == 1


class TestAccountsOfTests:
    """An account of a test is like its parent, and shares its scenario and its tokens."""

    def test_it_is_made_as_its_parent_is(self) -> None:
        accounts = Accounts()
        parent = accounts.create(profile="live", credits=3, spend_limit=4, spend_limit_lag=2)
        child = accounts.create_for_test(parent)
        assert ACCOUNT_ID.fullmatch(child.id)
        assert child.id != parent.id
        assert child.token not in {None, parent.token}
        assert len(child.token or "") == 40
        assert child.profile == "live"
        assert child.credits == 3
        assert child.spend_limit is not None
        assert child.spend_limit.usd == 4
        assert child.spend_limit_lag == 2
        assert child.parent is parent
        assert accounts.find(child.id) is child
        assert accounts.create_for_test(accounts.create()).spend_limit is None

    def test_all_accounts_of_one_parent_accept_the_tokens_of_all(self) -> None:
        accounts = Accounts()
        parent = accounts.create()
        one = accounts.create_for_test(parent)
        other = accounts.create_for_test(one)
        assert other.parent is parent
        family = (parent, one, other)
        for account in family:
            for owner in family:
                assert accounts.refusal(account, owner.token or "") is None
        stranger = accounts.create()
        assert accounts.refusal(one, stranger.token or "") == "token-of-another-account"
        assert accounts.refusal(stranger, one.token or "") == "token-of-another-account"

    def test_they_play_one_scenario(self) -> None:
        accounts = Accounts()
        parent = accounts.create()
        children = [accounts.create_for_test(parent) for _ in range(2)]
        parent.scenario = ["rate-limited", "unavailable"]
        steps = [child.next_step() for child in children]
        assert [step.fault.name for step in steps if step and step.fault] == [
            "rate-limited",
            "unavailable",
        ]
        assert parent.next_step() is None
