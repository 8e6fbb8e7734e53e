"""The time phase: what a client does, and pays, when a run takes minutes.

It runs on a faster clock only. All times are in the client's seconds. Real runs took 138 and 179 s
(observed), while the SDKs give up after 60 s and call twice more.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from aleph_contract.cases.name_globs import EVERY_NAME, NameGlobs
from aleph_contract.contract import Contract
from aleph_contract.core.clock import Clock
from aleph_contract.core.results import CaseResult, Status
from aleph_contract.verify.plans import PlannedCase, billable_input
from aleph_contract.verify.session import Session
from aleph_contract.verify.steady import Drive, steady

PHASE = "time"

#: Seconds of a run that is longer than common time-outs (observed).
LONG_RUN = 138.0

#: Seconds over which a body drips: longer than common time-outs, with short gaps.
LONG_DRIP = 75.0

#: Seconds that a long Retry-After asks for: the longest that the official SDKs honour.
LONG_RETRY_AFTER = 60

#: Seconds after which the edge gives up on the service with 524 (documented: 100 by default).
EDGE_TIMEOUT = 100.0

#: Number of refusals with that Retry-After: the service is busy for minutes.
BUSY_REPLIES = 3

#: Seconds of the client that any of these cases may take.
CASE_SECONDS = 900.0

#: Share of the client's time-out, and seconds of the machine, by which a run ends before or after
#: it: a busy machine must not change the order.
MARGIN = 0.1
MARGIN_WAIT = 0.06

#: How often such a run is tried.
MAX_ATTEMPTS = 3

#: The shortest run, as a share of the client's time-out, that still ends just before it.
MIN_BEFORE = 0.5

LONG_RUN_CASE = "time/long-run"
BEFORE = "time/ends-before-timeout"
AFTER = "time/ends-after-timeout"

_Steps = tuple[Mapping[str, Any], ...]


def _run(seconds: float) -> _Steps:
    """Every run takes this long."""
    return ({"fault": None, "times": None, "delay": seconds},)


def _busy(fault: str, times: int = 1) -> _Steps:
    return ({"fault": fault, "times": times, "retry_after": LONG_RETRY_AFTER},)


#: Name, what a conformant client does, fault, and scenario. The time-out of the client decides the
#: scenario of the two that have none.
_CASES: tuple[tuple[str, str, str | None, _Steps], ...] = (
    (LONG_RUN_CASE, f"waits {LONG_RUN:g} s for the result, and pays for one run", None,
     _run(LONG_RUN)),
    ("time/rate-limited-for-minutes", "waits as often as it is told to, or gives up",
     "rate-limited-retry-after", _busy("rate-limited-retry-after", BUSY_REPLIES)),
    ("time/late-edge-timeout", "does not repeat a run that the edge gave up on", "timeout-html",
     ({"fault": "timeout-html", "times": None, "delay": EDGE_TIMEOUT},)),
    ("time/late-drop", "does not repeat a run whose connection was dropped", "dropped",
     ({"fault": "dropped", "times": None, "delay": EDGE_TIMEOUT},)),
    ("time/drip", f"reads a body that takes {LONG_DRIP:g} s", "drip",
     ({"fault": "drip", "times": None, "delay": LONG_DRIP},)),
    ("time/retry-after", f"waits {LONG_RETRY_AFTER} s before it calls again, or gives up",
     "rate-limited-retry-after", _busy("rate-limited-retry-after")),
    ("time/retry-after-date", f"waits {LONG_RETRY_AFTER} s, given as a date, or gives up",
     "rate-limited-retry-after-date", _busy("rate-limited-retry-after-date")),
    (BEFORE, "returns a result that comes just before its own time-out", None, ()),
    (AFTER, "pays for one run, although it gave up just before the result", None, ()),
)  # fmt: skip


def plans(contract: Contract, names: NameGlobs = EVERY_NAME) -> Iterable[PlannedCase]:
    """The cases of the phase."""
    if not names.may_match_below(f"{PHASE}/"):
        return
    given = billable_input(contract)
    for name, expectation, fault, scenario in _CASES:
        yield PlannedCase(
            name=name,
            phase=PHASE,
            input=given,
            polarity="valid",
            expectation=expectation,
            fault=fault,
            scenario=scenario,
            seconds=CASE_SECONDS,
        )


def drive(session: Session, cases: Iterable[PlannedCase]) -> Generator[CaseResult, None, None]:
    """Drive the cases side by side; those around the client's own time-out last.

    A first call, not judged, makes the client load its code: that takes 100 ms, and counts 10 s.
    """
    session.try_example()
    chosen = tuple(cases)
    around = [case for case in chosen if not case.scenario]
    others = [case for case in chosen if case.scenario]
    first: CaseResult | None = None
    with steady(session.clock) as steadily:
        for result in steadily.results(others, session.side_by_side, session.one_by_one):
            first = result if result.name == LONG_RUN_CASE else first
            yield result
        if not around:
            return
        if first is None:  # `--run` left it out
            planned = (c for c in plans(session.contract) if c.name == LONG_RUN_CASE)
            (first,) = steadily.results(planned, session.one_by_one)
        if first.status == "could-not-run":
            for case in around:
                yield _unjudged(case, "could-not-run", first.reason)
        else:
            timeout = own_timeout(first)
            yield from steadily.results(
                around,
                partial(_around, session.side_by_side, session.clock, timeout),
                partial(_around, session.one_by_one, session.clock, timeout),
            )


def _around(
    drive: Drive, clock: Clock, timeout: float | None, cases: Iterable[PlannedCase]
) -> Iterator[tuple[PlannedCase, CaseResult]]:
    """Drive cases whose runs end just before or after the client's own time-out."""
    attempts = {case.name: _Attempts(case, timeout) for case in cases}
    for number in range(1, MAX_ATTEMPTS + 1):
        runs = (each.next_run(clock, number) for each in attempts.values())
        for planned, result in drive([run for run in runs if run is not None]):
            attempt = attempts[planned.name]
            attempt.record(result)
            if attempt.decided:
                yield attempts.pop(planned.name).case, result
    for each in attempts.values():
        yield each.case, each.result or _skipped(each.case, each.timeout)


class _Attempts:
    """The attempts to end a run just before or after the client's own time-out.

    A busy machine shifts the time-out. If the run did not end on its side of it, the time-out is
    learned again from this run. If the client did not take a result just before it, the distance
    grows: a client that loses results loses every one.
    """

    def __init__(self, case: PlannedCase, timeout: float | None) -> None:
        self.case = case
        self.timeout = timeout
        self.result: CaseResult | None = None
        self.decided = False
        self._seconds: float | None = None

    def next_run(self, clock: Clock, number: int) -> PlannedCase | None:
        """The case with the run of this attempt; `None` if no attempt is needed, or possible."""
        self._seconds = self.timeout and run_seconds(self.case.name, self.timeout, clock, number)
        self.decided = self.decided or not self._seconds
        return None if self.decided else replace(self.case, scenario=_run(self._seconds or 0.0))

    def record(self, driven: CaseResult) -> None:
        """Take the result of an attempt."""
        after, given_up = self.case.name == AFTER, own_timeout(driven)
        if (given_up is not None) != after:
            self.timeout = max(self._seconds or 0.0, given_up or 0.0) if after else given_up
            return
        self.result = driven
        self.decided = after or not driven.findings


def own_timeout(result: CaseResult) -> float | None:
    """Seconds after which the client gave up on a call; `None` if it did not.

    The longest call counts: on a busy machine the fake reads a request late.
    """
    given_up = (x.elapsed for x in result.exchanges if x.outcome == "cut" and x.status is None)
    return max(given_up, default=None)


def run_seconds(name: str, timeout: float, clock: Clock, distance: int = 1) -> float | None:
    """Seconds of a run that ends just before or after `timeout`; `None` if it is too short.

    Args:
        name: `BEFORE` or `AFTER`.
        timeout: The client's own time-out.
        clock: The clock of the client.
        distance: The distance as a multiple of the least.
    """
    margin = distance * max(timeout * MARGIN, clock.elapsed(MARGIN_WAIT))
    if name == AFTER:
        return timeout + margin
    return timeout - margin if timeout - margin >= timeout * MIN_BEFORE else None


def _skipped(case: PlannedCase, timeout: float | None) -> CaseResult:
    reason = (
        f"the client has no time-out below {LONG_RUN:g} s"
        if timeout is None
        else f"the client's time-out, about {timeout:.2g} s, cannot be met exactly at this --speed"
    )
    return _unjudged(case, "skipped", reason)


def _unjudged(case: PlannedCase, status: Status, reason: str) -> CaseResult:
    return CaseResult(
        name=case.name,
        phase=case.phase,
        status=status,
        intended=case.input,
        expectation=case.expectation,
        polarity=case.polarity,
        reason=reason,
    )
