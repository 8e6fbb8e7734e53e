"""Drive a client through every plan against a fake of its own, judge, and tell as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from aleph_contract.contract import Contract
from aleph_contract.core.results import CaseResult, Verification
from aleph_contract.drivers import Driver
from aleph_contract.errors import ArgumentError, CouldNotRun
from aleph_contract.rules.coverage import coverage
from aleph_contract.verify.phases import PHASES, Phase
from aleph_contract.verify.plans import PlannedCase, selected
from aleph_contract.verify.session import Session, Settings
from fake_server.server import running

__all__ = ["CaseFinished", "Event", "PhaseStarted", "Settings", "verify_client"]


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A phase begins; `cases` is how many it has."""

    phase: str
    cases: int


@dataclass(frozen=True, slots=True)
class CaseFinished:
    """A case was judged."""

    result: CaseResult


Event = PhaseStarted | CaseFinished

#: Cases to drive in one phase.
Chosen = tuple[Phase, tuple[PlannedCase, ...]]


def verify_client(
    driver: Driver,
    contract: Contract | None = None,
    settings: Settings | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
) -> Verification:
    """Verify one client; an interrupt or trouble ends the run early, with what is known by then.

    Raises:
        ArgumentError: `run` and `skip` leave nothing.
    """
    settings = settings or Settings()
    contract = contract or Contract.load()
    log = _Log(on_event)
    try:
        with running(contract, profile=settings.profile) as server, driver:
            chosen = _choose(contract, settings)
            planned = chain.from_iterable(cases for _, cases in chosen)
            log.order = {case.name: at for at, case in enumerate(planned)}
            session = Session(server, driver, contract, settings)
            log.phases.append(("set-up", time.perf_counter() - log.begun))
            for phase, cases in _waits_first(chosen):
                log.drive(phase, session, cases)
    except CouldNotRun as error:
        log.trouble = (str(error),)
    except KeyboardInterrupt:
        log.interrupted = True
    return _finish(log, driver, contract, settings)


def _choose(contract: Contract, settings: Settings) -> list[Chosen]:
    chosen = []
    for phase in PHASES:
        cases = tuple(
            case
            for case in phase.plans(contract)
            if case.profile != settings.profile
            and selected(case.name, phase.name, settings.run, settings.skip)
        )
        if cases and (settings.max_examples or phase.name != "properties"):
            chosen.append((phase, cases))
    if not chosen:
        raise ArgumentError(
            "no case is left to run; `aleph-contract cases` lists names, and the phases are "
            + ", ".join(phase.name for phase in PHASES)
        )
    return chosen


def _waits_first(chosen: list[Chosen]) -> list[Chosen]:
    """Move cases that only wait into the first phase that keeps the processor busy meanwhile."""
    waits = tuple(case for _, cases in chosen for case in cases if case.waits)
    if not waits:
        return chosen
    busy = [(phase, tuple(case for case in cases if not case.waits)) for phase, cases in chosen]
    first = next(
        (at for at, (phase, cases) in enumerate(busy) if phase.overlapping and cases),
        next(at for at, (_, cases) in enumerate(chosen) if any(case.waits for case in cases)),
    )
    phase, cases = busy[first]
    busy[first] = (phase, (*waits, *cases))
    return [(phase, cases) for phase, cases in busy if cases]


class _Log:
    """Collects what happened; cases end in any order and are kept in that of their plans."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self.results: list[CaseResult] = []
        self.phases: list[tuple[str, float]] = []
        self.order: dict[str, int] = {}
        self.trouble: tuple[str, ...] = ()
        self.interrupted = False
        self.begun = time.perf_counter()
        self._on_event = on_event

    def drive(self, phase: Phase, session: Session, cases: tuple[PlannedCase, ...]) -> None:
        begun = time.perf_counter()
        self._on_event(PhaseStarted(phase.name, len(cases)))
        try:
            for result in phase.drive(session, cases):
                self.results.append(result)
                self._on_event(CaseFinished(result))
        finally:
            self.phases.append((phase.name, time.perf_counter() - begun))


def _finish(log: _Log, driver: Driver, contract: Contract, settings: Settings) -> Verification:
    last = len(log.order)  # what Hypothesis drew
    results = tuple(sorted(log.results, key=lambda result: log.order.get(result.name, last)))
    unexpected: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    if settings.known_failing is not None:
        whole = not (log.trouble or log.interrupted or settings.run or settings.skip)
        results, unexpected, stale = settings.known_failing.apply(results, whole=whole)
    return Verification(
        mode="verify",
        model=contract.model,
        contract_version=contract.version,
        profile=settings.profile,
        seed=settings.seed,
        client=driver.client,
        results=results,
        phases=tuple(log.phases),
        trouble=log.trouble,
        unexpected_passes=unexpected,
        stale=stale,
        interrupted=log.interrupted,
        coverage=tuple(coverage(results, contract)),
        elapsed=time.perf_counter() - log.begun,
    )
