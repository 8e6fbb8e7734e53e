"""Verify a server: send the planned calls one at a time, judge each exchange."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.outcome import Outcome
from aleph_contract.core.results import CaseResult, Client, Verification
from aleph_contract.errors import ArgumentError, CouldNotRun
from aleph_contract.rules.coverage import coverage
from aleph_contract.rules.retry_after import retry_after
from aleph_contract.rules.server import judge_server
from aleph_contract.verify.known_failing import KnownFailing
from aleph_contract.verify.plans import selected, unmatched
from aleph_contract.verify.progress import CaseFinished, Event, PhaseStarted, PhaseTimes
from aleph_contract.verify.server.bill import Bill
from aleph_contract.verify.server.call import PlannedCall
from aleph_contract.verify.server.capture import Capture
from aleph_contract.verify.server.plan import PHASES, plan
from aleph_contract.verify.server.sender import Sender
from aleph_contract.verify.server.target import Target
from fake_server.state.billing import ZERO_USD
from fake_server.state.pricing import quote
from fake_server.state.spend_guard import SpendGuard, worst_price

#: Seconds of a Retry-After that are waited for; a longer one leaves the case without a verdict.
MAX_WAIT = 60.0

#: Calls without a reply after which the verification ends: each one takes the whole time limit.
MAX_UNANSWERED = 5

_TOO_MANY_REQUESTS = 429
_NOT_FOUND = 404

#: The end of a REST base URL, as in `CLOUDFLARE_BASE_URL`.
_BASE_PATH = "/client/v4"

#: The rule that a whole verification must have examined, by phase.
_WANTED = {"violating": "server.refuses", "valid": "server.accepts"}


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The options of a server verification; each has the name of its command line option.

    Args:
        spend_cap: USD; `None` for no cap.
        rate: Calls per second; `None` for no limit.
        continue_after_spend: Whether to go on after a violating case was accepted.
    """

    run: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    known_failing: KnownFailing | None = None
    seed: int = 0
    max_examples: int = 20
    spend_cap: Decimal | None = None
    rate: float | None = None
    continue_after_spend: bool = False
    capture: str | None = None
    command: tuple[str, ...] = ()


def choose(
    target: Target, contract: Contract, settings: ServerSettings, *, planning: bool = False
) -> list[PlannedCall]:
    """The calls that `run` and `skip` leave, in the order in which they are sent.

    Args:
        target: The server.
        contract: The contract that it is judged by.
        settings: The options.
        planning: Whether nothing will be sent, so that no cap is needed.

    Raises:
        ArgumentError: None is left, or the server is not on this machine and there is no cap.
    """
    if not (planning or target.loopback) and settings.spend_cap is None:
        raise ArgumentError(
            f"{target.host} is not this machine, and each accepted call may cost money: "
            "give --spend-cap USD (--plan shows the calls and their price)"
        )
    planned = plan(
        target,
        contract,
        seed=settings.seed,
        max_examples=settings.max_examples,
        shorten=settings.spend_cap is not None or not target.loopback,
    )
    chosen = [c for c in planned if selected(c.name, c.phase, settings.run, settings.skip)]
    names = f"the phases are {', '.join(PHASES)}, and `aleph-contract cases` lists names"
    if not chosen:
        raise ArgumentError(f"no case is left to send; {names}")
    if (pattern := unmatched(settings.run, [(c.name, c.phase) for c in planned])) is not None:
        raise ArgumentError(f"--run {pattern}: matches no case; {names}")
    return chosen


def verify_server(
    target: Target,
    contract: Contract | None = None,
    settings: ServerSettings | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
) -> Verification:
    """Verify one server; an interrupt keeps the cases that were judged until then.

    Raises:
        ArgumentError: As for `choose`, or the capture file cannot be written.
    """
    settings = settings or ServerSettings()
    contract = contract or Contract.load()
    chosen = choose(target, contract, settings)
    with Capture(settings.capture) as capture:
        run = _Run(target, contract, settings, capture, on_event)
        try:
            run.all(chosen)
        except CouldNotRun as error:
            run.trouble = (str(error),)
        except KeyboardInterrupt:
            run.interrupted = True
        finally:
            run.close()
    return run.verification(chosen)


class _Run:
    """The state of one verification."""

    def __init__(
        self,
        target: Target,
        contract: Contract,
        settings: ServerSettings,
        capture: Capture,
        on_event: Callable[[Event], None],
    ) -> None:
        self.target, self.contract, self.settings = target, contract, settings
        self.trouble: tuple[str, ...] = ()
        self.interrupted = False
        self.notes: tuple[str, ...] = ()
        self._capture, self._on_event = capture, on_event
        self._sender = Sender(target, reuse=target.loopback and settings.spend_cap is None)
        self._bill = Bill(self._sender)
        self._guard = SpendGuard(settings.spend_cap)
        self._results: list[CaseResult] = []
        self._times = PhaseTimes()
        self._next = self._unanswered = 0.0

    def close(self) -> None:
        """Close the connection to the server."""
        self._sender.close()

    def all(self, chosen: list[PlannedCall]) -> None:
        """Send and judge every call, phase by phase."""
        self._bill.start()
        self._times.lap("set-up")
        for phase in PHASES:
            calls = [call for call in chosen if call.phase == phase]
            if not calls or self.notes:
                continue
            self._on_event(PhaseStarted(phase, len(calls), len(chosen)))
            try:
                for call in calls:
                    self._one(call)
                    if self.notes:
                        break
            finally:
                self._times.lap(phase)

    def _one(self, call: PlannedCall) -> None:
        price = worst_price(call.input, self.contract)
        exchange, refusal = self._send(call, price)
        result = self._judged(call, exchange, refusal)
        self._results.append(result)
        self._on_event(CaseFinished(result))
        if exchange is None:
            return
        self._unanswered = self._unanswered + 1 if exchange.status is None else 0
        if self._unanswered >= MAX_UNANSWERED:
            raise CouldNotRun(
                f"{self.target.base_url}: no reply to {MAX_UNANSWERED} calls in a row"
            )
        accepted = call.phase != "valid" and exchange.outcome == "completed"
        if accepted and not (self.target.loopback or self.settings.continue_after_spend):
            cost = "an unknown amount" if price is None else f"{price} USD"
            fact = f"{call.name} must be refused and was accepted, which may have cost {cost}"
            self.notes = (f"stopped: {fact}; --continue-after-spend goes on",)

    def _send(self, call: PlannedCall, price: Decimal | None) -> tuple[Exchange | None, str]:
        """Send a call under the cap and the rate, once more after a bounded Retry-After."""
        refusal = self._guard.reserve(price)
        if refusal:
            return None, refusal
        exchange = self._sent(call, price)
        wait = self._wait_asked(exchange)
        if not 0 < wait <= MAX_WAIT:
            return exchange, ""
        time.sleep(wait)
        refusal = self._guard.reserve(price)
        return (exchange if refusal else self._sent(call, price)), ""

    def _sent(self, call: PlannedCall, price: Decimal | None) -> Exchange:
        """Send a call whose price is reserved; the capture file has it even after an interrupt."""
        self._pace()
        exchange = self._sender.prepare(call)
        self._capture.begin(exchange, call.name)
        try:
            exchange = self._sender.send(call, exchange)
            self._guard.settle(price, exchange.status)
            if exchange.outcome == "completed":
                seconds = quote(self.contract, call.input).seconds
                exchange = replace(
                    exchange, billed=True, billed_seconds=seconds, cost=price or ZERO_USD
                )
        finally:
            self._capture.end(exchange)
        self._sender.refuse_redirect(exchange)
        return exchange

    def _wait_asked(self, exchange: Exchange) -> float:
        if exchange.status != _TOO_MANY_REQUESTS:
            return 0.0
        return retry_after(dict(exchange.response_headers).get("retry-after", ""), time.time())

    def _pace(self) -> None:
        """Wait until the rate allows the next call."""
        if self.settings.rate is None:
            return
        now = time.monotonic()
        time.sleep(max(self._next - now, 0.0))
        self._next = max(self._next, now) + 1 / self.settings.rate

    def _judged(self, call: PlannedCall, exchange: Exchange | None, refusal: str) -> CaseResult:
        result = CaseResult(
            name=call.name,
            phase=call.phase,
            status="skipped",
            intended=call.input,
            expectation=call.expectation,
            polarity=call.polarity,
            constraint=call.case.constraint.key if call.case and call.case.constraint else None,
            reason=refusal,
            portable=call.case is None or call.case.portable,
            on_bound=call.case is None or call.case.on_bound,
            reproduce=shlex.join(
                [*self.settings.command, "--run", call.name, "--seed", str(self.settings.seed)]
            ),
        )
        if exchange is None:
            return result
        judgement = judge_server(
            exchange,
            call.case,
            self.contract,
            checks_token=self.target.checks_token,
            charged=self._bill.taken(),
        )
        result = replace(
            result,
            checked=judgement.checked,
            findings=judgement.findings,
            exchanges=(exchange,),
            elapsed=exchange.elapsed,
        )
        if result.broken:
            return replace(result, status="failed")
        if call.polarity and _WANTED[call.phase] not in judgement.checked:
            reason = f"the reply says nothing about the input: status {exchange.status}"
            return replace(result, status="could-not-run", reason=reason)
        return replace(result, status="passed")

    def verification(self, chosen: list[PlannedCall]) -> Verification:
        """The verification with everything that was judged."""
        results, settings = tuple(self._results), self.settings
        ended = bool(self.trouble or self.interrupted or self.notes)
        unexpected: tuple[str, ...] = ()
        stale: tuple[str, ...] = ()
        if settings.known_failing is not None:
            whole = not (ended or settings.run or settings.skip)
            results, unexpected, stale = settings.known_failing.apply(results, whole=whole)
        self._times.lap("tear-down" if self._times.phases else "set-up")
        rows = coverage(map(_with_outcome, results), self.contract)
        self._times.lap("coverage")
        wanted = {_WANTED[call.phase] for call in chosen if call.phase in _WANTED}
        examined = {rule for result in results for rule in result.checked}
        return Verification(
            mode="server",
            model=self.contract.model,
            contract_version=self.contract.version,
            profile="documented",
            seed=settings.seed,
            client=Client(self.target.base_url),
            results=results,
            phases=tuple(self._times.phases),
            trouble=self.trouble or self._all_unknown(),
            unexpected_passes=unexpected,
            stale=stale,
            interrupted=self.interrupted,
            coverage=rows,
            notes=(*self.notes, *self._doubt_about_base_url()),
            unexamined=() if ended else tuple(sorted(wanted - examined)),
            elapsed=self._times.total,
        )

    def _all_unknown(self) -> tuple[str, ...]:
        statuses = {x.status for result in self._results for x in result.exchanges}
        if statuses != {_NOT_FOUND} or len(self._results) == 1:
            return ()
        remedy = f"a REST base URL ends with {_BASE_PATH}; with --surface binding it has no path"
        return (f"{self.target.base_url} answers 404 to every call; {remedy}",)

    def _doubt_about_base_url(self) -> Iterator[str]:
        """A note if no valid input is accepted at a base URL of another form."""
        valid = [r for r in self._results if r.polarity == "valid" and r.exchanges]
        usual = self.target.surface != "rest" or self.target.prefix.endswith(_BASE_PATH)
        if valid and not usual and not any(r.exchanges[0].outcome == "completed" for r in valid):
            yield f"no valid input was accepted; a REST base URL ends with {_BASE_PATH}"


def _with_outcome(result: CaseResult) -> CaseResult:
    """The result with the reply as an outcome, as `coverage` reads it."""
    if not result.exchanges or result.polarity is None:
        return replace(result, exchanges=()) if result.polarity is None else result
    accepted = result.exchanges[0].outcome == "completed"
    return replace(result, outcome=Outcome("result" if accepted else "error"))
