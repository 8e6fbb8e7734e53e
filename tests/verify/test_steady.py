"""Which results count when the machine is busy while a client runs on a faster clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from aleph_contract.core.clock import Clock
from aleph_contract.core.results import CaseResult, Finding
from aleph_contract.drivers.stalls import Stalls
from aleph_contract.verify.steady import MAX_DRIVES, Steady


class Delays:
    """Stands for `Stalls`: one delay for each drive, in seconds of the machine."""

    def __init__(self, *delays: float) -> None:
        self._next = iter(delays)
        self.worst = 0.0

    def restart(self) -> None:
        self.worst = next(self._next)


def result(*rules: str) -> CaseResult:
    findings = tuple(Finding(rule, "must", "message") for rule in rules)
    return CaseResult("time/drip", "time", "failed" if rules else "passed", {}, findings=findings)


PASSED, FAILED, OTHER = result(), result("billing.paid-once"), result("error.bounded")

#: At 100, in seconds of the machine: one result is enough; two that agree; the result never counts.
QUIET, BUSY, TOO_BUSY = 0.005, 0.05, 0.2


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
@pytest.mark.parametrize("with_earlier", [False, True])
def test_a_result_counts_if_the_machine_is_quiet_or_a_second_agrees(
    drives: list[tuple[float, CaseResult]], expected: CaseResult | None, with_earlier: bool
) -> None:
    first, *others = drives
    earlier = (first[1], first[0] * 100) if with_earlier else None
    delays = Delays(*(delay for delay, _ in (others if with_earlier else drives)))
    results: Iterator[CaseResult] = iter([r for _, r in (others if with_earlier else drives)])
    steady = Steady(Clock(speed=100), cast(Stalls, delays))
    found = steady.drive(lambda: next(results), earlier)
    assert not list(results), "driven less often"
    if expected is not None:
        assert found is expected
        return
    assert (found.status, found.findings) == ("could-not-run", ())
    assert found.reason.startswith(
        "the machine is too busy for --speed 100: waits ended up to 20 s late"
    )
