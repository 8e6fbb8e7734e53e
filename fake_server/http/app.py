"""The fake as an ASGI application: runs, videos, and on demand the control API on FastAPI.

`create_app` in `factory.py` makes one from options.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.clock import WALL_CLOCK, Clock
from fake_server import media
from fake_server.control.origin_guard import ANY_HOST, OriginGuard
from fake_server.control.runner_reports import RunnerReports, is_report
from fake_server.http.body import UNREAD, read
from fake_server.http.delivery import Connection, deliver
from fake_server.http.run_source import kind_of_runs
from fake_server.http.scope import (
    ASGI,
    KEEP_DATE,
    SENT_REFUSAL,
    TRANSPORT,
    Receive,
    Scope,
    Send,
    head_of,
    serve_other_protocol,
)
from fake_server.journal.base import Journal, SharedJournal
from fake_server.media.presigned import Presigner
from fake_server.media.samples import NO_SAMPLES, Samples
from fake_server.runs.decision import Admission
from fake_server.runs.lifecycle import Runs
from fake_server.runs.request import ReceivedRequest, RequestHead
from fake_server.runs.rest import bearer_tokens
from fake_server.runs.webhook import Webhook, send
from fake_server.state.accounts import Account, Accounts
from fake_server.state.suite import SuiteLog

if TYPE_CHECKING:
    from fake_server.http.shared_serving import SharedServing
    from fake_server.observe.metrics import Metrics
    from fake_server.runs.mutation import Mutator
    from fake_server.runs.replay import RecordedReplies
    from fake_server.upstream.forwarding import Upstream

#: Default bound on the bytes of a body; a body may hold a video as a data URI.
MAX_BODY = 32 * 1024 * 1024

#: Path of the control API and the pages.
CONTROL_PATH = "/__aleph__/"

#: FastAPI silences a warning of pydantic by `warnings.catch_warnings`, which is not thread-safe:
#: two fakes of one process that create their control API at the same time would print it.
_CREATING_CONTROL = threading.Lock()


class App:
    """One fake, as an ASGI application.

    Args:
        contracts: The contracts that it serves.
        accounts: The accounts that may call it.
        journal: Stores every exchange.
        latency: Seconds that a completed run takes.
        max_body: Bound on the bytes of a body.
        hosts: Host names that the control API accepts.
        presigned: Seconds after which result URLs expire; `None` for URLs without a signature.
        background: Whether a call on the binding may ask for a run in the background.
        mutator: Changes one call; `None` for an ordinary fake.
        replay: A recording that answers runs; `None` for an ordinary fake.
        upstream: A server that answers runs; `None` for an ordinary fake.
        clock: The clock of the clients; every duration and time is in its seconds.
        admin_token: What callers of the control API on other machines must present.
        samples: The files that result URLs return; see `read_samples`.
    """

    def __init__(
        self,
        contracts: ContractSet,
        accounts: Accounts,
        journal: Journal,
        *,
        latency: float = 0.0,
        max_body: int = MAX_BODY,
        hosts: Iterable[str] = (ANY_HOST,),
        presigned: int | None = None,
        background: bool = False,
        mutator: Mutator | None = None,
        replay: RecordedReplies | None = None,
        upstream: Upstream | None = None,
        clock: Clock = WALL_CLOCK,
        admin_token: str | None = None,
        samples: Samples = NO_SAMPLES,
    ) -> None:
        self.clock = clock
        self._samples = samples
        #: Whether an upstream answers the runs.
        self.forwards = upstream is not None
        self._admin_token = admin_token
        self.presigner = None if presigned is None else Presigner(presigned, clock)
        self.contracts = contracts
        self.contract = contracts.default
        self.accounts = accounts
        self.journal = journal
        self.suite: SuiteLog = SuiteLog(None if mutator is None else mutator.start_test, clock)
        self.max_body = max_body
        self.hosts = tuple(hosts)
        options: dict[str, Any] = {
            "latency": latency,
            "presigner": self.presigner,
            "background": background,
            "clock": clock,
            "samples": samples,
        }
        self.runs: Runs
        self._serve: ASGI = self._serve_run
        self._shared: SharedServing | None = None
        if isinstance(journal, SharedJournal):
            from fake_server.http.shared_serving import SharedServing  # imports asyncpg

            shared = SharedServing(self, contracts, accounts, journal, options)
            self.runs, self._serve, self._shared = shared.runs, shared, shared
            self.suite = shared.suite
        else:
            kind = kind_of_runs(mutator, replay, upstream)
            self.runs = kind(contracts, accounts, journal, max_body, **options)
        #: The metrics of `serve --metrics`.
        self.metrics: Metrics | None = None
        self.open_connections: dict[Connection, Account] = {}
        self._webhooks: set[asyncio.Future[None]] = set()
        self._control: ASGI | None = None
        self._loading_control = asyncio.Lock()
        reports = RunnerReports(self, self._load_control)
        self._serve_report: ASGI = OriginGuard(reports, self.hosts, admin_token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        path: str = scope.get("path", "")
        if scope["type"] != "http":
            await serve_other_protocol(scope, receive, send)
        elif path.startswith(media.MEDIA_PATH):
            if bearer_tokens(scope["headers"]):
                await self._serve(scope, receive, send)
            else:
                await media.serve(scope, receive, send, self.presigner, self._samples)
        elif is_control(path):
            await self._serve_control(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    def hang_up(self, account: Account) -> None:
        """Close the connections that wait for a response; call it in the event loop's thread.

        Fakes that share the accounts do the same.
        """
        self.close_waiting(account.id)
        if self._shared is not None:
            self._shared.hang_up(account.id)

    def close_waiting(self, account_id: str) -> None:
        """Close the connections that wait for a response of this fake."""
        for connection, waiting in [*self.open_connections.items()]:
            if waiting.id == account_id:
                connection.abort()

    async def shutdown(self) -> None:
        """Release what belongs to the event loop, once no request is served any more."""
        if self._shared is not None:
            await self._shared.release()
        await self.runs.close()

    def in_flight(self, account_id: str) -> int:
        """The number of requests of an account that are being answered; blocks if it is shared."""
        if self._shared is not None:
            return self._shared.in_flight(account_id)
        account = self.accounts.find(account_id)
        return 0 if account is None else account.in_flight

    async def _serve_run(self, scope: Scope, receive: Receive, send: Send) -> None:
        extensions = scope.get("extensions") or {}
        head = head_of(scope)
        admission = self.runs.start(head)
        counted = admission.account
        try:
            raw, complete, disconnected = UNREAD
            if self.wants_body(head, admission):
                raw, complete, disconnected = await read(receive, self.max_body)
            request = ReceivedRequest(head, raw, complete)
            if disconnected:
                sent = extensions.get(SENT_REFUSAL)
                stored = self.runs.record_aborted(request, admission, sent)
                if stored is not None:
                    await stored
                return
            run = await self.runs.decide(request, admission)
            counted = self.runs.recount(counted, run.account)
            if KEEP_DATE in extensions and any(n == b"date" for n, _ in run.answer.headers):
                extensions[KEEP_DATE]()
            connection = Connection(receive, send, extensions.get(TRANSPORT))
            self.open_connections[connection] = run.account
            try:
                await deliver(connection, run)
            finally:
                del self.open_connections[connection]
            if run.webhook is not None:
                self.call_webhook(*run.webhook)
        finally:
            self.runs.end(counted)

    def call_webhook(self, webhook: Webhook, seconds: float) -> None:
        """Call a webhook in a task, which is referenced here so that it is not collected."""
        task = asyncio.ensure_future(send(webhook, seconds))
        self._webhooks.add(task)
        task.add_done_callback(self._webhooks.discard)

    def wants_body(self, head: RequestHead, admission: Admission) -> bool:
        """Whether to read the body: not before an early reset, nor if it is announced too large."""
        step = admission.step
        if step is not None and step.fault is not None and step.fault.delivery == "reset-early":
            return False
        if b"expect" not in head.by_name:
            return True
        length = head.by_name.get(b"content-length", b"0")
        return not length.isdigit() or int(length) <= self.max_body

    async def _serve_control(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._control is None and self._shared is None and is_report(scope):
            await self._serve_report(scope, receive, send)
        else:
            await (self._control or await self._load_control())(scope, receive, send)

    async def _load_control(self) -> ASGI:
        # The import of FastAPI takes half a second; runs are served meanwhile.
        async with self._loading_control:
            if self._control is None:
                loop = asyncio.get_running_loop()
                self._control = await loop.run_in_executor(None, self._create_control)
        return self._control

    def _create_control(self) -> ASGI:
        from fake_server.http.control_app import create_control  # imports FastAPI

        with _CREATING_CONTROL:
            return create_control(self, self.hosts, self._admin_token)


def is_control(path: str) -> bool:
    """Whether a path belongs to the control API or the pages; any other is a run route."""
    return path == "/" or (path + "/").startswith(CONTROL_PATH)
