"""From a request to its answer: what is checked, what is billed, which fault is played."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

import orjson

from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for
from fake_server import media
from fake_server.replies import failures
from fake_server.replies.failures import Refused
from fake_server.replies.faults import Fault
from fake_server.replies.first_violation import first_violation
from fake_server.replies.successes import Replies
from fake_server.runs.request import Answer, Headers, Request
from fake_server.state.billing import SpendLimit, billed_seconds, cost

#: Path under which a followed redirect arrives.
ELSEWHERE = "/elsewhere"

_HOST = re.compile(rb"[a-z0-9.-]+(:[0-9]+)?|\[[0-9a-f:.]+\](:[0-9]+)?", re.IGNORECASE)
_MAX_ORIGINS = 1000


class Responder:
    """Decides every answer of one fake.

    Args:
        contract: What inputs are held against, and what a second costs.
        replies_: The replies to inputs that keep it.
        max_body: Bytes of body that are read, for the message.
    """

    def __init__(self, contract: Contract, replies_: Replies, max_body: int) -> None:
        self._contract = contract
        self._max_body = max_body
        self._validator = validator_for(contract)
        self._valid = self._validator.is_valid
        self._valid_plain = self._validator.is_valid_plain
        self._replies = replies_
        self._origins: dict[object, bytes] = {}

    def answer(self, request: Request) -> Answer:
        """The answer to a request whose body was read."""
        try:
            self._check(request)
            if request.step is None:
                return self._run(request)
            if (fault := _overruling(request)) is not None:
                return self._play_fault(request, fault, valid=True)
            return self._run_with_fault(request, request.step.fault)
        except Refused as refused:
            if (fault := _overruling(request)) is None:
                return refusal(request, refused)
            return self._play_fault(request, fault, valid=False)

    def elsewhere(self, request: Request) -> Answer:
        """The answer where a redirect led to: a result for who brings the token, else a refusal."""
        door = request.door
        if request.credential == "accepted":
            bare = self._replies.body(request.path, self.origin(request))
            body = door.success(request.account, bare)
            return Answer.of(200, door.headers(request), body, "elsewhere")
        failure = failures.FAILURES["token-wrong"]
        body = door.failure(failure, failure.message)
        return Answer.of(failure.status, door.headers(request), body, "elsewhere")

    def _check(self, request: Request) -> None:
        if request.refused is not None:
            raise request.refused
        if not request.complete:
            raise Refused("body-too-large", limit=self._max_body)
        request.door.open(request)
        valid = self._valid if request.floats is None else self._valid_plain
        if not valid(request.value):
            raise failures.refusal(first_violation(self._validator, request.value))

    def _run(self, request: Request) -> Answer:
        door = request.door
        body = door.success(request.account, self._bill(request))
        return Answer.of(200, door.headers(request), body, "completed")

    def _run_with_fault(self, request: Request, fault: Fault | None) -> Answer:
        """A run that completes though a fault is played, such as a slow one."""
        if fault is None:
            return self._run(request)
        bare = self._bill(request)
        if fault.reshape is not None:
            bare = failures.compact(fault.reshape(orjson.loads(bare)))
        body = (fault.raw or b"") + request.door.success(request.account, bare)
        return Answer.of(200, _headers(request, fault), body, "completed")

    def _bill(self, request: Request) -> bytes:
        """Charge for a run; its bare reply."""
        value = request.value
        seconds = billed_seconds(value)
        usd = cost(seconds, self._contract.price_per_second)
        lacking = request.account.charge(seconds, usd)
        if lacking is not None:
            raise Refused(lacking, **self._values(request))
        request.billed, request.seconds, request.cost = True, seconds, usd
        return self._replies.body(value, self.origin(request), request.floats)

    def _play_fault(self, request: Request, fault: Fault, *, valid: bool) -> Answer:
        """A fault instead of the run."""
        if fault.billed_maybe and valid:
            request.billed, request.seconds = True, billed_seconds(request.value)
            request.cost = cost(request.seconds, self._contract.price_per_second)
            request.account.bill_maybe(request.cost)
        headers = _headers(request, fault)
        if fault.redirect:
            headers = (*headers, (b"location", self._elsewhere(request)))
        return Answer.of(fault.status or 200, headers, self._body(request, fault), "fault")

    def _body(self, request: Request, fault: Fault) -> bytes:
        if fault.failure is not None:
            message = fault.message.format_map({**self._values(request), **dict(fault.values)})
            return request.door.failure(fault.failure, message)
        if fault.redirect:
            return b""
        if fault.raw is not None:
            return fault.raw
        bare = self._replies.body(request.value, self.origin(request))
        if fault.reshape is not None:
            bare = failures.compact(fault.reshape(orjson.loads(bare)))
        return request.door.success(request.account, bare)

    def _values(self, request: Request) -> Mapping[str, object]:
        """What fills the templates of failures that are not about the request's own words."""
        provider, _, name = self._contract.model.partition("/")
        limit = request.account.spend_limit or SpendLimit(Decimal(5))
        required = self._contract.input_schema.get("required", ())
        return {
            "target": request.path,
            "path": next(iter(required), "input"),
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

    def origin(self, request: Request) -> bytes:
        """What comes before the name of a video: the origin that the client called, and a path."""
        key = request.known.get(b"host") if request.door.surface == "rest" else request.server
        origin = self._origins.get(key)
        if origin is None:
            if len(self._origins) > _MAX_ORIGINS:
                self._origins.clear()
            origin = b"http://" + authority(request) + media.MEDIA_PATH.encode()
            self._origins[key] = origin
        return origin

    def _elsewhere(self, request: Request) -> bytes:
        """Where a redirect leads: this fake under another name of this machine."""
        name, colon, port = authority(request).rpartition(b":")
        other = b"127.0.0.1" if name.lower() == b"localhost" else b"localhost"
        path = f"{ELSEWHERE}/{request.account.id}{request.path}"
        return b"http://" + other + colon + port + path.encode()


def refusal(request: Request, refused: Refused) -> Answer:
    """The answer of a refusal."""
    failure = refused.failure
    more = tuple((name.encode(), value.encode()) for name, value in failure.headers)
    body = request.door.failure(failure, refused.message)
    return Answer.of(failure.status, (*request.door.headers(request), *more), body, failure.outcome)


def authority(request: Request) -> bytes:
    """Host and port as the client called them; the server's own where it named none that is one.

    Calls through the binding name `workers-binding.ai`, from where no video can be fetched.
    """
    host = request.known.get(b"host")
    if request.door.surface == "rest" and host is not None and _HOST.fullmatch(host):
        return host
    address, port = request.server or ("localhost", 80)
    name = f"[{address}]" if ":" in address else address
    return f"{name}:{port}".encode()


def _overruling(request: Request) -> Fault | None:
    """The fault that is answered whatever the request holds, because it was asked for."""
    fault = None if request.step is None else request.step.fault
    return None if fault is None or fault.completes else fault


def _headers(request: Request, fault: Fault) -> Headers:
    headers: dict[bytes, bytes] = dict(request.door.headers(request))
    if fault.content_type is not None:
        headers[b"content-type"] = fault.content_type.encode()
    headers |= {name.encode(): value.encode() for name, value in fault.headers}
    if request.step is not None and request.step.retry_after is not None:
        headers[b"retry-after"] = b"%d" % request.step.retry_after
    return tuple(headers.items())
