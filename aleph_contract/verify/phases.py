"""The phases of a verification: one table of names, cases, and ways to drive them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

from aleph_contract.cases.name_globs import NameGlobs
from aleph_contract.contract import Contract
from aleph_contract.core.results import CaseResult
from aleph_contract.verify import plans, time_phase
from aleph_contract.verify.plans import PlannedCase
from aleph_contract.verify.session import Session


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of a verification.

    Args:
        name: Its name in `--run` and in the reports.
        plans: Returns its planned cases, at least those with a name that matches the globs.
        drive: Drives and judges cases; yields each result when it is there.
        overlapping: Whether cases of another phase may be in flight at the same time.
        needs_speed: Whether it runs only on a faster clock: its cases take minutes.
    """

    name: str
    plans: Callable[[Contract, NameGlobs], Iterable[PlannedCase]]
    drive: Callable[[Session, Iterable[PlannedCase]], Generator[CaseResult, None, None]] = (
        Session.each
    )
    overlapping: bool = False
    needs_speed: bool = False


def _explore(session: Session, cases: Iterable[PlannedCase]) -> Generator[CaseResult, None, None]:
    from aleph_contract.verify.property_phase import explore  # imports Hypothesis

    return explore(session, cases)


#: Every phase, in the order in which they run.
PHASES = (
    Phase("examples", plans.examples, Session.examples),
    Phase("boundary", plans.boundary, overlapping=True),
    Phase("probes", plans.probes, overlapping=True),
    Phase("faults", plans.faults, overlapping=True),
    Phase("concurrency", plans.concurrency, Session.together),
    Phase(time_phase.PHASE, time_phase.plans, time_phase.drive, needs_speed=True),
    Phase("profile", plans.other_profile),
    Phase("properties", plans.properties, _explore),
)

#: A phase, and the cases to drive in it.
Chosen = tuple[Phase, tuple[PlannedCase, ...]]


def waiting_first(chosen: list[Chosen]) -> list[Chosen]:
    """Move the cases that only wait to the start of the first overlapping phase.

    Meanwhile the client can work on the other cases of that phase. The case that is never answered
    comes first. Without another case in an overlapping phase they stay where they are.
    """
    waiting = [case for phase, cases in chosen if phase.overlapping for case in cases if case.waits]
    waiting.sort(key=lambda case: not case.never_answered)
    rest = [
        (phase, tuple(c for c in cases if not (phase.overlapping and c.waits)))
        for phase, cases in chosen
    ]
    host = next((at for at, (phase, cases) in enumerate(rest) if phase.overlapping and cases), None)
    if not waiting or host is None:
        return chosen
    phase, cases = rest[host]
    rest[host] = (phase, (*waiting, *cases))
    return [(phase, cases) for phase, cases in rest if cases]
