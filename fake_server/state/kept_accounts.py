"""Accounts whose state a journal keeps: after a restart bills and scenarios are as before."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from aleph_contract.errors import ArgumentError
from fake_server.journal.base import AccountStore
from fake_server.state.account import NO_ACCOUNT, Account
from fake_server.state.accounts import Accounts
from fake_server.state.billing import EXACT


class KeptAccounts(Accounts):
    """See `Accounts`.

    A run changes the state of its account before it is stored, so after kill -9 the bill may hold a
    run that no client got an answer to. An answered run is never missing.

    Args:
        store: The journal.
        **defaults: See `Accounts`. For an account that a request named, those that are given here
            count, and not those of the earlier start.

    Raises:
        ArgumentError: A stored state cannot be read.
    """

    def __init__(self, store: AccountStore, **defaults: Any) -> None:
        super().__init__(**defaults)
        self._store = store
        states = store.saved_states()
        try:
            saved = {name: orjson.loads(text) for name, text in states.items()}
            for name in sorted(saved, key=lambda name: saved[name]["parent"] is not None):
                self._restore(name, saved[name])
        except (ArgumentError, KeyError, TypeError, ValueError) as error:
            raise ArgumentError(f"the state of the accounts in the journal: {error}") from None
        for name in {*store.accounts()} - saved.keys() - {NO_ACCOUNT}:
            self._recount(name)
        store.state_of = self._state_of

    def add(self, account: Account) -> None:
        """See `Accounts`."""
        super().add(account)
        account.changed = self._save
        self._save(account)

    def remove(self, account: Account) -> None:
        """See `Accounts`."""
        super().remove(account)
        self._store.save_state(account.id, None)

    def _create_implicit(self, account_id: str) -> Account:
        account = super()._create_implicit(account_id)
        account.changed = self._save
        return account

    def _restore(self, name: str, saved: Mapping[str, Any]) -> None:
        made: dict[str, Any] = {
            "token": saved["token"],
            "profile": saved["profile"],
            "credits": _amount(saved["credits"]),
            "spend_limit": _amount(saved["spend_limit"]),
            "parent": self._made.get(saved["parent"]),
        }
        if saved["token"] is None:
            made["profile"] = self.profile
            made["credits"] = made["credits"] if self.credits is None else self.credits
            made["spend_limit"] = (
                made["spend_limit"] if self.spend_limit is None else self.spend_limit
            )
        account = Account(name, **made)
        account.restore(saved)
        account.changed = self._save
        if account.token is None:
            self._implicit[name] = account
        else:
            super().add(account)

    def _recount(self, name: str) -> None:
        """Make the bill of an account from its exchanges: an older version has kept no state."""
        account = self._create_implicit(name)
        bill = account.kept_state()
        seconds = usd = doubtful = Decimal(0)
        for exchange in self._store.read(name, whole=False):
            if exchange.outcome != "completed":
                bill["doubtful_runs"] += exchange.billed
                doubtful = EXACT.add(doubtful, exchange.cost)
            elif exchange.billed:
                bill["runs"] += 1
                bill["unpriced"] += exchange.billed_seconds is None
                seconds = EXACT.add(seconds, exchange.billed_seconds or 0)
                usd = EXACT.add(usd, exchange.cost)
        account.restore(
            bill | {"seconds": str(seconds), "usd": str(usd), "doubtful_usd": str(doubtful)}
        )
        self._save(account)

    def _state_of(self, name: str) -> str | None:
        account = self.find(name)
        return None if account is None else _text(account)

    def _save(self, account: Account) -> None:
        self._store.save_state(account.id, _text(account))


def _text(account: Account) -> str:
    limit, parent = account.spend_limit, account.parent
    document = {
        "token": account.token,
        "profile": account.profile,
        "credits": None if account.credits is None else str(account.credits),
        "spend_limit": None if limit is None else str(limit.usd),
        "parent": None if parent is None else parent.id,
        **account.kept_state(),
    }
    return orjson.dumps(document).decode()


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
