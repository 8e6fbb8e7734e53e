"""Drive planned cases through a client against a fake, and judge each one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from aleph_contract.contract import Contract
from aleph_contract.contract.result_shape import shape_of
from aleph_contract.core.clock import Clock
from aleph_contract.core.exchange import DOWNLOAD, Exchange
from aleph_contract.core.outcome import Outcome
from aleph_contract.core.results import CaseResult, Status, Traffic
from aleph_contract.drivers import Call, Driver
from aleph_contract.drivers.outcomes import find_result
from aleph_contract.errors import CouldNotRun
from aleph_contract.rules.downloads import judged_downloads
from aleph_contract.rules.evidence import Evidence
from aleph_contract.rules.judge import judge
from aleph_contract.rules.parsed_exchange import read_reply, result_key
from aleph_contract.verify.case_status import (
    judge_waiting,
    not_patient,
    status_of,
    with_exposures,
)
from aleph_contract.verify.idle_client import is_idle, report_of
from aleph_contract.verify.plans import PlannedCase, examples
from aleph_contract.verify.redaction import redact
from aleph_contract.verify.reproduction import Reproduction
from aleph_contract.verify.settings import Settings, default_patience
from aleph_contract.verify.settling import Settling
from aleph_contract.verify.steady import steady
from fake_server.account_handle import wait_until

if TYPE_CHECKING:
    from aleph_contract.verify.fakes import Fake, FakeAccount

#: Seconds of the machine that a call has to arrive before the next case starts.
MAX_START_SECONDS = 0.5

_NO_CALL = "the client made no call"
_ADAPTER = (
    "an adapter sends its input to the base URL that it is given (base_url; with --per-case the "
    "variable CLOUDFLARE_BASE_URL) and reports the result"
)


class DrivenCase(NamedTuple):
    """A case that ended: its plan, the client's report, the account it used, and its exchanges."""

    planned: PlannedCase
    outcome: Outcome
    account: FakeAccount
    exchanges: tuple[Exchange, ...]


@dataclass
class Session:
    """One client and one fake for the duration of a verification.

    Its methods `each`, `examples` and `together` are the ways to drive a phase: planned cases in,
    judged cases out, in the order in which they end. `left_out` counts the calls of draws, whose
    exchanges are in no result.
    """

    server: Fake
    driver: Driver
    contract: Contract
    settings: Settings
    tokens: dict[str, str] = field(default_factory=dict)
    left_out: Traffic = field(default_factory=Traffic)
    _number: int = 0
    _open: dict[str, tuple[PlannedCase, FakeAccount]] = field(default_factory=dict)

    def each(self, cases: Iterable[PlannedCase]) -> Generator[CaseResult, None, None]:
        """Drive independent cases, and judge each one when it ends.

        On a faster clock, computing time counts more: a time-out of 5 s may fire because other
        cases keep the machine busy. There a case with findings is driven again, alone.
        """
        again = []
        for planned, result in self.each_once(cases):
            if self.clock.faster and result.findings:
                again.append(planned)
            else:
                yield result
        if again:
            with steady(self.clock) as alone:
                yield from alone.results(again, self.one_by_one)

    def each_once(self, cases: Iterable[PlannedCase]) -> Iterator[tuple[PlannedCase, CaseResult]]:
        """Drive independent cases, and judge each one when it ends, on any clock."""
        for batch in self._batches(cases):
            for driven in self._drive(batch):
                yield self._judged(driven)

    @cached_property
    def _reproduction(self) -> Reproduction:
        return Reproduction(self.contract, self.settings)

    @property
    def clock(self) -> Clock:
        """The clock of the client."""
        return self.server.clock

    @property
    def strays(self) -> tuple[Exchange, ...]:
        """The calls to the account of a case that had ended.

        The exchanges of a case are deleted when it is judged, so these are all that remain.
        """
        return tuple(x for x in self.server.exchanges if x.outcome != DOWNLOAD)

    def one(self, planned: PlannedCase) -> CaseResult:
        """Drive and judge a single case."""
        return next(self._judge(driven) for driven in self._drive([planned]))

    def one_by_one(self, cases: Iterable[PlannedCase]) -> Iterator[tuple[PlannedCase, CaseResult]]:
        """Drive and judge one case after the other."""
        for planned in cases:
            yield planned, self.one(planned)

    def side_by_side(
        self, cases: Iterable[PlannedCase]
    ) -> Iterator[tuple[PlannedCase, CaseResult]]:
        """Drive cases at the same time, and judge each one when it ends.

        A case starts when the call of the one before has arrived, so that their computing times do
        not add up: on a faster clock that would delay a call by seconds. For the same reason no
        report waits until the calls of another case have ended.
        """
        ended: deque[Future[DrivenCase]] = deque()
        error: CouldNotRun | None = None
        calls = map(self._call, self._staggered(cases))
        with ThreadPoolExecutor() as pool:
            try:
                for call, outcome in self.driver.run(calls, self._renew):
                    ended.append(pool.submit(self._end(call, outcome)))
                    while ended and ended[0].done():
                        yield self._judged(ended.popleft().result())
            except CouldNotRun as could_not_run:  # raised after the cases that ended
                error = could_not_run
            for future in ended:
                yield self._judged(future.result())
        if error is not None:
            raise error

    def _judged(self, driven: DrivenCase) -> tuple[PlannedCase, CaseResult]:
        return driven.planned, self._judge(driven)

    def _staggered(self, cases: Iterable[PlannedCase]) -> Iterator[PlannedCase]:
        for planned in cases:
            yield planned
            account = next((a for p, a in self._open.values() if p is planned), None)
            if account is not None:
                wait_until(partial(_has_arrived, account), MAX_START_SECONDS)

    def examples(self, cases: Iterable[PlannedCase]) -> Generator[CaseResult, None, None]:
        """Drive the documented examples, and detect a client that does not run.

        Raises:
            CouldNotRun: No example led to a call, a failed connection, or a report that looks like
                a result.
        """
        results = [self._judge(driven) for driven in self._drive(cases)]
        if not all(map(is_idle, results)):
            yield from results
            return
        for result in results:
            reason = result.reason or _NO_CALL
            yield replace(result, status="could-not-run", findings=(), checked=(), reason=reason)
        raise CouldNotRun(f"{_NO_CALL}: {report_of(results[0])}; {_ADAPTER}")

    def try_example(self) -> None:
        """Drive the first documented example, only to see whether the client runs at all.

        Raises:
            CouldNotRun: The example did not lead to a call.
        """
        first = next(iter(examples(self.contract)), None)
        if first is not None:
            deque(self.examples([first]), maxlen=0)

    def together(self, cases: Iterable[PlannedCase]) -> Generator[CaseResult, None, None]:
        """Drive all cases concurrently, then judge each with the results of the others."""
        ended = list(self._drive(cases))
        results: dict[str, str] = {}
        for driven in ended:
            results |= dict.fromkeys(_results(driven.exchanges, self.contract), driven.planned.name)
        for driven in ended:
            own = driven.planned.name
            others = {result: name for result, name in results.items() if name != own}
            yield self._judge(driven, others)

    def _batches(self, cases: Iterable[PlannedCase]) -> Iterable[Iterable[PlannedCase]]:
        """Cases that may be in flight at the same time.

        A client that makes one call at a time holds all other cases up while it waits for an
        answer that never comes. If that uses up more than half of their time-out, the cases
        that are never answered are driven first, alone.
        """
        waits = self.clock.wait(self.settings.never_answered_timeout(self.clock))
        if 2 * waits <= self.settings.timeout:
            return (cases,)
        known = tuple(cases)
        return (
            [case for case in known if case.never_answered],
            [case for case in known if not case.never_answered],
        )

    def _drive(self, cases: Iterable[PlannedCase]) -> Iterator[DrivenCase]:
        for call, outcome in self.driver.run(map(self._call, cases), self._renew):
            yield self._end(call, outcome)()

    def _end(self, call: Call, outcome: Outcome) -> Callable[[], DrivenCase]:
        """Take a report; the function that is returned waits until the calls of the case ended."""
        planned, account = self._open.pop(call.case)
        settling = Settling(account, stuck=outcome.kind == "stuck")
        return lambda: DrivenCase(planned, outcome, account, settling.exchanges(self.clock))

    def _call(self, planned: PlannedCase) -> Call:
        """The call of a case, on an account of its own."""
        self._number += 1
        account = self.server.account(profile=planned.profile)
        self.tokens[account.token] = planned.name
        if planned.scenario:
            account.scenario(planned.scenario)
        case = f"c{self._number:05}"
        self._open[case] = (planned, account)
        return Call(
            case=case,
            input=planned.input,
            text=planned.text,
            base_url=account.base_url,
            account_id=account.id,
            api_token=account.token,
            timeout=self._timeout(planned),
            speed=self.clock.speed,
        )

    def _renew(self, call: Call) -> Call:
        """A new call, on a new account, for a case whose call was lost in another case's crash."""
        planned, _ = self._open.pop(call.case)
        return self._call(planned)

    def _timeout(self, planned: PlannedCase) -> float:
        """Seconds of the machine that the client has for a case."""
        if planned.never_answered:
            return self.clock.wait(self.settings.never_answered_timeout(self.clock))
        return max(self.settings.timeout, self.clock.wait(planned.seconds))

    def _judge(
        self, driven: DrivenCase, other_results: Mapping[str, str] | None = None
    ) -> CaseResult:
        """Judge a case by its evidence, with the token removed from all texts."""
        planned, outcome, account, exchanges = driven
        found = outcome.result
        if outcome.kind == "result":
            found = find_result(found, shape_of(self.contract).primary)
        outcome = replace(outcome, result=found, elapsed=self.clock.elapsed(outcome.elapsed))
        outcome, leaks = redact(outcome, account.token)
        evidence = self._evidence(planned, outcome, exchanges, leaks, other_results or {})
        judgement = with_exposures(judge(evidence), outcome)
        if still_waits := outcome.kind == "stuck" and planned.never_answered:
            waited = self.settings.never_answered_timeout(self.clock)
            judgement = judge_waiting(waited)
        broken = any(finding.level == "must" for finding in judgement.findings)
        status, reason = status_of(outcome, broken=broken)
        if still_waits and self.settings.patience is None:
            status, reason = "skipped", not_patient(default_patience(self.clock))
        account.forget()
        judged = status in ("passed", "failed")
        result = replace(
            self._unjudged(planned, status, reason),
            checked=judgement.checked if judged else (),
            findings=judgement.findings if judged else (),
            outcome=outcome,
            exchanges=evidence.exchanges,
            elapsed=outcome.elapsed,
        )
        return self.settings.rules.apply(result)

    def _evidence(
        self,
        planned: PlannedCase,
        outcome: Outcome,
        exchanges: tuple[Exchange, ...],
        leaks: tuple[str, ...],
        other_results: Mapping[str, str],
    ) -> Evidence:
        return Evidence(
            contract=self.contract,
            outcome=outcome,
            exchanges=judged_downloads(exchanges),
            intended=planned.input,
            polarity=planned.polarity,
            doubt=planned.doubt,
            fault=planned.fault,
            leaks=leaks,
            other_results=other_results,
            require_local_validation=self.settings.require_local_validation,
            advice=planned.advice,
        )

    def _unjudged(self, planned: PlannedCase, status: Status, reason: str) -> CaseResult:
        """The result of a case before the judgement and the evidence are in it."""
        return CaseResult(
            name=planned.name,
            phase=planned.phase,
            status=status,
            intended=planned.input if planned.text is None else planned.text,
            expectation=planned.expectation,
            polarity=planned.polarity,
            constraint=planned.constraint,
            reason=reason,
            fault=planned.fault,
            profile=planned.profile or self.settings.profile,
            curl=self._reproduction.curl(planned),
            reproduce=self._reproduction.command(planned),
            portable=planned.doubt is None,
            on_bound=planned.on_bound,
        )


def _has_arrived(account: FakeAccount) -> bool:
    """Whether the fake has read a request of this account."""
    return bool(account.exchanges) or not account.settle(0)


def _results(exchanges: Iterable[Exchange], contract: Contract) -> Iterator[str]:
    for exchange in exchanges:
        result = read_reply(exchange, contract).result
        if result is not None:
            yield result_key(result)
