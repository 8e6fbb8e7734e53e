"""The path of a request when several fakes share the accounts; see `fake_server.state.shared`.

The decisions are those of `lifecycle.Runs`. They are made on a snapshot of the account, and the
writer makes them again on the locked account if its charge has another result there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import Exchange
from fake_server.journal.base import Journal, JournalUnavailable
from fake_server.journal.postgresql.database import LOGGER
from fake_server.replies.failures import Refused
from fake_server.runs.decision import UNNAMED, Admission, Answer, Run
from fake_server.runs.lifecycle import Runs
from fake_server.runs.request import FinishedRequest, Headers, ReceivedRequest, RequestHead
from fake_server.runs.rest import Rest
from fake_server.runs.workers_binding import Binding
from fake_server.state.account import Account
from fake_server.state.shared.accounts import SharedAccounts
from fake_server.state.shared.snapshot import Snapshot
from fake_server.state.shared.unit import Unit
from fake_server.state.shared.writer import End, Settle

#: What is stored of a response before it is sent: if this replica is lost, none was.
_NOTHING_SENT: tuple[None, Headers, bytes, str] = (None, (), b"", "cut")


class SharedRuns(Runs):
    """See `Runs`; a request is a `SharedCall`.

    Args:
        contracts: See `Runs`.
        accounts: The accounts.
        journal: See `Runs`.
        max_body: See `Runs`.
        **options: See `Runs`.
    """

    def __init__(
        self,
        contracts: ContractSet,
        accounts: SharedAccounts,
        journal: Journal,
        max_body: int,
        **options: Any,
    ) -> None:
        super().__init__(contracts, accounts, journal, max_body, **options)
        self.shared = accounts
        self.background: bool = options.get("background", False)

    def call(self, head: RequestHead) -> SharedCall:
        """One request."""
        return SharedCall(self, head)

    def reject(self, request: ReceivedRequest, answer: Answer | None) -> Awaitable[None]:
        """See `Runs`; the awaitable raises `JournalUnavailable` if the request is not stored."""
        call = self.call(request.head)
        task = asyncio.ensure_future(call.reject(request, answer))
        task.add_done_callback(partial(_log_failure, call))
        return task


class SharedCall:
    """One request of `SharedRuns`.

    Args:
        runs: The runs of the fake.
        head: The head of the request.
    """

    def __init__(self, runs: SharedRuns, head: RequestHead) -> None:
        self.head = head
        self._accounts = runs.shared
        self._unit = runs.shared.unit()
        self._runs = _RequestRuns(runs, self._unit)
        self._admission: Admission | None = None
        self._run: Run | None = None

    async def start(self) -> Admission:
        """See `Runs.start`.

        Raises:
            JournalUnavailable: The database cannot be read.
        """

        async def admit() -> Admission:
            return self._runs.start(self.head)

        self._admission = await self._unit.complete(admit)
        return self._admission

    async def respond(self, request: ReceivedRequest, *, in_thread: bool) -> Run:
        """See `Runs.respond`; the run is charged and stored when this returns.

        A response that is sent at once is stored as sent. Any other is stored as *cut*, and its
        `record` completes it before its last byte is sent.

        Raises:
            JournalUnavailable: It is not certain that it was stored.
        """
        admission = self._admission or await self.start()

        async def decide() -> Run:
            if not in_thread:
                return self._runs.respond(request, admission)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, self._runs.respond, request, admission)

        self._run = run = await self._unit.complete(decide)
        at_once = run.delivery == "whole" and not run.seconds

        def decide_again(locked: Snapshot) -> Callable[[], Exchange]:
            self._unit.use(locked)
            same = admission.account.id == locked.id
            again = replace(admission, account=locked) if same else admission
            self._run = self._runs.respond(request, again)
            return self._exchange(self._run.record, self._run.answer if at_once else _NOTHING_SENT)

        exchange = self._exchange(run.record, run.answer if at_once else _NOTHING_SENT)
        number = await self._settle(run.account, exchange, decide_again, open_=not at_once)
        record = _stored if at_once else partial(self._end, self._run, number)
        return replace(self._run, record=record)

    async def record_aborted(self, request: ReceivedRequest, sent: Answer | None) -> None:
        """See `Runs.record_aborted`."""
        admission = self._admission or await self.start()
        self._runs.record_aborted(request, admission, sent)
        await self._settle(admission.account, self._runs.taken(self._key), None)

    async def reject(self, request: ReceivedRequest, answer: Answer | None) -> None:
        """See `Runs.reject`."""

        async def locate() -> Account:
            self._runs.reject(request, answer)
            return self._runs.done.account

        account = await self._unit.complete(locate)
        await self._settle(account, self._runs.taken(self._key), None)

    def unavailable(self, reason: JournalUnavailable) -> Answer:
        """Log that the request cannot be stored; return the refusal in the service's shape."""
        account = self._admission.account.id if self._admission else ""
        LOGGER.error(
            "%s %s%s refused with 503, because the journal %s cannot store it: %s",
            self.head.method,
            self.head.path,
            f" of account {account}" if account else "",
            self._accounts.database.name,
            reason,
        )
        return self._runs.unavailable(self.head)

    @property
    def _key(self) -> bytes:
        return self._accounts.database.fingerprint_key

    def _exchange(
        self,
        record: Callable[..., Any],
        sent: tuple[int | None, Headers, bytes, str],
    ) -> Callable[[], Exchange]:
        record(*sent)
        return self._runs.taken(self._key)

    async def _settle(
        self,
        account: Account,
        exchange: Callable[[], Exchange],
        decide: Callable[[Snapshot], Callable[[], Exchange]] | None,
        *,
        open_: bool = False,
    ) -> int:
        attempt = None if decide is None else self._unit.attempt
        change = Settle(account.id, self._runs.size, exchange, attempt, decide, open_=open_)
        number: int = await self._accounts.writer.apply(change)
        return number

    def _end(  # noqa: PLR0917 - called with the arguments of `RecordSent`
        self,
        run: Run,
        number: int,
        status: int | None,
        headers: Headers,
        body: bytes,
        outcome: str,
    ) -> Awaitable[None]:
        exchange = self._exchange(run.record, (status, headers, body, outcome))
        change = End(run.account.id, number, self._runs.size, exchange)
        return self._accounts.writer.apply(change)


class _RequestRuns(Runs):
    """The runs of a fake on the accounts of one request; its exchange is kept, not stored.

    It shares everything else with `runs`, so that it is made quickly.
    """

    def __init__(self, runs: SharedRuns, unit: Unit) -> None:
        vars(self).update(vars(runs))
        self._accounts = unit
        self._arrive = _no_number
        self._rest = Rest(runs.models, unit)
        self._binding = Binding(runs.models, unit, background=runs.background)
        self.fast_path = None
        self.size = 0

    def _store(self, done: FinishedRequest, size: int) -> None:
        self.done, self.size = done, size

    def taken(self, key: bytes) -> Callable[[], Exchange]:
        """Builds the exchange that was kept."""
        return partial(self.done.exchange, key)

    def unavailable(self, head: RequestHead) -> Answer:
        """The refusal of a request that cannot be stored."""
        surface = self._surface(head.path)
        admission = Admission(surface, UNNAMED, refused=Refused("unavailable"))
        return self._responder.respond(ReceivedRequest(head), admission)[0]


def _no_number(_: str) -> int:
    """The number of an exchange is assigned when it is stored."""
    return 0


def _stored(*_: object) -> None:
    """The record of a response that is stored."""


def _log_failure(call: SharedCall, task: asyncio.Future[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if isinstance(error, JournalUnavailable):
        call.unavailable(error)
