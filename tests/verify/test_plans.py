"""Planned cases: globs over names leave out work, never a case that matches."""

from __future__ import annotations

import pytest
from sample_cases import ENTRIES

from aleph_contract.cases.name_globs import EVERY_NAME, NameGlobs
from aleph_contract.contract import Contract
from aleph_contract.verify import plans
from aleph_contract.verify.phases import PHASES, Phase, waiting_first

GLOBS = (
    "boundary/seed/maximum/above",
    "combination/only/*",
    "probe/seed/*",
    "fault/*",
    "concurrency/0[1-3]",
    "profile/live/*",
    "property/valid",
    "*seed*",
)


@pytest.mark.parametrize("glob", GLOBS)
@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_a_phase_plans_every_case_that_matches(phase: Phase, glob: str) -> None:
    contract, names = Contract.load(), NameGlobs((glob,))
    every = [case for case in phase.plans(contract, EVERY_NAME) if names.match(case.name)]
    assert [case for case in phase.plans(contract, names) if names.match(case.name)] == every


def test_one_boundary_case_is_planned_without_the_whole_catalogue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(contract: Contract) -> None:
        raise AssertionError(contract)

    monkeypatch.setattr("aleph_contract.cases.build", refuse)
    monkeypatch.setattr(plans, "billable_input", refuse)
    contract = Contract.load(ENTRIES["pixelworks__canvas-3"])
    names = NameGlobs(("boundary/width/minimum/on",))
    planned = [case.name for phase in PHASES for case in phase.plans(contract, names)]
    assert [name for name in planned if names.match(name)] == ["boundary/width/minimum/on"]


def test_cases_that_only_wait_start_first() -> None:
    contract = Contract.load()
    phases = [phase for phase in PHASES if not phase.needs_speed]
    chosen = [(phase, tuple(phase.plans(contract, EVERY_NAME))) for phase in phases]
    driven = waiting_first(chosen)
    names = {phase.name: [case.name for case in cases] for phase, cases in driven}
    waiting = ["fault/hang/once", "fault/delayed/once", "fault/drip/once"]
    assert names["boundary"][:3] == waiting
    assert not set(waiting) & set(names["faults"])
    assert names["concurrency"][0] == "concurrency/01", "their replies are late on purpose"
    assert sorted(n for each in names.values() for n in each) == sorted(
        case.name for _, cases in chosen for case in cases
    )


def test_cases_that_only_wait_stay_where_no_other_case_can_run_meanwhile() -> None:
    contract = Contract.load()
    faults = next(phase for phase in PHASES if phase.name == "faults")
    alone = [(faults, tuple(case for case in faults.plans(contract, EVERY_NAME) if case.waits))]
    assert waiting_first(alone) == alone
