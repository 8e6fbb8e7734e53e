"""Every broken client breaks exactly the rules that the table of broken clients lists.

By default each client is driven through a selection of cases that shows its mistake; with
ALEPH_CONTRACT_WHOLE=1 through all cases.
"""

from __future__ import annotations

import shutil
import sys
from typing import Any

import pytest
from driving import FIXTURES, SAMPLE, SHOWING, SLOW, WHOLE, drive, found

from aleph_contract.drivers import Driver
from aleph_contract.drivers.command import CommandDriver
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.drivers.stdio import StdioDriver
from aleph_contract.reports.summary import summarise
from aleph_contract.rules import RULES

BROKEN_DIR = FIXTURES / "broken"
sys.path.insert(0, str(BROKEN_DIR))

import clients  # type: ignore[import-not-found]  # noqa: E402 - found on the path set above

BROKEN: dict[str, Any] = clients.BROKEN


def selection(row: Any) -> tuple[str, ...]:
    if WHOLE or row.run:
        return tuple(row.run)
    return (*SAMPLE, *SHOWING[row.call.__module__])


@pytest.mark.parametrize("name", sorted(BROKEN))  # xdist needs one order in all processes
def test_a_broken_client_is_caught_by_its_rule_alone(name: str) -> None:
    row = BROKEN[name]
    skip = [] if row.run else SLOW
    run = drive(PythonDriver(row.call), *selection(row), local=row.local, skip=skip)
    musts, advice = found(run, "must"), found(run, "advice")
    assert not run.trouble
    assert musts.keys() == row.musts, musts
    assert row.advice <= advice.keys(), advice
    assert run.exit_code == (1 if row.musts else 0)


def test_every_rule_has_a_broken_client_and_every_client_a_described_mistake() -> None:
    assert len(BROKEN) >= 100
    # `test_time_phase.py` has a client that breaks it: that needs a run of minutes.
    slow = {"billing.result-awaited"}
    broken = set().union(*(row.musts | row.advice for row in BROKEN.values()))
    assert broken | slow == set(RULES)
    assert all(RULES[rule].level == "must" for row in BROKEN.values() for rule in row.musts)
    assert [name for name, row in BROKEN.items() if not row.mistake] == []


def test_most_rules_are_broken_alone_by_some_client() -> None:
    alone = {next(iter(row.musts)) for row in BROKEN.values() if len(row.musts) == 1}
    musts = {rule.id for rule in RULES.values() if rule.level == "must"}
    assert alone == musts


# -- as processes -----------------------------------------------------------------------------

A_FEW = (
    "examples",
    "combination/text/prompt/two-lines",
    "boundary/seed/m*",
    "fault/field-invalid/once",
    "fault/internal-error/once",
    "fault/redirect-307/once",
    "fault/state-failed/once",
    "fault/result-member-missing/once",
)

#: For programs that wait before they repeat a call: each failure costs seconds.
A_FAILURE = ("examples", "fault/internal-error/once")

#: Program, rules of level must that it breaks, rules that it gets advice about, and its cases.
PROCESSES: list[tuple[str, set[str], set[str], tuple[str, ...]]] = [
    (
        "prints_reply.sh",
        {"error.surfaced", "boundary.refusal-surfaced", "response.state", "response.malformed"},
        set(),
        A_FEW,
    ),
    ("echoes.sh", {"request.valid"}, set(), A_FEW),
    ("location_trusted.sh", {"security.token-host"}, set(), A_FEW),
    ("defaults.mjs", {"request.faithful"}, set(), A_FEW),
    (
        "retrying.mjs",
        {"error.not-retried"},
        {"billing.paid-once"},
        (*A_FAILURE, "fault/field-invalid/once"),
    ),
    ("shared.mjs", {"concurrency.no-crosstalk"}, set(), ("concurrency",)),
    ("sdk_defaults.mjs", set(), {"billing.paid-once"}, A_FAILURE),
    ("sdk_ai_run.mjs", {"request.route"}, set(), ("examples",)),
]


@pytest.mark.parametrize(
    ("program", "musts", "advice", "run"), PROCESSES, ids=[row[0] for row in PROCESSES]
)
def test_a_broken_program_is_caught_by_its_rule_alone(
    program: str, musts: set[str], advice: set[str], run: tuple[str, ...]
) -> None:
    verified = drive(driver_of(program), *run)
    assert verified.trouble == ()
    assert found(verified, "must").keys() == musts, found(verified, "must")
    assert advice <= found(verified, "advice").keys()


def driver_of(program: str) -> Driver:
    path = str(BROKEN_DIR / program)
    needed = ("sh", "curl", "jq") if program.endswith(".sh") else ("node",)
    missing = [tool for tool in needed if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")
    if program.startswith("sdk_") and not (FIXTURES / "node_modules" / "cloudflare").exists():
        pytest.skip("the SDK is not installed: npm ci --prefix fixtures")
    return CommandDriver(["sh", path]) if needed[0] == "sh" else StdioDriver(["node", path])


def test_the_smallest_breaking_case_represents_the_rule() -> None:
    """A client that truncates prompts gets the case about the maximum length of a prompt."""
    run = drive(PythonDriver(BROKEN["cuts_prompt"].call), *SAMPLE)
    broken = {problem.rule.id: problem for problem in summarise(run).broken}
    proof = broken["boundary.not-repaired"].example
    assert proof is not None
    assert proof.name == "boundary/prompt/maxLength/above"
    assert len(proof.exchanges) == 1
