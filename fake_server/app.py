"""The fake as an ASGI application: a lean path for runs, FastAPI for the rest when it is wanted."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from decimal import Decimal
from functools import partial
from typing import Any

import orjson

from aleph_contract.contract import Contract
from aleph_contract.errors import JSONError
from aleph_contract.exchange import Credential, Exchange, Surface
from aleph_contract.validation import leaves, validator_for
from fake_server import replies
from fake_server.accounts import ACCOUNT_ID, NOBODY, Account, Accounts, cost_of
from fake_server.journal import Journal, MemoryJournal
from fake_server.reading import parse
from fake_server.replies import Answer, Refused

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: Bytes of body that are read unless told otherwise; a video may come as a data URI.
MAX_BODY = 32 * 1024 * 1024

API = "/client/v4"
CONTROL = "/__aleph__/"
MEDIA = CONTROL + "media/"
REDACTED = "REDACTED"


class App:
    """One fake: contract, accounts, journal; callable as an ASGI application."""

    def __init__(
        self,
        contract: Contract,
        accounts: Accounts,
        journal: Journal,
        *,
        latency: float = 0.0,
        max_body: int = MAX_BODY,
    ) -> None:
        self.contract = contract
        self.accounts = accounts
        self.journal = journal
        self.latency = latency
        self.max_body = max_body
        self.validator = validator_for(contract)
        self._examples = {digest(dict(e.input)): dict(e.reply) for e in contract.examples}
        self._control: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path.startswith(MEDIA):
            from fake_server import media  # noqa: PLC0415 - when asked for

            await media.serve(scope, receive, send)
        elif path.startswith(CONTROL):
            await self._serve_control(scope, receive, send)
        else:
            await self._serve_run(scope, receive, send)

    async def _serve_control(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._control is None:
            from fake_server import control  # noqa: PLC0415 - FastAPI costs half a second

            self._control = control.create_control(self)
        await self._control(scope, receive, send)

    async def _serve_run(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        await request.read(receive, self.max_body)
        try:
            answer = self._decide(request)
        except Refused as refused:
            answer = request.refusal(refused)
        number = self.journal.arrive(request.account.id)
        record = partial(exchange, number, request, answer)
        waiting = self.journal.append(request.account.id, number, record, len(request.body) + 2000)
        if waiting is not None:
            await waiting
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [
                    *answer.headers,
                    (b"content-length", str(len(answer.body)).encode()),
                ],
            }
        )
        await send({"type": "http.response.body", "body": answer.body})

    def _decide(self, request: Request) -> Answer:
        parts = request.path.split("/")
        if not request.path.startswith(API + "/accounts/") or len(parts) < 5:
            raise Refused("no-route")
        if ACCOUNT_ID.fullmatch(parts[4]):
            request.account = self.accounts.get(parts[4])
        if parts[5:] != ["ai", "run"]:
            raise Refused("no-route")
        if request.account.id == NOBODY:
            raise Refused("malformed-account", path=request.path)
        if request.scope["method"] != "POST":
            raise Refused("wrong-method")
        self._authenticate(request)
        if request.too_large:
            raise Refused("too-large", limit=self.max_body)
        if not request.complete:
            raise Refused("incomplete")
        if request.content_type.split(";")[0].strip().lower() != "application/json":
            raise Refused("content-type", actual=request.content_type or "missing")
        try:
            body = parse(request.body)
        except JSONError as error:
            raise Refused("malformed-json", reason=error) from None
        if not isinstance(body, dict):
            raise Refused("malformed-body", field="body", expected="object", received="other")
        if body.get("model") != self.contract.model:
            raise Refused("unknown-model", model=body.get("model"))
        return self._run(request, body.get("input"))

    def _authenticate(self, request: Request) -> None:
        if request.token is None:
            request.credential = "missing"
            raise Refused("token-missing")
        refused = self.accounts.refuses(request.account, request.token)
        if refused:
            request.credential = "refused"
            raise Refused(refused)
        request.credential = "accepted"

    def _run(self, request: Request, value: Any) -> Answer:
        if not self.validator.is_valid(value):
            raise replies.refusal(leaves(self.validator.violations(value))[0])
        duration = value.get("duration")
        seconds = None if duration is None else Decimal(repr(float(duration)))
        cost = cost_of(seconds or Decimal(0), self.contract.price_per_second or Decimal(0))
        if refused := request.account.charge(seconds, cost):
            raise Refused(refused, rule="default", limit=1, period=1, provider="", model="")
        request.seconds, request.cost = seconds, cost
        key = digest(value)
        reply = self._examples.get(key) or {
            "state": "Completed",
            "result": {"video": f"http://{request.host}{MEDIA}{uuid(key)}.mp4"},
            "gatewayMetadata": {"keySource": "Unified"},
        }
        if request.account.profile == "live":
            reply = {"result": reply, "success": True, "errors": [], "messages": []}
        return Answer(
            200, ((b"content-type", b"application/json"),), orjson.dumps(reply), "completed"
        )


class Request:
    """One request on its way through the fake."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.path: str = scope["path"]
        self.surface: Surface = "rest"
        self.received_at = time.time()
        self.account = Account(NOBODY)
        self.credential: Credential = "none"
        self.token: str | None = None
        self.host = self.content_type = ""
        self.body = b""
        self.complete = self.too_large = False
        self.seconds: Decimal | None = None
        self.cost = Decimal(0)
        for name, value in scope["headers"]:
            if name == b"authorization":
                scheme, _, token = value.decode("latin-1").partition(" ")
                self.token = token.strip() if scheme.lower() == "bearer" else None
            elif name == b"host":
                self.host = value.decode("latin-1")
            elif name == b"content-type":
                self.content_type = value.decode("latin-1")

    async def read(self, receive: Receive, limit: int) -> None:
        """Read the body, up to `limit` bytes."""
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            self.body += message.get("body", b"")
            if len(self.body) > limit:
                self.too_large = True
                self.body = self.body[:65536]
                return
            if not message.get("more_body", False):
                self.complete = True
                return

    def refusal(self, refused: Refused) -> Answer:
        """The answer of a refusal."""
        body = replies.failure_body(refused.failure, refused.message, self.surface, "")
        headers = ((b"content-type", b"application/json"),)
        return Answer(refused.failure.status, headers, body, refused.failure.outcome)


def exchange(number: int, request: Request, answer: Answer) -> Exchange:
    """The record of a request and its answer."""
    scope = request.scope
    secret = request.token or "\0"
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    target = ((scope.get("raw_path") or scope["path"].encode()) + query).decode("latin-1")
    return Exchange(
        number=number,
        account=request.account.id,
        surface=request.surface,
        method=scope["method"],
        target=target.replace(secret, REDACTED),
        request_headers=tuple(
            (n.decode("latin-1"), v.decode("latin-1").replace(secret, REDACTED))
            for n, v in scope["headers"]
        ),
        request_body=request.body,
        request_complete=request.complete,
        credential=request.credential,
        status=answer.status,
        response_headers=tuple((n.decode(), v.decode()) for n, v in answer.headers),
        response_body=answer.body,
        outcome=answer.outcome,
        billed=answer.outcome == "completed",
        billed_seconds=request.seconds,
        cost=request.cost,
        received_at=request.received_at,
        token_leaked=secret in target or secret.encode() in request.body,
        host=request.host,
    )


def digest(value: Any) -> str:
    """One digest for all spellings of the same JSON value."""
    return hashlib.sha256(json.dumps(_plain(value), sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(value)
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return value


def uuid(digest_hex: str) -> str:
    """A UUID (version 8, RFC 9562) out of a digest."""
    h = digest_hex
    return f"{h[:8]}-{h[8:12]}-8{h[13:16]}-a{h[17:20]}-{h[20:32]}"


def create_app(
    contract: Contract | None = None,
    *,
    profile: str = "documented",
    tokens: tuple[str, ...] = (),
    latency: float = 0.0,
    credits: Decimal | None = None,  # noqa: A002 - the service's word
    spend_limit: Decimal | None = None,
    journal: Journal | str = "memory",
    max_body: int = MAX_BODY,
) -> App:
    """A fake as an ASGI application, for use in process or under any ASGI server."""
    return App(
        contract or Contract.load(),
        Accounts(profile=profile, tokens=tokens, credits=credits, spend_limit=spend_limit),
        MemoryJournal() if isinstance(journal, str) else journal,
        latency=latency,
        max_body=max_body,
    )
