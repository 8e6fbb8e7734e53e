"""Runs that an upstream server answers: paid from a cap, recorded, and passed on unchanged."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from aleph_contract.rules.parsed_exchange import MODEL_HEADER, read_body
from aleph_contract.rules.server import FREE_REFUSALS
from fake_server.replies.failures import Refused
from fake_server.runs import gateway_headers
from fake_server.runs.decision import Admission, Answer, Applied, Run, RunCall, Surface
from fake_server.runs.lifecycle import LARGE_BODY, Runs
from fake_server.runs.outside_reply import OutsideReply, outcome_of
from fake_server.runs.request import NO_CHARGE, Charge, ReceivedRequest
from fake_server.state.pricing import quote
from fake_server.state.spend_guard import SpendGuard, worst_price
from fake_server.upstream.client import REPLY_SECONDS, NoReply, UpstreamClient, require_httpx
from fake_server.upstream.target import UpstreamTarget

_log = logging.getLogger("aleph_contract")

#: Seconds before an answer is sent: enough to see that the client has left meanwhile.
_SEE_DISCONNECT = 0.001


class _Stopped(Exception):  # noqa: N818 - the fake stops; not an error
    """The fake stops while a run is open.

    Args:
        applied: The account of the run, and its possible charge.
    """

    def __init__(self, applied: Applied) -> None:
        super().__init__()
        self.applied = applied


def _recorded(*_: object) -> None:
    """The record of a run that is in the journal already."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """An upstream server, and the money for its runs.

    Args:
        target: The server.
        guard: The cap.
        reply_seconds: Seconds in which a reply must be complete.
    """

    target: UpstreamTarget
    guard: SpendGuard
    reply_seconds: float = REPLY_SECONDS

    @classmethod
    def of(cls, url: str, cap: Decimal, *, allow_unknown: bool = False) -> Upstream:
        """The upstream at a base URL.

        Raises:
            ArgumentError: The URL cannot be used, or httpx is not installed.
        """
        require_httpx()
        return cls(UpstreamTarget.parse(url), SpendGuard(cap, allow_unknown=allow_unknown))


class ForwardedRuns(Runs):
    """`Runs` of a fake with an upstream; it has no fast path.

    A step of a scenario with a fault, a request that is refused by its head, and routes beside the
    run route are answered by the fake itself.

    Args:
        *arguments: As of `Runs`.
        upstream: The server.
        **options: As of `Runs`.
    """

    def __init__(self, *arguments: Any, upstream: Upstream, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fast_path = None
        self._upstream = upstream
        self._guard = upstream.guard
        self._client: UpstreamClient | None = None

    async def decide(self, request: ReceivedRequest, admission: Admission) -> Run:
        """See `Runs`; the answer of a run is that of the upstream."""
        local = admission.refused is not None or admission.redirected or admission.other is not None
        if local or not request.complete or request.head.method != "POST":
            return self.respond(request, admission)
        try:
            answer, applied = await self._forward(request, admission)
        except _Stopped as stopped:
            return self._cut(request, admission, stopped.applied)
        except Exception:  # noqa: BLE001 - an error of the fake; a reserved price stays reserved
            _log.exception("internal error while a run was passed on")
            answer, applied = self._responder.failed(admission)
        run = self._planned(request, admission, answer, applied)
        return replace(run, seconds=max(run.seconds, _SEE_DISCONNECT))

    def _cut(self, request: ReceivedRequest, admission: Admission, applied: Applied) -> Run:
        """Record a run that the fake does not wait for, because it stops; the run may be billed.

        It is recorded at once: the event loop ends before a response could.
        """
        answer = self._responder.refusal(admission.surface, Refused("unavailable"))
        run = self._planned(request, admission, answer, applied)
        run.record(None, (), b"", "cut")
        return replace(run, seconds=_SEE_DISCONNECT, record=_recorded)

    async def close(self) -> None:
        """See `Runs`."""
        if self._client is not None:
            await self._client.close()

    async def _forward(
        self, request: ReceivedRequest, admission: Admission
    ) -> tuple[Answer, Applied]:
        surface = admission.surface
        call, price = await self._read(request, admission)
        if call.step is not None and call.step.fault is not None:
            return self._responder.answer(request.head, surface, call)
        if why := self._guard.reserve(price):
            hint = "; --allow-unknown-cost sends such runs" if price is None else ""
            return self._refused(surface, call, Refused("spend-cap", reason=why + hint))
        charge, refused = self._responder.bill(call, None)
        if refused is not None:
            self._guard.release(price)
            return self._refused(surface, call, refused)
        paid = _Paid(call, price, charge, self._guard)
        try:
            reply = await self._send(request)
        except NoReply as failed:
            return self._failed(surface, paid, failed)
        except asyncio.CancelledError:
            raise _Stopped(Applied(call.account, call.step, paid.doubtful())) from None
        return _answered(reply, paid)

    async def _send(self, request: ReceivedRequest) -> OutsideReply:
        if self._client is None:  # it belongs to the event loop that serves
            self._client = UpstreamClient(self._upstream.target, self._upstream.reply_seconds)
        return await self._client.send(request)

    async def _read(
        self, request: ReceivedRequest, admission: Admission
    ) -> tuple[RunCall, Decimal | None]:
        """The call, and its worst price; `None` if unknown."""

        def read() -> tuple[RunCall, Decimal | None]:
            call = self._responder.check(request, admission)
            return call, _price(request, admission.surface, call)

        if len(request.body) < LARGE_BODY:
            return read()
        return await asyncio.get_running_loop().run_in_executor(None, read)

    def _refused(self, surface: Surface, call: RunCall, refused: Refused) -> tuple[Answer, Applied]:
        return self._responder.refusal(surface, refused), Applied(call.account, call.step)

    def _failed(self, surface: Surface, paid: _Paid, failed: NoReply) -> tuple[Answer, Applied]:
        """The answer to a run to which the upstream gave no complete reply."""
        _log.warning("aleph-contract: upstream %s: %s", self._upstream.target.base_url, failed.why)
        name = "gateway-timeout" if failed.late else "bad-gateway"
        answer = self._responder.refusal(surface, Refused(name))
        charge = paid.doubtful() if failed.sent else paid.nothing()
        return answer._replace(outcome="no-upstream"), Applied(
            paid.call.account, paid.call.step, charge
        )


@dataclass(slots=True)
class _Paid:
    """The price and the charge of a call whose reply is not known yet.

    Args:
        call: The call.
        price: The reserved price; `None` if unknown.
        charge: The charge on the bill of the account.
        guard: Holds the reserved price.
    """

    call: RunCall
    price: Decimal | None
    charge: Charge
    guard: SpendGuard

    def nothing(self) -> Charge:
        """The service took nothing."""
        self.guard.release(self.price)
        self.call.account.refund(self.charge.seconds, self.charge.usd)
        return NO_CHARGE

    def doubtful(self) -> Charge:
        """The run did not complete, and the service may have charged for it."""
        self.call.account.refund(self.charge.seconds, self.charge.usd)
        self.call.account.bill_maybe(self.charge.usd)
        return self.charge

    def completed(self, run: Any) -> Charge:
        """The run completed; its reply may state what was unknown, such as tokens."""
        model, before = self.call.model, self.charge
        if self.price is not None or model is None:
            return before
        priced = quote(model.contract, self.call.value, run)
        self.guard.add(priced.usd)
        self.call.account.rebill((before.seconds, before.usd), (priced.seconds, priced.usd))
        return Charge(True, priced.seconds, priced.usd)


def _answered(reply: OutsideReply, paid: _Paid) -> tuple[Answer, Applied]:
    """The answer of the upstream, with its charge."""
    call = paid.call
    verdict = reply.verdict(call)
    outcome = outcome_of(verdict.kind, reply.status, call)
    if outcome == "completed":
        charge = paid.completed(verdict.whole)
    elif reply.status in FREE_REFUSALS:
        charge = paid.nothing()
    else:
        charge = paid.doubtful()
    return reply.answer(outcome), Applied(call.account, call.step, charge)


def _price(request: ReceivedRequest, surface: Surface, call: RunCall) -> Decimal | None:
    """The worst price of a call: of all attempts that it allows the gateway to make.

    Of a key that stands twice, the service may read either value: the price is unknown.
    """
    head = request.head
    attempts = gateway_headers.attempts(head.headers)
    if call.model is None or attempts is None:
        return None
    model = head.by_name.get(MODEL_HEADER.encode(), b"").decode("latin-1")
    if read_body(surface.name, head.path, model, request.body).repeated:
        return None
    price = worst_price(call.value, call.model.contract)
    return None if price is None else attempts * price
