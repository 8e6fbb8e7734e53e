"""Serve the runs of a fake whose accounts and journal are in PostgreSQL.

The steps are those of `App`. A request that the database cannot store is refused with 503.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aleph_contract.contract.contract_set import ContractSet
from fake_server.http.body import UNREAD, read
from fake_server.http.delivery import Connection, deliver
from fake_server.http.scope import SENT_REFUSAL, TRANSPORT, Receive, Scope, Send, head_of
from fake_server.journal.base import JournalUnavailable
from fake_server.runs.decision import Admission
from fake_server.runs.lifecycle import LARGE_BODY
from fake_server.runs.request import ReceivedRequest, RequestHead
from fake_server.runs.shared_lifecycle import SharedCall, SharedRuns
from fake_server.runs.webhook import Webhook
from fake_server.state.account import Account
from fake_server.state.shared.suite import SharedSuiteLog


class Host(Protocol):
    """The parts of `App` that serving needs."""

    max_body: int
    open_connections: dict[Connection, Account]

    def wants_body(self, head: RequestHead, admission: Admission) -> bool:
        """Whether to read the body."""

    def call_webhook(self, webhook: Webhook, seconds: float) -> None:
        """Call a webhook later."""

    def close_waiting(self, account: str) -> None:
        """Close the connections of an account that wait for a response of this fake."""


class SharedServing:
    """Serves runs as an ASGI application.

    Args:
        host: The fake.
        contracts: The contracts that it serves.
        accounts: Its accounts, which are `SharedAccounts`.
        journal: Its journal, which is a `SharedJournal`.
        options: Options of `Runs`.
    """

    def __init__(
        self,
        host: Host,
        contracts: ContractSet,
        accounts: Any,
        journal: Any,
        options: dict[str, Any],
    ) -> None:
        self._host = host
        self.runs = SharedRuns(contracts, accounts, journal, host.max_body, **options)
        self.suite = SharedSuiteLog(accounts.database)
        self._accounts, self._signals = accounts, journal.signals
        self._signals.on_hang_up = self._on_hang_up
        self._loop: asyncio.AbstractEventLoop | None = None
        #: Requests that this fake is answering, by account.
        self._in_flight: Counter[str] = Counter()
        self.release: Callable[[], Awaitable[None]] = accounts.close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        self._loop = asyncio.get_running_loop()
        extensions = scope.get("extensions") or {}
        call = self.runs.call(head_of(scope))
        connection = Connection(receive, send, extensions.get(TRANSPORT))
        try:
            await self._serve(call, receive, connection, extensions)
        except JournalUnavailable as error:
            answer = call.unavailable(error)
            if connection.sent[0] is not None:  # the status line is sent, and cannot be taken back
                connection.abort()
                return
            await connection.start(answer)
            await connection.body(answer.body, more=False)

    def in_flight(self, account: str) -> int:
        """The number of requests of an account that any fake is answering; blocks."""
        elsewhere: int = self._accounts.open_elsewhere(account)
        return self._in_flight[account] + elsewhere

    def hang_up(self, account: str) -> None:
        """Ask the other fakes to close the connections of an account that wait for a response."""
        self._signals.send_hang_up(account)

    def _on_hang_up(self, account: str) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._host.close_waiting, account)

    async def _serve(
        self, call: SharedCall, receive: Receive, connection: Connection, extensions: Any
    ) -> None:
        admission = await call.start()
        counted = admission.account.id
        self._in_flight[counted] += 1
        try:
            await self._serve_admitted(call, admission, receive, connection, extensions)
        finally:
            self._in_flight[counted] -= 1
            if not self._in_flight[counted]:
                del self._in_flight[counted]

    async def _serve_admitted(
        self,
        call: SharedCall,
        admission: Admission,
        receive: Receive,
        connection: Connection,
        extensions: Any,
    ) -> None:
        host = self._host
        raw, complete, disconnected = UNREAD
        if host.wants_body(call.head, admission):
            raw, complete, disconnected = await read(receive, host.max_body)
        request = ReceivedRequest(call.head, raw, complete)
        if disconnected:
            await call.record_aborted(request, extensions.get(SENT_REFUSAL))
            return
        run = await call.respond(request, in_thread=len(raw) >= LARGE_BODY)
        host.open_connections[connection] = run.account
        try:
            await deliver(connection, run)
        finally:
            del host.open_connections[connection]
        if run.webhook is not None:
            host.call_webhook(*run.webhook)
