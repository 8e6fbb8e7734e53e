"""The fake as an ASGI application: a lean path for runs, FastAPI for the rest when it is wanted."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from decimal import Decimal
from itertools import count
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.errors import ArgumentError
from fake_server import media
from fake_server.accounts import Accounts, amount, checked_profile
from fake_server.answering import ELSEWHERE, Answering, Door
from fake_server.binding import PATHS, Binding
from fake_server.journal import Journal, open_journal
from fake_server.playing import Answer, Wire, play
from fake_server.reading import Body, read
from fake_server.replies import Refused
from fake_server.request import Headers, Request
from fake_server.rest import PREFIX, Rest
from fake_server.security import ANY

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Bytes of body that are read unless told otherwise; a video may come as a data URI.
MAX_BODY = 32 * 1024 * 1024

#: Where the control API and the pages are.
CONTROL = "/__aleph__/"

#: Names of ASGI extensions: the transport of the connection; the refusal, once it was sent, of a
#: body whose framing broke.
TRANSPORT = "fake_server.transport"
BROKEN = "fake_server.broken"

# About what an exchange costs in memory beyond its bodies, and how much of an oversize body the
# journal keeps, in bytes.
_RECORD = 2500
_KEPT = 64 * 1024


class App:
    """One fake: contract, accounts, journal; callable as an ASGI application.

    Args:
        contract: What it answers for.
        accounts: Who may run.
        journal: Where every exchange goes.
        latency: Seconds that a completed run takes.
        max_body: Bytes of body that are read.
        hosts: Names under which the control API may be called; see `security.refusal`.
    """

    def __init__(
        self,
        contract: Contract,
        accounts: Accounts,
        journal: Journal,
        *,
        latency: float = 0.0,
        max_body: int = MAX_BODY,
        hosts: Iterable[str] = (ANY,),
    ) -> None:
        self.contract = contract
        self.accounts = accounts
        self.journal = journal
        self.latency = latency
        self.max_body = max_body
        self.hosts = tuple(hosts)
        self._answering = Answering(contract, max_body)
        self._rest = Rest(contract, accounts)
        self._binding = Binding(contract, accounts)
        self._rays = count(secrets.randbits(62))
        self._control: ASGI | None = None
        self._opening = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        path: str = scope.get("path", "")
        if scope["type"] != "http":
            await _decline(scope, receive, send)
        elif path.startswith(PREFIX):
            await self._serve(self._rest, scope, receive, send)
        elif path.startswith(media.PREFIX):
            await media.serve(scope, receive, send)
        elif path == "/" or (path + "/").startswith(CONTROL):
            await (self._control or await self._open_control())(scope, receive, send)
        elif path.startswith(ELSEWHERE):
            await self._serve_elsewhere(scope, receive, send)
        else:
            door = self._binding if path in PATHS else self._rest
            await self._serve(door, scope, receive, send)

    async def _serve(self, door: Door, scope: Scope, receive: Receive, send: Send) -> None:
        request = self._request(door, scope)
        refused = None
        try:
            door.admit(request)
        except Refused as error:
            refused = error
        account = request.account
        account.busy += 1
        try:
            if self._wants_body(request):
                request.body = await read(receive, self.max_body)
            if request.body.gone:
                await self._record_gone(request, scope)
                return
            answer = self._answering.answer(door, request, scope, refused)
            request.number = self.journal.arrive(request.account.id)
            if request.step is not None or (self.latency and answer.outcome == "completed"):
                await self._play(request, answer, scope, receive, send)
                return
            await self._send(request, answer, send)
        finally:
            account.busy -= 1

    async def _serve_elsewhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        account_id, _, way = path.removeprefix(ELSEWHERE + "/").partition("/")
        door: Door = self._binding if f"/{way}" in PATHS else self._rest
        request = self._request(door, scope)
        request.account = self.accounts.find(account_id) or request.account
        request.credential = self._rest.credential(request)
        request.body = await read(receive, self.max_body)
        request.number = self.journal.arrive(request.account.id)
        await self._send(request, self._answering.elsewhere(door, request, scope), send)

    def _request(self, door: Door, scope: Scope) -> Request:
        return Request(scope, door.surface, b"%016x-AMS" % next(self._rays))

    def _wants_body(self, request: Request) -> bool:
        """Whether to read the body: not before an early reset, nor if it is announced too large."""
        step = request.step
        if step is not None and step.fault is not None and step.fault.delivery == "reset-early":
            return False
        if b"expect" not in request.known:
            return True
        length = request.known.get(b"content-length", b"0")
        return not length.isdigit() or int(length) <= self.max_body

    async def _send(self, request: Request, answer: Answer, send: Send) -> None:
        request.finish(answer.status, answer.headers, answer.body, answer.outcome)
        waiting = self._append(request)
        if waiting is not None:
            await waiting
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": list(answer.headers),
            }
        )
        await send({"type": "http.response.body", "body": answer.body})

    async def _play(
        self, request: Request, answer: Answer, scope: Scope, receive: Receive, send: Send
    ) -> None:
        async def record(
            status: int | None, headers: Headers, answered: bytes, outcome: str
        ) -> None:
            request.finish(status, headers, answered, outcome)
            waiting = self._append(request)
            if waiting is not None:
                await waiting

        step = request.step
        fault = None if step is None else step.fault
        seconds = self.latency if answer.outcome == "completed" else 0.0
        if fault is not None:
            seconds += fault.delay
        if step is not None and step.delay is not None:
            seconds = step.delay
        wire = Wire(receive, send, record, _extensions(scope).get(TRANSPORT))
        await play(wire, "whole" if fault is None else fault.delivery, answer, seconds)

    async def _record_gone(self, request: Request, scope: Scope) -> None:
        """Record a request whose body never came to its end."""
        request.number = self.journal.arrive(request.account.id)
        sent: Answer | None = _extensions(scope).get(BROKEN)
        if sent is None:
            request.finish(None, (), b"", "cut")
        else:
            request.finish(sent.status, sent.headers, sent.body, sent.outcome)
        waiting = self._append(request)
        if waiting is not None:
            await waiting

    def _append(self, request: Request) -> Awaitable[None] | None:
        body = request.body
        if not body.complete and len(body.raw) > _KEPT:
            request.body = Body(body.raw[:_KEPT], complete=False)
        size = len(request.body.raw) + len(request.answered) + _RECORD
        return self.journal.append(request.account.id, request.number, request.exchange, size)

    async def _open_control(self) -> ASGI:
        # Importing FastAPI takes half a second, in which runs go on being answered.
        async with self._opening:
            if self._control is None:
                loop = asyncio.get_running_loop()
                self._control = await loop.run_in_executor(None, self._make_control)
        return self._control

    def _make_control(self) -> ASGI:
        from fake_server.control import create_control  # noqa: PLC0415 - see above

        return create_control(self, self.hosts)


def _extensions(scope: Scope) -> Any:
    return scope.get("extensions") or {}


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
    hosts: Iterable[str] = (ANY,),
) -> App:
    """A fake as an ASGI application, for use in process or under any ASGI server.

    Only under `fake_server.serve` it can cut connections; elsewhere the faults that do raise
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
        hosts: Names under which the control API may be called; see `security.refusal`.

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
