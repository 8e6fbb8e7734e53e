"""Decide the answer to a request: checks, billing, faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from email.utils import formatdate
from typing import Any

import orjson

from aleph_contract.core.clock import WALL_CLOCK, Clock
from aleph_contract.core.exchange import DOWNLOAD
from fake_server import media
from fake_server.replies import failures
from fake_server.replies.failures import Refused
from fake_server.replies.faults import Fault
from fake_server.replies.first_violation import first_violation
from fake_server.runs.decision import Admission, Answer, Applied, RunCall, Surface
from fake_server.runs.models import Model, Models
from fake_server.runs.own_urls import OwnUrls
from fake_server.runs.request import NO_CHARGE, Charge, Headers, ReceivedRequest, RequestHead
from fake_server.runs.webhook import start_run
from fake_server.state.billing import SpendLimit, billed_seconds, cost
from fake_server.state.pricing import Quote, quote

_TYPE = b"content-type"
_ACCEPTED = 202  # RFC 9110, 15.3.3


class Responder:
    """Decides every answer of one fake, except those of the fast path.

    Args:
        models: The models that are served.
        max_body: Bound on the bytes of a body, for the message.
        rays: Values of the `cf-ray` header.
        clock: The clock of the clients, for dates.
        respond_with_file: Responds to a request for a result file.
    """

    def __init__(
        self,
        models: Models,
        max_body: int,
        rays: Iterator[bytes],
        clock: Clock = WALL_CLOCK,
        respond_with_file: Callable[..., media.MediaResponse] = media.respond,
    ) -> None:
        self._respond_with_file = respond_with_file
        self._clock = clock
        self._models = models
        self._max_body = max_body
        self._rays = rays
        self.urls = OwnUrls()

    def respond(self, request: ReceivedRequest, admission: Admission) -> tuple[Answer, Applied]:
        """The answer to a request, and what was applied to it."""
        if admission.download is not None and admission.refused is None:
            return self._file(request.head, admission), Applied(admission.account)
        if admission.redirected and admission.refused is None:
            return self._after_redirect(request, admission), Applied(admission.account)
        if admission.other is not None and admission.refused is None:
            return self._other_route(request.head, admission), Applied(admission.account)
        return self.answer(request.head, admission.surface, self.check(request, admission))

    def answer(self, head: RequestHead, surface: Surface, call: RunCall) -> tuple[Answer, Applied]:
        """The answer to a model call that `check` has read."""
        fault = None if call.step is None else call.step.fault
        if fault is not None and not fault.completes:
            return self._play_fault(head, surface, call, fault)
        if call.refused is not None:
            return self.refusal(surface, call.refused), Applied(call.account, call.step)
        return self._run(head, surface, call, fault)

    def failed(self, admission: Admission) -> tuple[Answer, Applied]:
        """The answer to a request on which the fake itself failed; nothing is charged."""
        answer = self.refusal(admission.surface, Refused("internal-error"))
        return answer, Applied(admission.account)

    def result(self, head: RequestHead, admission: Admission) -> Answer:
        """A completed run of the default model for any request; nothing is charged."""
        surface = admission.surface
        bare = self._models.default.replies.body(head.path, self.urls.result_files(head, surface))
        body = surface.success(admission.account, bare)
        return Answer.of(200, surface.headers(next(self._rays), 200), body, "completed")

    def price(self, request: ReceivedRequest, admission: Admission) -> Charge:
        """What a run with this request costs; nothing is charged."""
        return self._charge(self.check(request, admission))

    def bill(self, call: RunCall, run: Any) -> tuple[Charge, Refused | None]:
        """Bill a run that the fake does not answer itself.

        Args:
            call: The call.
            run: The run in the reply, which states the tokens; `None` if it is not known yet.

        Returns:
            What it costs, and the refusal if the account's credits or spend limit do not allow it;
            then nothing is billed.
        """
        if call.model is None:
            priced = Quote(None, unknown="the fake has no contract of the model")
        else:
            priced = quote(call.model.contract, call.value, run)
        lacking = call.account.charge(priced.seconds, priced.usd, priced.unknown)
        refused = None if lacking is None else Refused(lacking, **self._values("", call))
        return Charge(True, priced.seconds, priced.usd), refused

    def check(self, request: ReceivedRequest, admission: Admission) -> RunCall:
        """Read the model call in a request, and refuse it if the service would.

        Call it once per request: on the binding it takes a step of the scenario.
        """
        refused = admission.refused
        if refused is None and not request.complete:
            refused = Refused("body-too-large", limit=self._max_body)
        if refused is not None:
            return RunCall(admission.account, admission.step, refused=refused)
        call = admission.surface.open(request, admission)
        if call.refused is None:
            validator = self._model(call).validator
            is_valid = validator.is_valid_plain if call.plain else validator.is_valid
            if not is_valid(call.value):
                length = len(request.body)
                found = first_violation(validator, call.value, length, is_plain=call.plain)
                refused = failures.refusal(found)
                given = (call.account, call.step, call.value, call.plain)
                return RunCall(*given, refused=refused, model=call.model)
        return call

    def _run(
        self, head: RequestHead, surface: Surface, call: RunCall, fault: Fault | None
    ) -> tuple[Answer, Applied]:
        """A completed run; with a fault that completes, such as a slow response."""
        priced = self._quote(call)
        charge = Charge(True, priced.seconds, priced.usd)
        lacking = call.account.charge(priced.seconds, priced.usd, priced.unknown)
        if lacking is not None:
            refused = Refused(lacking, **self._values(head.path, call))
            return self.refusal(surface, refused), Applied(call.account, call.step)
        replies = self._model(call).replies
        raw = replies.raw(call.value) if replies.has_raw and fault is None else None
        if raw is not None:
            typed = {**dict(surface.headers(next(self._rays), 200)), _TYPE: raw[0].encode()}
            answer = Answer.of(200, tuple(typed.items()), raw[1], "completed")
            return answer, Applied(call.account, call.step, charge)
        if fault is not None and fault.elsewhere:
            origin = self.urls.elsewhere(head, surface, call.account, media.MEDIA_PATH)
            bare = replies.at(origin, call.value)
        else:
            bare = replies.body(call.value, self.urls.result_files(head, surface), plain=call.plain)
        if call.webhook is not None and fault is None:
            body, webhook = start_run(call.webhook, bare, self._model(call).contract)
            headers = surface.headers(next(self._rays), _ACCEPTED)
            answer = Answer.of(_ACCEPTED, headers, body, "completed")
            return answer, Applied(call.account, call.step, charge, webhook)
        status = 200 if fault is None else fault.status or 200
        headers, prefix = surface.headers(next(self._rays), status), b""
        if fault is not None:
            headers, prefix = _headers(headers, fault, call, self._clock.now()), fault.raw or b""
            if fault.reshape is not None:
                bare = failures.compact(fault.reshape(orjson.loads(bare)))
        body = prefix + surface.success(call.account, bare)
        answer = Answer.of(status, headers, body, "completed")
        return answer, Applied(call.account, call.step, charge)

    def _charge(self, call: RunCall) -> Charge:
        priced = self._quote(call)
        return Charge(True, priced.seconds, priced.usd)

    def _quote(self, call: RunCall) -> Quote:
        model = self._model(call)
        seconds = None if model.price is None else billed_seconds(call.value, model.lengths)
        if seconds is None:
            reply = model.replies.parsed(call.value) if model.per_token else None
            return quote(model.contract, call.value, reply)
        return Quote(seconds, cost(seconds, model.price))

    def _model(self, call: RunCall) -> Model:
        """The model that is called; for a call that is refused, the default one."""
        return call.model or self._models.default

    def _other_route(self, head: RequestHead, admission: Admission) -> Answer:
        """The reply of a route beside the run route."""
        from fake_server.runs import other_routes  # only when used

        surface, account = admission.surface, admission.account.id or other_routes.ANY_ACCOUNT
        query = head.query.decode("latin-1")
        call = other_routes.OtherCall(account, head.path, query, self._models.contracts)
        try:
            body = other_routes.REPLIES[admission.other or ""].reply(call)
        except Refused as refused:
            return self.refusal(surface, refused)._replace(outcome="other-route")
        return Answer.of(200, surface.headers(next(self._rays), 200), body, "other-route")

    def _play_fault(
        self, head: RequestHead, surface: Surface, call: RunCall, fault: Fault
    ) -> tuple[Answer, Applied]:
        """A fault in place of the run; it is played whether or not the request is valid."""
        charge = NO_CHARGE
        if fault.billed_maybe and call.refused is None:
            charge = self._charge(call)
            call.account.bill_maybe(charge.usd)
        status = fault.status or 200
        bare = surface.headers(next(self._rays), status)
        headers = _headers(bare, fault, call, self._clock.now())
        if fault.redirect:
            headers = (
                *headers,
                (b"location", self.urls.elsewhere(head, surface, call.account, head.path)),
            )
        body = self._fault_body(head, surface, call, fault)
        answer = Answer.of(status, headers, body, "fault")
        return answer, Applied(call.account, call.step, charge)

    def _fault_body(
        self, head: RequestHead, surface: Surface, call: RunCall, fault: Fault
    ) -> bytes:
        if fault.failure is not None:
            page = self.urls.elsewhere(head, surface, call.account, head.path)
            values = {
                **self._values(head.path, call),
                "elsewhere": page.decode(),
                **dict(fault.values),
            }
            return surface.failure(fault.failure, fault.message.format_map(values))
        if fault.redirect:
            return b""
        if fault.raw is not None:
            return fault.raw
        if fault.restream is not None:
            return fault.restream(self._model(call).replies.events)
        bare = self._model(call).replies.body(call.value, self.urls.result_files(head, surface))
        if fault.reshape is not None:
            bare = failures.compact(fault.reshape(orjson.loads(bare)))
        return surface.success(call.account, bare)

    def _after_redirect(self, request: ReceivedRequest, admission: Admission) -> Answer:
        """The answer at the target of a redirect: a result if the token came along."""
        if admission.credential != "accepted":
            refusal = self.refusal(admission.surface, Refused("token-wrong"))
            return refusal._replace(outcome="elsewhere")
        return self.result(request.head, admission)._replace(outcome="elsewhere")

    def _file(self, head: RequestHead, admission: Admission) -> Answer:
        """A result file; an object store does not check the token either."""
        reply = self._respond_with_file(head.method, admission.download, head.headers, head.query)
        outcome = "elsewhere" if admission.redirected else DOWNLOAD
        return Answer(reply.status, reply.headers, reply.body, outcome)

    def refusal(self, surface: Surface, refused: Refused) -> Answer:
        """The answer that refuses a request."""
        failure = refused.failure
        headers = surface.headers(next(self._rays), failure.status)
        if failure.headers:
            own = ((name.encode(), value.encode()) for name, value in failure.headers)
            headers = (*headers, *own)
        body = surface.failure(failure, refused.message)
        return Answer.of(failure.status, headers, body, failure.outcome)

    def _values(self, target: str, call: RunCall) -> Mapping[str, object]:
        """Values of the placeholders in messages that the request itself does not provide."""
        contract = self._model(call).contract
        provider, _, name = contract.model.partition("/")
        limit = call.account.spend_limit or SpendLimit(Decimal(5))
        schema = contract.input_schema
        required = schema.get("required", ()) if isinstance(schema, dict) else ()
        return {
            "target": target,
            "path": next(iter(required), "input"),
            "detail": "Invalid input",
            "model": contract.model,
            "provider": provider,
            "name": name or provider,
            "rule": limit.rule,
            "usd": limit.usd,
            "period": limit.period,
            "limit": self._max_body,
            "reason": "unexpected end of data",
            "actual": "none",
        }


def _headers(surface_headers: Headers, fault: Fault, call: RunCall, now: float) -> Headers:
    headers: dict[bytes, bytes] = dict(surface_headers)
    if fault.content_type is not None:
        headers[b"content-type"] = fault.content_type.encode()
    headers |= {name.encode(): value.encode() for name, value in fault.headers}
    asked = None if call.step is None else call.step.retry_after
    if fault.retry_date is not None:
        seconds = fault.retry_date if asked is None else asked
        headers[b"retry-after"] = formatdate(int(now) + seconds, usegmt=True).encode()
    elif asked is not None:
        headers[b"retry-after"] = b"%d" % asked
    return tuple(headers.items())
