"""Verify a client: choose cases, drive them phase by phase against a fake, collect the results."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import chain
from typing import Any

from aleph_contract.cases.name_globs import EVERY_NAME, NameGlobs
from aleph_contract.contract import Contract
from aleph_contract.core.clock import Clock
from aleph_contract.core.results import CaseResult, Traffic, Verification
from aleph_contract.drivers import Driver
from aleph_contract.drivers.faster_clock import FasterClock
from aleph_contract.drivers.processes import variables_set
from aleph_contract.errors import ArgumentError, CouldNotRun
from aleph_contract.rules.coverage import coverage
from aleph_contract.rules.other_routes import notes_on_other_routes
from aleph_contract.verify.client_environment import ClientEnvironment, client_environment
from aleph_contract.verify.crosstalk import CROSSTALK, attribute
from aleph_contract.verify.examinable import examinable, unexamined
from aleph_contract.verify.fakes import NEW_FAKE_OPTIONS, fake_for
from aleph_contract.verify.kept_results import ONCE, attribute_kept
from aleph_contract.verify.phases import PHASES, Chosen, Phase, waiting_first
from aleph_contract.verify.plans import PlannedCase, selected, unmatched
from aleph_contract.verify.progress import CaseFinished, Event, PhaseStarted, PhaseTimes
from aleph_contract.verify.session import Session
from aleph_contract.verify.settings import Settings
from aleph_contract.verify.token_files import RULE as TOKEN_LEAK
from aleph_contract.verify.token_files import attribute_file_names

__all__ = ["CaseFinished", "Event", "PhaseStarted", "Settings", "verify_client"]


#: Cases in which a client may get stuck; a client that gets stuck in every case would take hours.
MAX_STUCK = 20


def verify_client(
    driver: Driver,
    contract: Contract | None = None,
    settings: Settings | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
) -> Verification:
    """Verify one client.

    An interrupt, or a client that cannot be run, ends the verification early; the cases judged
    until then are in it.

    Args:
        driver: Drives the client.
        contract: The contract that the client is judged by; the shipped one by default.
        settings: The options.
        on_event: Called when a phase starts and when a case is judged.

    Raises:
        ArgumentError: `settings.run` and `settings.skip` leave no case, or the fake cannot listen
            on `settings.host` and `settings.port`.
    """
    settings = settings or Settings()
    contract = contract or Contract.load()
    log = _Log(on_event)
    try:
        with (
            FasterClock(settings.speed) as faster,
            fake_for(
                contract,
                settings.remote,
                {name: getattr(settings, name) for name in NEW_FAKE_OPTIONS},
                host=settings.host,
                port=settings.port,
                expose=True,  # the user named the host
                clock=faster.clock,
                **settings.fake_options,
            ) as server,
            client_environment(
                server, faster, intercept=settings.intercept, allow_hosts=settings.allow_hosts
            ) as client,
            variables_set(client.variables),
            _checked(driver, faster),
        ):
            chosen = _choose(contract, settings, faster.clock)
            log.plan(chosen, settings)
            log.client = client
            session = Session(server, driver, contract, settings, left_out=log.left_out)
            log.times.lap("set-up")
            for phase, cases in waiting_first(chosen):
                if log.stopped:
                    break
                log.drive(phase, session, cases)
                log.check_reached()
            log.check_client_runs(session)
            log.attribute(session)
    except CouldNotRun as error:
        log.trouble = (str(error),)
    except KeyboardInterrupt:
        log.interrupted = True
    log.times.lap("tear-down" if log.times.phases else "set-up")
    return log.verification(driver, contract, settings)


def _checked(driver: Driver, faster: FasterClock) -> Driver:
    """The driver, if its client runs on the clock.

    Raises:
        ArgumentError: The client is a callable in this process, whose clock stays as it is.
        CouldNotRun: The client's program does not run on the clock.
    """
    if faster.clock.faster and not driver.argv:
        raise ArgumentError(
            "a faster clock needs a client in a process of its own; wrap the callable with "
            "StdioDriver(callable_process.command(target, jobs))"
        )
    faster.check(driver.argv, os.environ)
    return driver


def _choose(contract: Contract, settings: Settings, clock: Clock) -> list[Chosen]:
    """The phases in order, each with the cases that `run` and `skip` leave."""
    chosen, offered = [], []
    for phase in PHASES:
        if phase.needs_speed and not clock.faster:
            continue
        whole_phase = not settings.run or phase.name in settings.run
        names = EVERY_NAME if whole_phase else NameGlobs(tuple(settings.run))
        planned = tuple(phase.plans(contract, names))
        offered += [(case.name, phase.name) for case in planned]
        cases = tuple(
            case
            for case in planned
            if case.profile != settings.profile
            and selected(case.name, phase.name, settings.run, settings.skip)
        )
        if cases and (settings.max_examples or phase.name != "properties"):
            chosen.append((phase, cases))
    if not chosen:
        raise ArgumentError(f"no case is left to run; {_names(clock)}")
    if (pattern := unmatched(settings.run, offered)) is not None:
        raise ArgumentError(f"--run {pattern}: matches no case; {_names(clock)}")
    return chosen


def _names(clock: Clock) -> str:
    """Where the names are found that `run` and `skip` take."""
    phases = ", ".join(phase.name for phase in PHASES)
    speed = "" if clock.faster else " (time needs --speed)"
    return f"`aleph-contract cases` lists names, and the phases are {phases}{speed}"


def _fails(result: CaseResult, settings: Settings) -> bool:
    """Whether a case fails the client, and is not expected to."""
    if settings.known_failing is not None:
        ((result,), _, _) = settings.known_failing.apply((result,), whole=False)
    return result.status == "failed" or (settings.fail_on == "advice" and bool(result.findings))


def _is_stuck(result: CaseResult) -> bool:
    return result.outcome is not None and result.outcome.kind == "stuck"


def _undone(reason: str) -> dict[str, Any]:
    """The members of a result whose case was not carried out."""
    return {"status": "could-not-run", "findings": (), "checked": (), "reason": reason}


class _Log:
    """Collects results and times while a verification runs."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self.times = PhaseTimes()
        self.trouble: tuple[str, ...] = ()
        self.interrupted = False
        #: Why no further case is driven; empty while there is no reason.
        self.stopped = ""
        self._stuck = 0
        self.client = ClientEnvironment({})
        self.left_out = Traffic()
        self._on_event = on_event
        self._results: list[CaseResult] = []
        self._order: dict[str, int] = {}
        self._wanted: frozenset[str] = frozenset()

    def plan(self, chosen: list[Chosen], settings: Settings) -> None:
        """Note the order of the planned cases, which is that of the results, and their rules."""
        planned = tuple(chain.from_iterable(cases for _, cases in chosen))
        self._order = {case.name: at for at, case in enumerate(planned)}
        local = settings.require_local_validation
        rules = (examinable(case, require_local_validation=local) for case in planned)
        self._wanted = frozenset(r for r in frozenset().union(*rules) if r in settings.rules)

    def drive(self, phase: Phase, session: Session, cases: tuple[PlannedCase, ...]) -> None:
        """Drive one phase; after an interrupt the results so far remain."""
        self._on_event(PhaseStarted(phase.name, len(cases), len(self._order)))
        try:
            with closing(phase.drive(session, cases)) as results:
                for result in results:
                    self._check_clock()
                    self._results.append(result)
                    self._on_event(CaseFinished(result))
                    self.stopped = self._reason_to_stop(result, session.settings)
                    if self.stopped:
                        break
        finally:
            self.times.lap(phase.name)

    def _reason_to_stop(self, result: CaseResult, settings: Settings) -> str:
        """Why no further case is driven after this one; empty to go on.

        Raises:
            CouldNotRun: The client gets stuck too often, and no chosen rule is broken by that.
        """
        if settings.stop_at_first and _fails(result, settings):
            return "stopped at the first failure (-x)"
        self._stuck += result.status != "skipped" and _is_stuck(result)
        if self._stuck < MAX_STUCK:
            return ""
        reason = (
            f"stopped: the client got stuck in {MAX_STUCK} cases, which takes up to "
            f"{settings.timeout:g} s each; the cases after them were not run"
        )
        if not any(_fails(known, settings) for known in self._results):
            raise CouldNotRun(reason)
        return reason

    def attribute(self, session: Session) -> None:
        """Replace symptoms by their cause, unless the rule that names it is not wanted."""
        strays, contract = session.strays, session.contract
        if CROSSTALK in session.settings.rules:
            self._results = list(attribute(self._results, strays, contract))
        explained = any(f.is_cause for result in self._results for f in result.findings)
        if ONCE in session.settings.rules and not strays and not explained:
            self._results = list(attribute_kept(self._results, contract))
        if TOKEN_LEAK in session.settings.rules:
            self._results = list(attribute_file_names(self._results, session.tokens))

    def check_reached(self) -> None:
        """Check that an intercepted client reaches the fake; if not, no case was carried out.

        Raises:
            CouldNotRun: See `ClientEnvironment.check_reached`.
        """
        try:
            self.client.check_reached(self._results)
        except CouldNotRun:
            undone = _undone("the call did not reach the interceptor")
            self._results = [r if r.exchanges else replace(r, **undone) for r in self._results]
            raise

    def _check_clock(self) -> None:
        """Check that the client runs on the faster clock; if not, no case was carried out.

        Raises:
            CouldNotRun: See `ClientEnvironment.check_clock`.
        """
        try:
            self.client.check_clock()
        except CouldNotRun:
            undone = _undone("the client does not run on the faster clock")
            self._results = [replace(result, **undone) for result in self._results]
            raise

    def check_client_runs(self, session: Session) -> None:
        """Tell a client that refuses every input from one that does not run.

        The examples phase checks that. If the selection has no example, and no case led to a call
        although a valid input was refused, the first documented example decides.

        Raises:
            CouldNotRun: The example does not lead to a call either.
        """
        refused = any(f.rule == "boundary.accepted" for r in self._results for f in r.broken)
        called = any(result.exchanges for result in self._results)
        if refused and not called and not any(r.phase == "examples" for r in self._results):
            session.try_example()

    def _notes(self, results: Iterable[CaseResult]) -> Iterator[str]:
        """What the reader must know about the verification."""
        if self.stopped:
            yield self.stopped
        yield from notes_on_other_routes(x for result in results for x in result.exchanges)
        yield from self.client.notes

    def verification(self, driver: Driver, contract: Contract, settings: Settings) -> Verification:
        """The verification with its results in the order of the plans."""
        last = len(self._order)  # further findings of a property have names of their own
        results = tuple(sorted(self._results, key=lambda r: self._order.get(r.name, last)))
        unexpected: tuple[str, ...] = ()
        stale: tuple[str, ...] = ()
        if settings.known_failing is not None:
            ended = self.trouble or self.interrupted or self.stopped
            whole = not (ended or settings.run or settings.skip or settings.rules.narrow)
            results, unexpected, stale = settings.known_failing.apply(results, whole=whole)
        rows = coverage(results, contract)
        self.times.lap("coverage")
        return Verification(
            mode="verify",
            model=contract.model,
            contract_version=contract.version,
            profile=settings.profile,
            seed=settings.seed,
            client=driver.client,
            results=results,
            phases=tuple(self.times.phases),
            trouble=self.trouble,
            unexpected_passes=unexpected,
            stale=stale,
            interrupted=self.interrupted,
            coverage=rows,
            notes=tuple(self._notes(results)),
            unexamined=() if self.stopped else unexamined(self._wanted, results),
            fail_on=settings.fail_on,
            left_out=self.left_out,
            elapsed=self.times.total,
        )
