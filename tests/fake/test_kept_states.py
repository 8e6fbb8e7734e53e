"""The states that `KeptAccounts` stores, and the accounts it makes from them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from journals import EXCHANGE

from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import ArgumentError
from fake_server.journal.base import EVERYTHING, AccountStore, Filter
from fake_server.state.account import NO_ACCOUNT, Account
from fake_server.state.billing import Bill, SpendLimit
from fake_server.state.kept_accounts import KeptAccounts

NAMED = "0123456789abcdef0123456789abcdef"


class Store(AccountStore):
    """A journal in a dictionary."""

    def __init__(self, *exchanges: Exchange) -> None:
        self.states: dict[str, str] = {}
        self.exchanges = exchanges

    def saved_states(self) -> Mapping[str, str]:
        return dict(self.states)

    def save_state(self, account: str, state: str | None) -> None:
        if state is None:
            self.states.pop(account)
        else:
            self.states[account] = state

    def accounts(self) -> tuple[str, ...]:
        return tuple({exchange.account: None for exchange in self.exchanges})

    def read(
        self, account: str | None, where: Filter = EVERYTHING, *, whole: bool = True
    ) -> Iterator[Exchange]:
        assert (where, whole) == (EVERYTHING, False), "bodies are not needed"
        return (exchange for exchange in self.exchanges if exchange.account == account)

    def document(self, account: Account) -> Any:
        return json.loads(self.states[account.id])


def described(account: Account) -> tuple[Any, ...]:
    limit, parent = account.spend_limit, account.parent
    return (
        *(account.id, account.token, account.profile, account.credits, limit),
        *(parent and parent.id, account.kept_state()),
    )


def test_an_account_is_stored_when_it_is_made_and_when_its_scenario_is_set() -> None:
    store = Store()
    accounts = KeptAccounts(store, profile="live")
    account = accounts.create(credits=5, spend_limit="2.5", spend_limit_lag=3)
    stored = {
        "token": account.token,
        "profile": "live",
        "credits": "5",
        "spend_limit": "2.5",
        "parent": None,
    }
    assert store.document(account) == stored | account.kept_state()
    account.scenario = ["hang"]
    assert store.document(account)["steps"] == account.kept_state()["steps"] != []
    child = accounts.create_for_test(account)
    assert store.document(child)["parent"] == account.id
    bare = accounts.create()
    assert (store.document(bare)["credits"], store.document(bare)["spend_limit"]) == (None, None)


def test_an_account_that_a_request_named_is_stored_when_its_scenario_is_set() -> None:
    store = Store()
    account = KeptAccounts(store).get(NAMED)
    assert store.states == {}
    account.scenario = ["hang"]
    assert store.document(account)["token"] is None


def test_the_journal_asks_for_the_state_after_a_run() -> None:
    store = Store()
    accounts = KeptAccounts(store)
    account = accounts.get(NAMED)
    account.charge(Decimal(5), Decimal("1.68"))
    assert store.state_of is not None
    assert json.loads(store.state_of(NAMED) or "")["usd"] == "1.68"
    assert store.state_of("f" * 32) is None


def test_a_removed_account_leaves_no_state() -> None:
    store = Store()
    accounts = KeptAccounts(store)
    account = accounts.create()
    accounts.remove(account)
    assert store.states == {}
    assert accounts.find(account.id) is None


def test_the_next_start_has_the_same_accounts() -> None:
    store = Store()
    before = KeptAccounts(store)
    parent = before.create(profile="live", credits=5, spend_limit=4, spend_limit_lag=2)
    parent.scenario = ["hang"]
    made = [parent, before.create()]
    made += [before.create_for_test(parent) for _ in range(3)]
    made.append(before.get(NAMED))
    made[-1].scenario = ["rate-limited"]
    for account in made:
        account.charge(Decimal(1), Decimal("0.5"))
        store.states[account.id] = (store.state_of or str)(account.id) or ""
    after = KeptAccounts(store)
    for account in made:
        found = after.find(account.id)
        assert found is not None
        assert described(found) == described(account)
        assert account.token is None or after.owner(account.token) is found
        found.scenario = None
        assert store.document(found)["steps"] == []
    assert after.get(NAMED) is after.find(NAMED)
    assert len(store.states) == len(made)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, ("documented", Decimal(5), SpendLimit(Decimal(4)))),
        ({"profile": "live"}, ("live", Decimal(5), SpendLimit(Decimal(4)))),
        ({"credits": Decimal(9)}, ("documented", Decimal(9), SpendLimit(Decimal(4)))),
        ({"spend_limit": Decimal(8)}, ("documented", Decimal(5), SpendLimit(Decimal(8)))),
    ],
)
def test_the_options_of_a_start_count_for_accounts_that_a_request_named(
    given: dict[str, Any], kept: tuple[Any, ...]
) -> None:
    store = Store()
    before = KeptAccounts(store, credits=Decimal(5), spend_limit=Decimal(4))
    before.get(NAMED).scenario = ["hang"]
    made = before.create()
    after = KeptAccounts(store, **given)
    for account, values in (
        (after.get(NAMED), kept),
        (after.get(made.id), ("documented", Decimal(5), SpendLimit(Decimal(4)))),
    ):
        assert (account.profile, account.credits, account.spend_limit) == values


@pytest.mark.parametrize("state", ["{}", "[]", '{"parent": null}', "no JSON"])
def test_the_message_about_an_unreadable_state_names_its_cause(state: str) -> None:
    store = Store()
    store.states[NAMED] = state
    with pytest.raises(ArgumentError, match=r"^the state of the accounts in the journal: ."):
        KeptAccounts(store)


def test_the_bill_of_an_account_without_a_state_is_made_from_its_exchanges() -> None:
    doubtful = replace(EXCHANGE, outcome="timeout", billed_seconds=None, cost=Decimal("0.5"))
    refused = replace(EXCHANGE, outcome="invalid", billed=False, cost=Decimal(0))
    free = replace(EXCHANGE, billed=False)
    unpriced = replace(EXCHANGE, billed_seconds=None, cost=Decimal(0))
    unnamed = replace(EXCHANGE, account=NO_ACCOUNT)
    others = (doubtful, refused, free, unpriced, unpriced, doubtful, unnamed)
    store = Store(EXCHANGE, *others, EXCHANGE, EXCHANGE)
    accounts = KeptAccounts(store)
    bill = Bill(5, Decimal("15.30"), Decimal("5.1408"), 2, 2, Decimal("1.0"))
    assert accounts.get("a").bill == bill
    assert store.states.keys() == {"a"}
    assert KeptAccounts(store).get("a").bill == bill, "the state is stored, not counted again"
    assert accounts.find(NO_ACCOUNT) is None
