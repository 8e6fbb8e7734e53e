"""Which results count when the machine is busy while a client runs on a faster clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import cast

import pytest

from aleph_contract.contract import Contract
from aleph_contract.core.clock import Clock
from aleph_contract.core.results import CaseResult, Finding
from aleph_contract.drivers.stalls import Stalls
from aleph_contract.verify import time_phase
from aleph_contract.verify.plans import PlannedCase
from aleph_contract.verify.steady import MAX_DRIVES, MAX_FIRST_DRIVES, Drive, Steady


class Delays:
    """Stands for `Stalls`: one delay for each drive, in seconds of the machine."""

    worst = 0.0

    def worst_since(self, _: float) -> float:
        return self.worst


def result(*rules: str) -> CaseResult:
    findings = tuple(Finding(rule, "must", "message") for rule in rules)
    return CaseResult("time/drip", "time", "failed" if rules else "passed", {}, findings=findings)


def case(name: str = "time/drip") -> PlannedCase:
    (found,) = (each for each in time_phase.plans(Contract.load()) if each.name == name)
    return found


PASSED, FAILED, OTHER = result(), result("billing.paid-once"), result("error.bounded")

#: At 100, in seconds of the machine: one result is enough; two that agree; the result never counts.
QUIET, BUSY, TOO_BUSY = 0.005, 0.04, 0.2


@pytest.mark.parametrize(
    ("drives", "expected"),
    [
        ([(QUIET, PASSED)], PASSED),
        ([(QUIET, FAILED)], FAILED),
        ([(BUSY, FAILED), (QUIET, PASSED)], PASSED),
        ([(BUSY, FAILED), (BUSY, FAILED)], FAILED),
        ([(BUSY, FAILED), (BUSY, PASSED), (BUSY, PASSED)], PASSED),
        ([(BUSY, FAILED), (BUSY, PASSED), (BUSY, OTHER), (BUSY, FAILED)], FAILED),
        ([(TOO_BUSY, FAILED), (BUSY, FAILED), (BUSY, FAILED)], FAILED),
        ([(BUSY, FAILED), (TOO_BUSY, FAILED), (QUIET, PASSED)], PASSED),
        ([(TOO_BUSY, FAILED)] * MAX_DRIVES, None),
        ([(TOO_BUSY, FAILED)] * (MAX_DRIVES - 1) + [(BUSY, FAILED)], None),
    ],
)
def test_a_result_counts_if_the_machine_is_quiet_or_a_second_agrees(
    drives: list[tuple[float, CaseResult]], expected: CaseResult | None
) -> None:
    delays, left = Delays(), iter(drives)

    def drive(cases: Iterable[PlannedCase]) -> Iterator[tuple[PlannedCase, CaseResult]]:
        for each in cases:
            delays.worst, found = next(left)
            yield each, found

    steady = Steady(Clock(speed=100), cast("Stalls", delays))
    (found,) = steady.results([case()], drive)
    assert not list(left), "driven less often"
    if expected is not None:
        assert found is expected
        return
    assert (found.status, found.findings) == ("could-not-run", ())
    assert found.reason.startswith(
        "the machine is too busy for --speed 100: waits ended up to 20 s late"
    )


def test_only_disturbed_cases_are_driven_again_and_in_the_end_in_the_other_way() -> None:
    delays = Delays()
    driven: list[tuple[str, ...]] = []

    def drive(way: str) -> Drive:
        def run(cases: Iterable[PlannedCase]) -> Iterator[tuple[PlannedCase, CaseResult]]:
            chosen = tuple(cases)
            driven.append((way, *(each.name for each in chosen)))
            for each in chosen:
                disturbed = each.name == "time/drip" and way == "together"
                delays.worst = TOO_BUSY if disturbed else QUIET
                yield each, replace(PASSED, name=each.name)

        return run

    steady = Steady(Clock(speed=100), cast("Stalls", delays))
    cases = [case("time/late-drop"), case("time/drip")]
    found = list(steady.results(cases, drive("together"), drive("alone")))
    assert [each.name for each in found] == ["time/late-drop", "time/drip"]
    assert driven == [
        ("together", "time/late-drop", "time/drip"),
        *[("together", "time/drip")] * (MAX_FIRST_DRIVES - 1),
        ("alone", "time/drip"),
    ]
