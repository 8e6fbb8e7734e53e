"""Accounts: each has its own scenario, credits and bill, and shares nothing with the others."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Protocol

from aleph_contract.core.secret import is_bearer_token
from aleph_contract.errors import ArgumentError
from fake_server.replies import faults
from fake_server.replies.failures import PROFILES, Profile
from fake_server.state.account import ACCOUNT_ID, BINDING, NO_ACCOUNT, Account
from fake_server.state.billing import amount

__all__ = [
    "ACCOUNT_ID",
    "BINDING",
    "NO_ACCOUNT",
    "Account",
    "AccountLookup",
    "Accounts",
    "StateNeeded",
    "checked_profile",
    "refusal",
]

#: Bound on the accounts that were created by a request with their id. One more, and the tenth of
#: them that was idle longest is removed.
MAX_IMPLICIT_ACCOUNTS = 10_000


class StateNeeded(Exception):  # noqa: N818 - not an error: the caller reads the state, and retries
    """An `AccountLookup` has not read an account yet that the request depends on."""


class AccountLookup(Protocol):
    """What a request reads of the accounts."""

    def find(self, account_id: str) -> Account | None:
        """The account with this id, or `None`."""

    def get(self, account_id: str) -> Account:
        """The account with this id; created if it does not exist."""

    def owner(self, token: str) -> Account | None:
        """The account that was created with this token, or `None`."""

    def refusal(self, account: Account, token: str) -> str | None:
        """See `refusal` below."""


class Accounts:
    """All accounts of one fake: those that `create` made, and those that a request named.

    Args:
        profile: Default for new accounts.
        credits: Default for new accounts; see `Account`.
        spend_limit: Default for new accounts; see `Account`.
        spend_limit_lag: Default for new accounts; see `Account`.
        tokens: The tokens accepted by accounts without a token of their own; if empty, they accept
            any token.
    """

    def __init__(
        self,
        *,
        profile: Profile = "documented",
        credits: Decimal | None = None,  # noqa: A002 - the service's word
        spend_limit: Decimal | None = None,
        spend_limit_lag: int = 0,
        tokens: Iterable[str] = (),
    ) -> None:
        self.profile = profile
        self.credits = credits
        self.spend_limit = spend_limit
        self.spend_limit_lag = spend_limit_lag
        self.tokens = frozenset(tokens)
        for token in self.tokens:
            if not is_bearer_token(token):
                raise ArgumentError(
                    f"token {token!r} fits no header; a token is printable ASCII without spaces"
                )
        self._made: dict[str, Account] = {}
        self._implicit: dict[str, Account] = {}
        self._by_token: dict[str, Account] = {}
        self._lock = threading.Lock()

    def create(
        self,
        *,
        profile: Profile | None = None,
        credits: Decimal | str | float | None = None,  # noqa: A002 - the service's word
        spend_limit: Decimal | str | float | None = None,
        spend_limit_lag: int | None = None,
    ) -> Account:
        """Create an account with a random id, which accepts only its own random token.

        Raises:
            ArgumentError: The profile is unknown, or an amount is not one.
        """
        account = Account(
            secrets.token_hex(16),
            token=secrets.token_urlsafe(30),
            profile=checked_profile(profile or self.profile),
            credits=self.credits if credits is None else amount("credits", credits),
            spend_limit=(
                self.spend_limit if spend_limit is None else amount("spend_limit", spend_limit)
            ),
            spend_limit_lag=self.spend_limit_lag if spend_limit_lag is None else spend_limit_lag,
        )
        self.add(account)
        return account

    def create_for_test(self, parent: Account) -> Account:
        """Create an account that shares the scenario of `parent`; each accepts the other's token.

        A test suite may mix the two: it may have read one of id and token before the test began.
        """
        owner = parent.parent or parent
        account = Account(
            secrets.token_hex(16),
            token=secrets.token_urlsafe(30),
            profile=owner.profile,
            credits=owner.credits,
            spend_limit=owner.spend_limit.usd if owner.spend_limit else None,
            spend_limit_lag=owner.spend_limit_lag,
            parent=owner,
        )
        self.add(account)
        return account

    def add(self, account: Account) -> None:
        """Add an account that has a token of its own."""
        with self._lock:
            self._made[account.id] = account
            if account.token is not None:
                self._by_token[account.token] = account

    def find(self, account_id: str) -> Account | None:
        """The account with this id, or `None`."""
        return self._made.get(account_id) or self._implicit.get(account_id)

    def owner(self, token: str) -> Account | None:
        """The account that was created with this token, or `None`."""
        return self._by_token.get(token)

    def get(self, account_id: str) -> Account:
        """The account with this id; created if it does not exist."""
        return self.find(account_id) or self._create_implicit(account_id)

    def _create_implicit(self, account_id: str) -> Account:
        with self._lock:
            if account_id not in self._implicit:
                self._implicit[account_id] = Account(
                    account_id,
                    profile=self.profile,
                    credits=self.credits,
                    spend_limit=self.spend_limit,
                    spend_limit_lag=self.spend_limit_lag,
                )
                if len(self._implicit) > MAX_IMPLICIT_ACCOUNTS:
                    self._remove_idle()
            return self._implicit[account_id]

    def _remove_idle(self) -> None:
        by_age = sorted(self._implicit.values(), key=lambda account: account.last_seen)
        for account in by_age[: MAX_IMPLICIT_ACCOUNTS // 10]:
            if not account.in_flight:
                account.forget()
                del self._implicit[account.id]

    def remove(self, account: Account) -> None:
        """Remove an account and its token."""
        with self._lock:
            account.forget()
            self._made.pop(account.id, None)
            self._implicit.pop(account.id, None)
            if account.token is not None:
                self._by_token.pop(account.token, None)

    def refusal(self, account: Account, token: str) -> str | None:
        """Why `account` does not accept `token`: the name of a failure; `None` if it accepts it."""
        return refusal(account, token, self.tokens, self.owner)


def refusal(
    account: Account,
    token: str,
    tokens: frozenset[str],
    owner_of: Callable[[str], Account | None],
) -> str | None:
    """Why `account` does not accept `token`: the name of a failure; `None` if it accepts it.

    Args:
        account: The account that the request names.
        token: The token of the request.
        tokens: The tokens of the server.
        owner_of: Finds the account that a token belongs to.
    """
    if account.token is not None:
        if token == account.token:
            return None
        owner = owner_of(token)
        if owner is not None and (owner.parent or owner).id == (account.parent or account).id:
            return None  # the parent of the account, or another child of it
        return "token-wrong" if owner is None else "token-of-another-account"
    if token in tokens:
        return None
    if owner_of(token) is not None:
        return "token-of-another-account"
    return "token-wrong" if tokens or token.startswith(faults.FAULT_PREFIX) else None


def checked_profile(given: str) -> Profile:
    """The profile with this name.

    Raises:
        ArgumentError: No profile has this name.
    """
    for profile in PROFILES:
        if profile == given:
            return profile
    raise ArgumentError(f"profile is {' or '.join(PROFILES)}, not {given!r}")
