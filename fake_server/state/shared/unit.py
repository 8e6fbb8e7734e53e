"""The accounts of one request, as far as they have been read.

The code that admits and answers requests is synchronous. It asks a `Unit` for accounts, and the
unit raises `StateNeeded` for what is not read yet. `Unit.complete` reads it and calls the code
again, which has changed nothing but this unit until then. A request by its own token needs one such
read, or two if its scenario has a step.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from fake_server.state.account import Account
from fake_server.state.accounts import StateNeeded, refusal
from fake_server.state.scenarios import ScenarioStep
from fake_server.state.shared.reader import Reader
from fake_server.state.shared.snapshot import Snapshot
from fake_server.state.shared.writer import Attempt, TakeStep, Writer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Wanted:
    account: str | None = None
    create: bool = False
    token: str | None = None
    step_of: str | None = None


class _RowNeeded(StateNeeded):
    """See `StateNeeded`."""

    def __init__(self, wanted: _Wanted) -> None:
        super().__init__(wanted)
        self.wanted = wanted


class Unit:
    """See `AccountLookup`, and the module.

    Args:
        reader: Reads the accounts.
        writer: Takes the step.
        tokens: The tokens of the server.
    """

    __slots__ = ("_accounts", "_owners", "_reader", "_step", "_tokens", "_writer", "attempt")

    def __init__(self, reader: Reader, writer: Writer, tokens: frozenset[str]) -> None:
        self._reader = reader
        self._writer = writer
        self._tokens = tokens
        self._accounts: dict[str, Account | None] = {}
        self._owners: dict[str, Account | None] = {}
        self._step: list[ScenarioStep | None] = []
        #: The charge that the answer depends on.
        self.attempt: Attempt | None = None

    def find(self, account_id: str) -> Account | None:
        """See `AccountLookup`."""
        if account_id not in self._accounts:
            raise _RowNeeded(_Wanted(account_id))
        return self._accounts[account_id]

    def get(self, account_id: str) -> Account:
        """See `AccountLookup`."""
        account = self._accounts.get(account_id)
        if account is None:
            raise _RowNeeded(_Wanted(account_id, create=True))
        return account

    def owner(self, token: str) -> Account | None:
        """See `AccountLookup`."""
        if self._reader.is_unowned(token):
            return None
        if token not in self._owners:
            raise _RowNeeded(_Wanted(token=token))
        return self._owners[token]

    def refusal(self, account: Account, token: str) -> str | None:
        """See `AccountLookup`."""
        return refusal(account, token, self._tokens, self.owner)

    def next_step(self, owner: str, *, some: bool) -> ScenarioStep | None:
        """The step of this request; `some` says whether its scenario had one when it was read."""
        if not self._step and some:
            raise _RowNeeded(_Wanted(step_of=owner))
        return self._step[0] if self._step else None

    async def complete(self, decide: Callable[[], Awaitable[T]]) -> T:
        """Call `decide` until all that it needs has been read.

        Raises:
            JournalUnavailable: The database cannot be read.
        """
        while True:
            self.attempt = None
            try:
                return await decide()
            except _RowNeeded as needed:
                await self._read(needed.wanted)

    def use(self, account: Account) -> None:
        """Decide on another object of an account from now on."""
        self._accounts[account.id] = account

    async def _read(self, wanted: _Wanted) -> None:
        if wanted.account is not None:
            row = await self._reader.account(wanted.account, create=wanted.create)
            self._accounts[wanted.account] = None if row is None else RequestAccount(row, self)
        elif wanted.token is not None:
            row = await self._reader.owner(wanted.token)
            self._owners[wanted.token] = None if row is None else RequestAccount(row, self)
        elif wanted.step_of is not None:
            self._step = [await self._writer.apply(TakeStep(wanted.step_of))]


class RequestAccount(Snapshot):
    """The account of one request: its charge is tried here, and made by the writer."""

    __slots__ = ("_has_steps", "_unit")

    def __init__(self, row: Any, unit: Unit) -> None:
        super().__init__(row)
        self._unit = unit
        self._has_steps: bool = row["has_steps"]

    def next_step(self) -> ScenarioStep | None:
        """See `Account`."""
        owner = self.id if self.parent is None else self.parent.id
        return self._unit.next_step(owner, some=self._has_steps)

    def charge(self, seconds: Decimal | None, cost: Decimal, unknown: str = "") -> str | None:
        """See `Account`."""
        result = super().charge(seconds, cost, unknown)
        self._unit.attempt = Attempt(lambda locked: locked.charge(seconds, cost, unknown), result)
        return result

    def bill_maybe(self, cost: Decimal) -> None:
        """See `Account`."""
        self._unit.attempt = Attempt(lambda locked: locked.bill_maybe(cost), None)
