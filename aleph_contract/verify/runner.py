"""Drive a client through every plan against a fake of its own, judge, and tell as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from aleph_contract.contract import Contract
from aleph_contract.core.results import CaseResult, Run
from aleph_contract.drivers import Driver
from aleph_contract.errors import ArgumentError, CouldNotRun
from aleph_contract.rules.coverage import coverage
from aleph_contract.verify.plans import PHASES, PROPERTIES, Plan, selected
from aleph_contract.verify.session import Session, Settings
from fake_server.server import running

__all__ = ["CaseFinished", "Event", "PhaseStarted", "Settings", "verify"]


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A phase begins; `cases` is how many it has, `None` where that is not known."""

    phase: str
    cases: int | None


@dataclass(frozen=True, slots=True)
class CaseFinished:
    """A case was judged."""

    result: CaseResult


Event = PhaseStarted | CaseFinished

#: Phases whose cases do not depend on each other, in order.
OVERLAPPING = ("boundary", "probes", "faults")


def verify(
    driver: Driver,
    contract: Contract | None = None,
    settings: Settings | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
) -> Run:
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
            log.order = {p.name: at for at, p in enumerate(chain.from_iterable(chosen.values()))}
            session = Session(server, driver, contract, settings)
            for phase, plans in _waits_first(chosen).items():
                log.phase(phase, session, plans)
    except CouldNotRun as error:
        log.trouble = (str(error),)
    except KeyboardInterrupt:
        log.interrupted = True
    return _finish(log, driver, contract, settings)


def _choose(contract: Contract, settings: Settings) -> dict[str, tuple[Plan, ...]]:
    chosen = {}
    for phase, make in PHASES.items():
        plans = tuple(
            plan
            for plan in make(contract)
            if plan.profile != settings.profile
            and selected(plan.name, phase, settings.run, settings.skip)
        )
        if plans:
            chosen[phase] = plans
    names = [n for n in PROPERTIES if selected(n, "properties", settings.run, settings.skip)]
    if names and settings.max_examples:
        chosen["properties"] = ()
    if not chosen:
        raise ArgumentError(
            "no case is left to run; `aleph-contract cases` lists names, and the phases are "
            + ", ".join(PHASES)
        )
    return chosen


def _waits_first(chosen: dict[str, tuple[Plan, ...]]) -> dict[str, tuple[Plan, ...]]:
    """Begin what is only waited for early, beside cases that keep the processor busy."""
    waits = tuple(plan for plan in chain.from_iterable(chosen.values()) if plan.waits)
    busy = {
        phase: tuple(plan for plan in plans if not plan.waits) for phase, plans in chosen.items()
    }
    first = next((phase for phase in OVERLAPPING if busy.get(phase)), "faults")
    return busy | {first: (*waits, *busy[first])} if waits else chosen


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

    def phase(self, phase: str, session: Session, plans: tuple[Plan, ...]) -> None:
        begun = time.perf_counter()
        self._on_event(PhaseStarted(phase, len(plans) or None))
        try:
            for result in session.drive(phase, plans):
                self.results.append(result)
                self._on_event(CaseFinished(result))
        finally:
            self.phases.append((phase, time.perf_counter() - begun))


def _finish(log: _Log, driver: Driver, contract: Contract, settings: Settings) -> Run:
    last = len(log.order)  # what Hypothesis drew
    results = tuple(sorted(log.results, key=lambda result: log.order.get(result.name, last)))
    unexpected: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    if settings.known_failing is not None:
        whole = not (log.trouble or log.interrupted or settings.run or settings.skip)
        results, unexpected, stale = settings.known_failing.apply(results, whole=whole)
    return Run(
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
