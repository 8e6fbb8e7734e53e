"""The fake as an ASGI application: a lean path for runs, FastAPI for the rest when it is wanted."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from decimal import Decimal
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.errors import ArgumentError
from fake_server import media
from fake_server.control.origin_guard import ANY_HOST
from fake_server.http.body import read
from fake_server.http.delivery import Connection, RecordSent, deliver
from fake_server.journal import open_journal
from fake_server.journal.base import Journal
from fake_server.journal.memory import MemoryJournal
from fake_server.replies.faults import Delivery
from fake_server.runs.fast_path import SHORT
from fake_server.runs.lifecycle import Runs
from fake_server.runs.request import Answer, Headers, Request
from fake_server.state.accounts import Account, Accounts, checked_profile
from fake_server.state.billing import amount

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Bytes of body that are read unless told otherwise; a video may come as a data URI.
MAX_BODY = 32 * 1024 * 1024

#: Bytes of body from which on its reading takes long.
LARGE = 1024 * 1024

#: Where the control API and the pages are.
CONTROL = "/__aleph__/"

#: Names of ASGI extensions: the transport of the connection; the refusal, once it was sent, of a
#: body whose framing broke.
TRANSPORT = "fake_server.transport"
BROKEN = "fake_server.broken"


class App:
    """One fake: contract, accounts, journal; callable as an ASGI application.

    Args:
        contract: What it answers for.
        accounts: Who may run.
        journal: Where every exchange goes.
        latency: Seconds that a completed run takes.
        max_body: Bytes of body that are read.
        hosts: Names under which the control API may be called.
    """

    def __init__(
        self,
        contract: Contract,
        accounts: Accounts,
        journal: Journal,
        *,
        latency: float = 0.0,
        max_body: int = MAX_BODY,
        hosts: Iterable[str] = (ANY_HOST,),
    ) -> None:
        self.contract = contract
        self.accounts = accounts
        self.journal = journal
        self.latency = latency
        self.max_body = max_body
        self.hosts = tuple(hosts)
        self.runs = Runs(contract, accounts, journal, max_body)
        if latency or max_body < SHORT or not isinstance(journal, MemoryJournal):
            self.runs.lean = None  # somebody has to wait, or to be refused
        self._playing: dict[Connection, Account] = {}
        self._control: ASGI | None = None
        self._opening = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        path: str = scope.get("path", "")
        if scope["type"] != "http":
            await _decline(scope, receive, send)
        elif path.startswith(media.MEDIA_PATH):
            await media.serve(scope, receive, send)
        elif is_control(path):
            await (self._control or await self._open_control())(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    def hang_up(self, account: Account) -> None:
        """Cut the connections on which an account still waits; call it in the loop's thread."""
        for wire, waiting in [*self._playing.items()]:
            if waiting is account:
                wire.hang_up()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        extensions = scope.get("extensions") or {}
        request = request_of(scope)
        self.runs.start(request)
        try:
            if self._wants_body(request):
                request.raw, request.complete, gone = await read(receive, self.max_body)
                if gone:
                    await _done(self.runs.record_aborted(request, extensions.get(BROKEN)))
                    return
            answer = await self._conclude(request)
            self.runs.recount(request)
            if b"expect" in request.known and not request.complete:  # the body may come, or not
                answer = answer._replace(headers=(*answer.headers, (b"connection", b"close")))
            wire = Connection(receive, send, self._recorder(request), extensions.get(TRANSPORT))
            self._playing[wire] = request.account
            try:
                await deliver(wire, answer, *self._manner(request, answer))
            finally:
                del self._playing[wire]
        finally:
            self.runs.end(request)

    async def _conclude(self, request: Request) -> Answer:
        """Decide the answer; in another thread, so that others are served, if that takes long."""
        if len(request.raw) < LARGE:
            return self.runs.respond(request)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, self.runs.respond, request)

    def _wants_body(self, request: Request) -> bool:
        """Whether to read the body: not before an early reset, nor if it is announced too large."""
        step = request.step
        if step is not None and step.fault is not None and step.fault.delivery == "reset-early":
            return False
        if b"expect" not in request.known:
            return True
        length = request.known.get(b"content-length", b"0")
        return not length.isdigit() or int(length) <= self.max_body

    def _recorder(self, request: Request) -> RecordSent:
        async def record(
            status: int | None, headers: Headers, answered: bytes, outcome: str
        ) -> None:
            await _done(self.runs.record(request, status, headers, answered, outcome))

        return record

    def _manner(self, request: Request, answer: Answer) -> tuple[Delivery, float]:
        """How an answer is delivered, and how many seconds that takes."""
        seconds = self.latency if answer.outcome == "completed" else 0.0
        step = request.step
        if step is None:
            return "whole", seconds
        if step.fault is None:
            return "whole", seconds if step.delay is None else step.delay
        own = seconds + step.fault.delay if step.delay is None else step.delay
        return step.fault.delivery, own

    async def _open_control(self) -> ASGI:
        # Importing FastAPI takes half a second, in which runs go on being answered.
        async with self._opening:
            if self._control is None:
                loop = asyncio.get_running_loop()
                self._control = await loop.run_in_executor(None, self._make_control)
        return self._control

    def _make_control(self) -> ASGI:
        from fake_server.http.control_app import create_control  # see above

        return create_control(self, self.hosts)


def is_control(path: str) -> bool:
    """Whether a path is of the control API or the pages; all others may be meant for a run."""
    return path == "/" or (path + "/").startswith(CONTROL)


def request_of(scope: Scope) -> Request:
    """The request of an ASGI scope."""
    path: str = scope["path"]
    return Request(
        scope["method"],
        path,
        scope.get("raw_path") or path.encode(),
        scope["query_string"],
        scope["headers"],
        scope.get("server"),
    )


async def _done(waiting: Awaitable[None] | None) -> None:
    if waiting is not None:
        await waiting


async def _decline(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what is not HTTP: a server that asks for a lifespan, a WebSocket."""
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    await receive()
    await send({"type": "websocket.close", "code": 1000})


def create_app(
    contract: Contract | None = None,
    *,
    profile: str = "documented",
    tokens: Iterable[str] = (),
    latency: float = 0.0,
    credits: Decimal | str | float | None = None,  # noqa: A002 - the service's word
    spend_limit: Decimal | str | float | None = None,
    journal: Journal | str = "memory",
    max_body: int = MAX_BODY,
    hosts: Iterable[str] = (ANY_HOST,),
) -> App:
    """A fake as an ASGI application, for use in process or under any ASGI server.

    Only under `fake_server.Server` can it cut connections; elsewhere the faults that do so raise
    `ConnectionResetError` in the server.

    Args:
        contract: What it answers for; the shipped contract if `None`.
        profile: Shape of successful REST replies, `documented` or `live`.
        tokens: Let in only these, and those of accounts that were made; empty: let in any.
        latency: Seconds that a completed run takes.
        credits: USD that the runs of each account may cost in all.
        spend_limit: USD at which the gateway stops an account's runs.
        journal: `memory`, `sqlite:PATH`, or a journal.
        max_body: Bytes of body that are read.
        hosts: Names under which the control API may be called.

    Raises:
        ArgumentError: One of them is out of its range; the message names it.
        ContractError: The contract cannot be used.
    """
    if not 0 <= latency < math.inf:
        raise ArgumentError(f"latency is a number of seconds from 0, not {latency}")
    if max_body < 1:
        raise ArgumentError(f"max_body is a number of bytes from 1, not {max_body}")
    accounts = Accounts(
        profile=checked_profile(profile),
        tokens=tokens,
        credits=None if credits is None else amount("credits", credits),
        spend_limit=None if spend_limit is None else amount("spend_limit", spend_limit),
    )
    return App(
        contract or Contract.load(),
        accounts,
        open_journal(journal) if isinstance(journal, str) else journal,
        latency=latency,
        max_body=max_body,
        hosts=hosts,
    )
