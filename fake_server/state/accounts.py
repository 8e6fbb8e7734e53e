"""Accounts: every account id is a world of its own, with its scenario, its credits and its bill."""

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

#: The account of requests that name none.
NOBODY = ""

#: The account of the binding, which names none either, unless its gateway id is an account id.
BINDING = "binding"

#: Accounts that came to be by a request that named them. With one more, the tenth of them that
#: was idle longest is forgotten.
MAX_IMPLICIT_ACCOUNTS = 10_000


class Account:
    """The state of one account; safe to use from any thread.

    Args:
        id: 32 hexadecimal digits; `BINDING` and `NOBODY` are the exceptions.
        token: The one token that lets in; `None` lets in what the server lets in.
        profile: Shape of successful REST replies.
        credits: USD that runs may cost in all; `None` is no bound.
        spend_limit: USD at which the gateway stops runs; `None` is no bound.
    """

    __slots__ = (
        "_doubtful_runs",
        "_doubtful_usd",
        "_forgotten",
        "_lock",
        "_runs",
        "_seconds",
        "_steps",
        "_unpriced",
        "_usd",
        "credits",
        "id",
        "in_flight",
        "last_seen",
        "needs_slow_path",
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
    ) -> None:
        self.id = id
        self.token = token
        self.profile = profile
        self.credits = credits
        self.spend_limit = None if spend_limit is None else SpendLimit(spend_limit)
        #: Requests in flight.
        self.in_flight = 0
        #: Whether a scenario is to be played, or the account was forgotten.
        self.needs_slow_path = False
        self._forgotten = False
        #: When its last request came, in Unix time.
        self.last_seen = time()
        self._runs = self._unpriced = self._doubtful_runs = 0
        self._seconds = self._usd = self._doubtful_usd = Decimal(0)
        self._steps: deque[ScenarioStep] | None = None
        self._lock = threading.Lock()

    @property
    def bill(self) -> Bill:
        """What would have been paid so far."""
        with self._lock:
            return Bill(
                self._runs,
                self._seconds,
                self._usd,
                self._unpriced,
                self._doubtful_runs,
                self._doubtful_usd,
            )

    @property
    def scenario(self) -> tuple[ScenarioStep, ...]:
        """The steps still to be played."""
        with self._lock:
            return tuple(self._steps or ())

    @scenario.setter
    def scenario(self, given: Any) -> None:
        steps = deque(scenario(given))
        with self._lock:
            self._steps = steps or None
            self.needs_slow_path = self._forgotten or bool(steps)

    def next_step(self) -> ScenarioStep | None:
        """The step to play for a run that has just arrived; it counts as played."""
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
                self.needs_slow_path = self._forgotten
            return step

    def forget(self) -> None:
        """Note that the account is known no more; its id would now make another one."""
        with self._lock:
            self._forgotten = self.needs_slow_path = True

    def charge(self, seconds: Decimal | None, cost: Decimal) -> str | None:
        """Bill a completed run; or, where money lacks, say which failure that is.

        A run of unknown cost is refused only when nothing at all is left.
        """
        with self._lock:
            if seconds is None and self.credits is None and self.spend_limit is None:
                self._runs += 1
                self._unpriced += 1
                return None
            before = self._usd
            after = before if seconds is None else EXACT.add(before, cost)
            if self.credits is not None and exceeds(before, after, self.credits):
                return "no-credits"
            if self.spend_limit is not None and exceeds(before, after, self.spend_limit.usd):
                return "spend-limit"
            self._runs += 1
            self._usd = after
            if seconds is None:
                self._unpriced += 1
            else:
                self._seconds = EXACT.add(self._seconds, seconds)
        return None

    def bill_maybe(self, cost: Decimal) -> None:
        """Note a run that the service may have charged for, though it did not complete."""
        with self._lock:
            self._doubtful_runs += 1
            self._doubtful_usd = EXACT.add(self._doubtful_usd, cost)


class Accounts:
    """All accounts of one fake: those made on purpose, and those that a request named.

    Args:
        profile: What accounts have unless they are made otherwise; so the next two.
        credits: See `Account`.
        spend_limit: See `Account`.
        tokens: Let in only these, to accounts that have no token of their own; empty: let in any.
    """

    def __init__(
        self,
        *,
        profile: Profile = "documented",
        credits: Decimal | None = None,  # noqa: A002 - the service's word
        spend_limit: Decimal | None = None,
        tokens: Iterable[str] = (),
    ) -> None:
        self.profile = profile
        self.credits = credits
        self.spend_limit = spend_limit
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
    ) -> Account:
        """A fresh account, which only its own fresh token lets in.

        Raises:
            ArgumentError: An unknown profile, or an amount that is none.
        """
        token = secrets.token_urlsafe(30)
        account = Account(
            secrets.token_hex(16),
            token=token,
            profile=checked_profile(profile or self.profile),
            credits=self.credits if credits is None else amount("credits", credits),
            spend_limit=(
                self.spend_limit if spend_limit is None else amount("spend_limit", spend_limit)
            ),
        )
        with self._lock:
            self._made[account.id] = account
            self._by_token[token] = account
        return account

    def find(self, account_id: str) -> Account | None:
        """The account of an id, if it was made or named before."""
        return self._made.get(account_id) or self._implicit.get(account_id)

    def get(self, account_id: str) -> Account:
        """The account of an id; an id never seen makes one that the server's tokens let in."""
        return self.find(account_id) or self._meet(account_id)

    def _meet(self, account_id: str) -> Account:
        with self._lock:
            if account_id not in self._implicit:
                self._implicit[account_id] = Account(
                    account_id,
                    profile=self.profile,
                    credits=self.credits,
                    spend_limit=self.spend_limit,
                )
                if len(self._implicit) > MAX_IMPLICIT_ACCOUNTS:
                    self._forget_idle()
            return self._implicit[account_id]

    def _forget_idle(self) -> None:
        by_age = sorted(self._implicit.values(), key=lambda account: account.last_seen)
        for account in by_age[: MAX_IMPLICIT_ACCOUNTS // 10]:
            if not account.in_flight:
                account.forget()
                del self._implicit[account.id]

    def remove(self, account: Account) -> None:
        """Forget an account and its token."""
        with self._lock:
            account.forget()
            self._made.pop(account.id, None)
            self._implicit.pop(account.id, None)
            self._by_token.pop(account.token or "", None)

    def refusal(self, account: Account, token: str) -> str | None:
        """Which failure it is that `token` does not let in to `account`; `None` if it does."""
        if account.token is not None:
            if token == account.token:
                return None
        elif token in self.tokens or (not self.tokens and self._is_anybodys(token)):
            return None
        return "token-of-another-account" if token in self._by_token else "token-wrong"

    def _is_anybodys(self, token: str) -> bool:
        return token not in self._by_token and not token.startswith(faults.PREFIX)


def checked_profile(given: str) -> Profile:
    """A profile by its name.

    Raises:
        ArgumentError: There is no such profile.
    """
    for profile in PROFILES:
        if profile == given:
            return profile
    raise ArgumentError(f"profile is {' or '.join(PROFILES)}, not {given!r}")
