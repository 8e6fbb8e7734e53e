"""Accounts: each has its own scenario, credits and bill, and shares nothing with the others."""

from __future__ import annotations

import re
import secrets
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from time import time
from typing import Any

from aleph_contract.errors import ArgumentError
from fake_server.replies import faults
from fake_server.replies.failures import PROFILES, Profile
from fake_server.state.billing import EXACT, Bill, SpendLimit, amount, exceeds
from fake_server.state.scenarios import ScenarioStep, scenario

#: A well-formed account id (documented: 32 characters; that they are lower-case hexadecimal
#: digits is observed).
ACCOUNT_ID = re.compile(r"[0-9a-f]{32}")

#: Id of the account that requests without an account id belong to.
NO_ACCOUNT = ""

#: Id of the account of calls through the binding, unless their gateway id is an account id.
BINDING = "binding"

#: Bound on the accounts that were created by a request with their id. One more, and the tenth of
#: them that was idle longest is removed.
MAX_IMPLICIT_ACCOUNTS = 10_000


class Account:
    """The state of one account; safe to use from any thread.

    Args:
        id: 32 hexadecimal digits, or `BINDING` or `NO_ACCOUNT`.
        token: The only accepted API token; `None` accepts the tokens of the server.
        profile: Shape of successful REST replies.
        credits: USD that all runs together may cost; `None` is no bound.
        spend_limit: USD at which the gateway refuses runs; `None` is no bound.
        spend_limit_lag: Number of runs that the gateway lets through after the limit is passed.
            Its count is late by one request (documented; observed in 8 of 9 trials), but a test
            wants the limit to hold, so the default is 0.
        parent: The account whose scenario it shares and whose token it accepts.
    """

    __slots__ = (
        "_doubtful_runs",
        "_doubtful_usd",
        "_lag",
        "_lock",
        "_removed",
        "_runs",
        "_seconds",
        "_steps",
        "_unknown",
        "_unpriced",
        "_usd",
        "credits",
        "id",
        "in_flight",
        "last_seen",
        "needs_slow_path",
        "parent",
        "profile",
        "spend_limit",
        "token",
    )

    def __init__(
        self,
        id: str,  # noqa: A002 - its name on the wire
        *,
        token: str | None = None,
        profile: Profile = "documented",
        credits: Decimal | None = None,  # noqa: A002 - the service's word
        spend_limit: Decimal | None = None,
        spend_limit_lag: int = 0,
        parent: Account | None = None,
    ) -> None:
        self.id = id
        self.parent = parent
        self._lag = spend_limit_lag
        self.token = token
        self.profile = profile
        self.credits = credits
        self.spend_limit = None if spend_limit is None else SpendLimit(spend_limit)
        #: Number of requests in flight.
        self.in_flight = 0
        #: Whether the fast path must not answer: steps are left in the scenario, or the account is
        #: removed, or another account has its scenario.
        self.needs_slow_path = parent is not None
        self._removed = False
        #: Arrival of its last request, in Unix time.
        self.last_seen = time()
        self._runs = self._unpriced = self._doubtful_runs = 0
        self._seconds = self._usd = self._doubtful_usd = Decimal(0)
        self._unknown = ""
        self._steps: deque[ScenarioStep] | None = None
        self._lock = threading.Lock()

    @property
    def bill(self) -> Bill:
        """What the runs so far would have cost."""
        with self._lock:
            return Bill(
                self._runs,
                self._seconds,
                self._usd,
                self._unpriced,
                self._doubtful_runs,
                self._doubtful_usd,
                self._unknown,
            )

    @property
    def scenario(self) -> tuple[ScenarioStep, ...]:
        """The steps that are left."""
        if self.parent is not None:
            return self.parent.scenario
        with self._lock:
            return tuple(self._steps or ())

    @scenario.setter
    def scenario(self, given: Any) -> None:
        if self.parent is not None:
            self.parent.scenario = given
            return
        steps = deque(scenario(given))
        with self._lock:
            self._steps = steps or None
            self.needs_slow_path = self._removed or bool(steps)

    def next_step(self) -> ScenarioStep | None:
        """Take the step for a run that has just arrived; `None` if no step is left."""
        if self.parent is not None:
            return self.parent.next_step()
        if self._steps is None:
            return None
        with self._lock:
            if not self._steps:
                return None
            step = self._steps[0]
            if step.times is not None:
                left = replace(step, times=step.times - 1)
                if left.times:
                    self._steps[0] = left
                else:
                    self._steps.popleft()
            if not self._steps:
                self._steps = None
                self.needs_slow_path = self._removed
            return step

    def forget(self) -> None:
        """Mark the account as removed; a later request with its id creates another account."""
        with self._lock:
            self._removed = self.needs_slow_path = True

    def charge(self, seconds: Decimal | None, cost: Decimal, unknown: str = "") -> str | None:
        """Bill a run.

        A run of unknown cost (`seconds` is `None`) is refused only when nothing is left; `unknown`
        says why it is unknown.

        Returns:
            `None`, or the name of the failure if credits or spend limit do not allow the run.
        """
        with self._lock:
            if seconds is None and self.credits is None and self.spend_limit is None:
                self._runs += 1
                self._unpriced += 1
                self._unknown = unknown or self._unknown
                return None
            before = self._usd
            after = before if seconds is None else EXACT.add(before, cost)
            if self.credits is not None and exceeds(before, after, self.credits):
                return "no-credits"
            if self.spend_limit is not None and exceeds(before, after, self.spend_limit.usd):
                if not self._lag:
                    return "spend-limit"
                self._lag -= 1
            self._runs += 1
            self._usd = after
            if seconds is None:
                self._unpriced += 1
                self._unknown = unknown or self._unknown
            else:
                self._seconds = EXACT.add(self._seconds, seconds)
        return None

    def rebill(
        self, before: tuple[Decimal | None, Decimal], after: tuple[Decimal | None, Decimal]
    ) -> None:
        """Bill a completed run for other seconds and USD than it was billed for."""
        with self._lock:
            for (seconds, usd), sign in ((before, -1), (after, 1)):
                self._unpriced += sign * (seconds is None)
                self._seconds = EXACT.add(self._seconds, sign * (seconds or 0))
                self._usd = EXACT.add(self._usd, sign * usd)

    def bill_maybe(self, cost: Decimal) -> None:
        """Add a run that did not complete, but that the service may have charged for."""
        with self._lock:
            self._doubtful_runs += 1
            self._doubtful_usd = EXACT.add(self._doubtful_usd, cost)


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
            spend_limit_lag=owner._lag,  # noqa: SLF001 - same module
            parent=owner,
        )
        self.add(account)
        return account

    def add(self, account: Account) -> None:
        """Add an account that has a token of its own."""
        with self._lock:
            self._made[account.id] = account
            self._by_token[account.token or ""] = account

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
            self._by_token.pop(account.token or "", None)

    def refusal(self, account: Account, token: str) -> str | None:
        """Why `account` does not accept `token`: the name of a failure; `None` if it accepts it."""
        if account.token is not None:
            if token == account.token or self._is_related(account, token):
                return None
        elif token in self.tokens or (not self.tokens and self._is_unowned(token)):
            return None
        return "token-of-another-account" if token in self._by_token else "token-wrong"

    def _is_related(self, account: Account, token: str) -> bool:
        """Whether the token belongs to an account with the same parent, or to the parent."""
        owner = self._by_token.get(token)
        return owner is not None and (owner.parent or owner) is (account.parent or account)

    def _is_unowned(self, token: str) -> bool:
        return token not in self._by_token and not token.startswith(faults.FAULT_PREFIX)


def checked_profile(given: str) -> Profile:
    """The profile with this name.

    Raises:
        ArgumentError: No profile has this name.
    """
    for profile in PROFILES:
        if profile == given:
            return profile
    raise ArgumentError(f"profile is {' or '.join(PROFILES)}, not {given!r}")
