"""Accounts: every account id is a world of its own, with its journal, scenario, credits, bill."""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact

#: A well-formed account id (assumed: lower case, as every published one is).
ACCOUNT_ID = re.compile(r"[0-9a-f]{32}")

#: The account of requests that name none: malformed routes, and the binding's default gateway.
NOBODY = ""

# Money is exact or it is an error: 5000 digits hold any duration that the JSON reader lets in.
_EXACT = Context(prec=5000, traps=[Inexact])


@dataclass(frozen=True, slots=True)
class Bill:
    """What an account would have paid.

    Args:
        runs: Completed runs.
        seconds: Seconds of source video in them, as their `duration` said.
        usd: What these cost.
        runs_without_duration: Completed runs without `duration`, whose cost nobody knows.
    """

    runs: int = 0
    seconds: Decimal = Decimal(0)
    usd: Decimal = Decimal(0)
    runs_without_duration: int = 0


class Account:
    """One account's state; safe to use from any thread."""

    __slots__ = ("_bill", "_lock", "credits", "id", "profile", "spend_limit", "token")

    def __init__(
        self,
        id: str,  # noqa: A002 - its name on the wire
        *,
        token: str | None = None,
        profile: str = "documented",
        credits: Decimal | None = None,  # noqa: A002 - the service's word
        spend_limit: Decimal | None = None,
    ) -> None:
        self.id = id
        self.token = token
        self.profile = profile
        self.credits = credits
        self.spend_limit = spend_limit
        self._bill = Bill()
        self._lock = threading.Lock()

    @property
    def bill(self) -> Bill:
        """What the account would have paid so far."""
        return self._bill

    def charge(self, seconds: Decimal | None, cost: Decimal) -> str | None:
        """Bill a completed run, unless money lacks; then the name of the failure."""
        with self._lock:
            bill = self._bill
            usd = _EXACT.add(bill.usd, cost)
            if self.credits is not None and (usd > self.credits or bill.usd >= self.credits):
                return "no-credits"
            if self.spend_limit is not None and usd > self.spend_limit:
                return "spend-limit"
            self._bill = Bill(
                bill.runs + 1,
                bill.seconds if seconds is None else _EXACT.add(bill.seconds, seconds),
                usd,
                bill.runs_without_duration + (seconds is None),
            )
        return None


class Accounts:
    """All accounts of one fake: made on purpose, or by their first request."""

    def __init__(
        self,
        *,
        profile: str = "documented",
        tokens: tuple[str, ...] = (),
        credits: Decimal | None = None,  # noqa: A002
        spend_limit: Decimal | None = None,
    ) -> None:
        self.profile = profile
        self.tokens = frozenset(tokens)
        self.credits = credits
        self.spend_limit = spend_limit
        self._by_id: dict[str, Account] = {}
        self._by_token: dict[str, Account] = {}
        self._lock = threading.Lock()

    def create(
        self,
        *,
        profile: str | None = None,
        credits: Decimal | None = None,  # noqa: A002
        spend_limit: Decimal | None = None,
    ) -> Account:
        """A fresh account that only its own fresh token lets in."""
        account = Account(
            secrets.token_hex(16),
            token=secrets.token_urlsafe(30),
            profile=profile or self.profile,
            credits=self.credits if credits is None else credits,
            spend_limit=self.spend_limit if spend_limit is None else spend_limit,
        )
        with self._lock:
            self._by_id[account.id] = account
            self._by_token[account.token or ""] = account
        return account

    def get(self, account_id: str) -> Account:
        """The account of an id; a new id makes one."""
        account = self._by_id.get(account_id)
        if account is None:
            with self._lock:
                account = self._by_id.setdefault(
                    account_id,
                    Account(
                        account_id,
                        profile=self.profile,
                        credits=self.credits,
                        spend_limit=self.spend_limit,
                    ),
                )
        return account

    def refuses(self, account: Account, token: str) -> str | None:
        """The name of the failure if `token` does not let in to `account`."""
        if account.token is not None:
            if token == account.token:
                return None
        elif (not self.tokens or token in self.tokens) and token not in self._by_token:
            return None
        return "token-of-another-account" if token in self._by_token else "token-wrong"


def cost_of(seconds: Decimal, price: Decimal) -> Decimal:
    """USD for so many seconds, exactly."""
    return _EXACT.multiply(seconds, price)
