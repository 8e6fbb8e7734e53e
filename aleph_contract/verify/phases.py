"""The phases of a verification: what each drives, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from aleph_contract.contract import Contract
from aleph_contract.core.results import CaseResult
from aleph_contract.verify import plans
from aleph_contract.verify.plans import PlannedCase
from aleph_contract.verify.session import Session


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of a verification.

    Args:
        name: Its name, as `--run` and the reports have it.
        plans: Makes its planned cases.
        drive: Drives and judges them.
        overlapping: Whether its cases do not depend on each other, so that cases of other phases
            may be in flight beside them.
    """

    name: str
    plans: Callable[[Contract], Iterable[PlannedCase]]
    drive: Callable[[Session, Iterable[PlannedCase]], Iterator[CaseResult]] = Session.each
    overlapping: bool = False


def _explore(session: Session, planned: Iterable[PlannedCase]) -> Iterator[CaseResult]:
    from aleph_contract.verify.property_phase import explore  # loads Hypothesis

    return explore(session, planned)


#: Every phase, in the order in which they run.
PHASES = (
    Phase("examples", plans.examples, Session.examples),
    Phase("boundary", plans.boundary, overlapping=True),
    Phase("probes", plans.probes, overlapping=True),
    Phase("faults", plans.faults, overlapping=True),
    Phase("concurrency", plans.concurrency, Session.together),
    Phase("profile", plans.other_profile),
    Phase("properties", plans.properties, _explore),
)
