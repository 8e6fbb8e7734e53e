"""From a request to its answer: what is checked, what is billed, which fault is played."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from decimal import Decimal
from typing import Any, Protocol

import orjson

from aleph_contract.contract import Contract
from aleph_contract.exchange import Surface
from aleph_contract.validation import leaves, validator_for
from fake_server import media, replies
from fake_server.accounts import Account, SpendLimit, billed_seconds, cost
from fake_server.faults import Fault, Step
from fake_server.playing import Answer
from fake_server.reading import Document
from fake_server.replies import Failure, Refused, Replies
from fake_server.request import Headers, Request

#: Path under which a followed redirect arrives.
ELSEWHERE = "/elsewhere"

_HOST = re.compile(rb"[a-z0-9.-]+(:[0-9]+)?|\[[0-9a-f:.]+\](:[0-9]+)?", re.IGNORECASE)


class Door(Protocol):
    """One of the surfaces: how a request comes in there, and what its answers look like."""

    @property
    def surface(self) -> Surface:
        """Its name."""

    def admit(self, request: Request) -> None:
        """By its head, let a request in to its account, or raise `Refused`."""

    def open(self, request: Request) -> Document:
        """By its body, the input that a request is about; or raise `Refused`."""

    def headers(self, request: Request) -> Headers:
        """The headers of every answer."""

    def success(self, account: Account, bare: bytes) -> bytes:
        """The body of a success, around the bare reply."""

    def failure(self, failure: Failure, message: str) -> bytes:
        """The body of a failure."""


class Answering:
    """Decides every answer of one fake.

    Args:
        contract: What inputs are held against, and what a second costs.
        max_body: Bytes of body that are read, for the message.
    """

    def __init__(self, contract: Contract, max_body: int) -> None:
        self._contract = contract
        self._max_body = max_body
        self._validator = validator_for(contract)
        self._valid = self._validator.is_valid
        self._replies = Replies(contract)
        self._origins: dict[Any, bytes] = {}

    def answer(
        self, door: Door, request: Request, scope: MutableMapping[str, Any], refused: Refused | None
    ) -> Answer:
        """The answer to a request whose body was read; `refused` if its head was not good."""
        try:
            if refused is not None:
                raise refused
            if not request.body.complete:
                raise Refused("body-too-large", limit=self._max_body)
            document = door.open(request)
            if not self._valid(document.value):
                raise replies.refusal(leaves(self._validator.violations(document.value))[0])
            fault = _fault(request.step)
            if fault is None or fault.completes:
                return self._run(door, request, scope, document, fault)
        except Refused as error:
            fault = _fault(request.step)
            if fault is None or fault.completes:
                return refusal(door, request, error)
            document = None
        return self._misbehave(door, request, scope, document, fault)

    def _run(
        self,
        door: Door,
        request: Request,
        scope: MutableMapping[str, Any],
        document: Document,
        fault: Fault | None,
    ) -> Answer:
        account = request.account
        seconds = billed_seconds(document.value)
        usd = cost(seconds, self._contract.price_per_second)
        lacking = account.charge(seconds, usd)
        if lacking:
            raise Refused(lacking, **self._values(request))
        request.billed, request.seconds, request.cost = True, seconds, usd
        bare = self._replies.body(
            document.value, self._origin(request, scope), floats=document.floats
        )
        if fault is None:
            return Answer.of(200, door.headers(request), door.success(account, bare), "completed")
        if fault.reshape is not None:
            bare = replies.compact(fault.reshape(orjson.loads(bare)))
        body = (fault.raw or b"") + door.success(account, bare)
        return Answer.of(200, _headers(door, request, fault), body, "completed")

    def _misbehave(
        self,
        door: Door,
        request: Request,
        scope: MutableMapping[str, Any],
        document: Document | None,
        fault: Fault,
    ) -> Answer:
        value = None if document is None else document.value
        if fault.billed_maybe and document is not None:
            request.billed, request.seconds = True, billed_seconds(value)
            request.cost = cost(request.seconds, self._contract.price_per_second)
            request.account.doubt(request.cost)
        headers = _headers(door, request, fault)
        if fault.failure is not None:
            message = fault.message.format_map(self._values(request))
            body = door.failure(fault.failure, message)
        elif fault.raw is not None:
            body = fault.raw
        elif fault.redirect:
            body = b""
            headers = (*headers, (b"location", self._elsewhere(request, scope)))
        else:
            bare = self._replies.body(value, self._origin(request, scope))
            if fault.reshape is not None:
                bare = replies.compact(fault.reshape(orjson.loads(bare)))
            body = door.success(request.account, bare)
        return Answer.of(fault.status or 200, headers, body, "fault")

    def elsewhere(self, door: Door, request: Request, scope: MutableMapping[str, Any]) -> Answer:
        """The answer where a redirect led to: a result for who brings the token, else a refusal."""
        if request.credential == "accepted":
            bare = self._replies.body(request.path, self._origin(request, scope))
            body = door.success(request.account, bare)
            return Answer.of(200, door.headers(request), body, "elsewhere")
        failure = replies.FAILURES["token-wrong"]
        body = door.failure(failure, failure.message)
        return Answer.of(failure.status, door.headers(request), body, "elsewhere")

    def _values(self, request: Request) -> Mapping[str, object]:
        """What fills the templates of failures that are not about the request's own words."""
        provider, _, name = self._contract.model.partition("/")
        limit = request.account.spend_limit or SpendLimit(Decimal(5))
        return {
            "target": request.path,
            "path": next(iter(self._contract.input_schema.get("required", ())), "input"),
            "detail": "Invalid input",
            "model": self._contract.model,
            "provider": provider,
            "name": name or provider,
            "rule": limit.rule,
            "usd": limit.usd,
            "period": limit.period,
            "limit": self._max_body,
            "reason": "unexpected end of data",
            "actual": "none",
        }

    def _origin(self, request: Request, scope: MutableMapping[str, Any]) -> bytes:
        """What comes before the name of a video: the origin the client called, and the path."""
        host = request.known.get(b"host") if request.surface == "rest" else None
        key = host or scope.get("server")
        origin = self._origins.get(key)
        if origin is None:
            if len(self._origins) > _MAX_ORIGINS:
                self._origins.clear()
            origin = b"http://" + authority(host, scope) + media.PREFIX.encode()
            self._origins[key] = origin
        return origin

    def _elsewhere(self, request: Request, scope: MutableMapping[str, Any]) -> bytes:
        """Where a redirect leads: this fake under another name of this machine."""
        host = request.known.get(b"host") if request.surface == "rest" else None
        name, colon, port = authority(host, scope).rpartition(b":")
        other = b"127.0.0.1" if name.lower() == b"localhost" else b"localhost"
        path = f"{ELSEWHERE}/{request.account.id}{request.path}"
        return b"http://" + other + colon + port + path.encode()


_MAX_ORIGINS = 1000


def refusal(door: Door, request: Request, refused: Refused) -> Answer:
    """The answer of a refusal."""
    failure = refused.failure
    more = tuple((name.encode(), value.encode()) for name, value in failure.headers)
    body = door.failure(failure, refused.message)
    return Answer.of(failure.status, (*door.headers(request), *more), body, failure.outcome)


def authority(host: bytes | None, scope: MutableMapping[str, Any]) -> bytes:
    """Host and port that the client called; the server's own where it named none that is one."""
    if host is not None and _HOST.fullmatch(host):
        return host
    address, port = scope.get("server") or ("localhost", 80)
    name = f"[{address}]" if ":" in address else address
    return f"{name}:{port}".encode()


def _fault(step: Step | None) -> Fault | None:
    return None if step is None else step.fault


def _headers(door: Door, request: Request, fault: Fault) -> Headers:
    step = request.step
    headers = dict(door.headers(request))
    if fault.content_type is not None:
        headers[b"content-type"] = fault.content_type.encode()
    headers |= {name.encode(): value.encode() for name, value in fault.headers}
    if step is not None and step.retry_after is not None:
        headers[b"retry-after"] = b"%d" % step.retry_after
    return tuple(headers.items())
