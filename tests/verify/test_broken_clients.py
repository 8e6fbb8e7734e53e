"""Every broken client is caught by the rule it breaks, and accused of nothing else.

The default run drives each through a cross-section of the cases, in which each has something to
stumble over; with ALEPH_CONTRACT_WHOLE=1 it drives each through all of them.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from process_state import gone

from aleph_contract.core.results import Verification, smallest
from aleph_contract.drivers import Driver
from aleph_contract.drivers.command import CommandDriver
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.drivers.stdio import StdioDriver
from aleph_contract.rules import RULES
from aleph_contract.verify.runner import Settings, verify_client

FIXTURES = Path(__file__).parents[2] / "fixtures"
BROKEN_DIR = FIXTURES / "broken"
sys.path.insert(0, str(BROKEN_DIR))

import clients  # type: ignore[import-not-found]  # noqa: E402 - found on the path set above

BROKEN: dict[str, Any] = clients.BROKEN
WHOLE = os.environ.get("ALEPH_CONTRACT_WHOLE") == "1"

#: What takes as long as the verifier's patience lasts.
SLOW = ("fault/hang/*",)

#: For clients that go wrong before they send, and for those that do after.
INPUTS = (
    "examples",
    "boundary/prompt/m*",
    "boundary/required/*",
    "boundary/additionalProperties/as-S*",
    "boundary/seed/m*",
    "boundary/seed/type/[bfs]*",
    "boundary/seed/type/null",
    "boundary/keyframes/m*",
    "boundary/keyframes/*/anyOf/?/at/m*",
    "boundary/keyframes/*/anyOf/?/seconds/m*",
    "boundary/keyframes/*/anyOf/1/additionalProperties/with-seconds",
    "boundary/prompt_images/minItems/*",
    "boundary/content_moderation/type/null",
    "boundary/duration/exclusiveMinimum/below",
    "combination/text/*",
    "combination/number/*",
    "combination/uri/video_uri/*",
    "combination/only/*",
    "combination/beside/keyframes/?/anyOf/1/at/*",
    "probe/prompt/lines",
    "probe/prompt/length-utf8",
    "fault/field-invalid/once",
)
ANSWERS = (
    "examples",
    "profile",
    "boundary/prompt/maxLength/*",
    "boundary/seed/maximum/*",
    "fault/*/once",
    "fault/bad-gateway/*",
    "fault/field-missing/*",
    "fault/rate-limited/*",
)
CROSS_SECTION = {"asking": INPUTS, "changing": INPUTS, "bounds": INPUTS}


def drive(
    driver: Driver, *run: str, local: bool = False, skip: Sequence[str] = SLOW
) -> Verification:
    settings = Settings(
        run=run, skip=tuple(skip), max_examples=0, timeout=10, require_local_validation=local
    )
    return verify_client(driver, settings=settings)


def found(run: Verification, level: str) -> dict[str, list[str]]:
    """Each rule that was found broken, with what was said about it in which case."""
    said: dict[str, list[str]] = {}
    for result in run.results:
        for finding in result.findings:
            if finding.level == level:
                said.setdefault(finding.rule, []).append(f"{result.name}: {finding.message}")
    return said


def selection(row: Any) -> tuple[str, ...]:
    if WHOLE or row.run:
        return tuple(row.run)
    return CROSS_SECTION.get(row.call.__module__, ANSWERS)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_client_is_caught_by_its_rule_alone(name: str) -> None:
    row = BROKEN[name]
    skip = [] if row.run else SLOW
    run = drive(PythonDriver(row.call), *selection(row), local=row.local, skip=skip)
    musts, advice = found(run, "must"), found(run, "advice")
    assert not run.trouble
    assert musts.keys() == row.musts, musts
    assert row.advice <= advice.keys(), advice
    assert run.exit_code == (1 if row.musts else 0)


def test_there_is_a_broken_client_for_every_rule_and_a_story_for_every_client() -> None:
    assert len(BROKEN) >= 100
    assert set().union(*(row.musts | row.advice for row in BROKEN.values())) == set(RULES)
    assert all(RULES[rule].level == "must" for row in BROKEN.values() for rule in row.musts)
    assert [name for name, row in BROKEN.items() if not row.story] == []


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
    "fault/video-missing/once",
)

#: Program, rules that fail it, rules it is advised about, and the cases it needs.
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
    ("retrying.mjs", {"error.not-retried"}, {"billing.paid-once"}, A_FEW),
    ("shared.mjs", {"concurrency.no-crosstalk"}, set(), ("concurrency",)),
    ("sdk_defaults.mjs", set(), {"billing.paid-once"}, A_FEW),
    ("sdk_ai_run.mjs", {"request.route"}, set(), A_FEW),
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


def test_the_smallest_proof_stands_for_the_rule() -> None:
    """Whoever truncates a prompt is shown the case that is about the length of prompts."""
    run = drive(PythonDriver(BROKEN["cuts_prompt"].call), *INPUTS)
    proof = smallest(run.results, "boundary.not-repaired")
    assert proof is not None
    assert proof.name == "boundary/prompt/maxLength/above"
    assert len(proof.exchanges) == 1


# -- adapters that break the protocol ---------------------------------------------------------

#: Mode of adapters.py, and a word of what the user is told.
BREACHES = {
    "rubbish": "INFO starting up",
    "rubbish_later": "DEBUG case",
    "ends_at_once": "no configuration file found",
    "ends_after_hello": "ended",
    "duplicate": "c00001",
    "unknown": "c-unheard-of",
    "wrong_protocol": "protocol",
    "no_hello": "hello",
}


def adapter(*arguments: str) -> StdioDriver:
    return StdioDriver([sys.executable, str(BROKEN_DIR / "adapters.py"), *arguments])


@pytest.mark.parametrize(("mode", "told"), BREACHES.items())
def test_an_adapter_that_breaks_the_protocol_could_not_be_checked(mode: str, told: str) -> None:
    run = drive(adapter(mode), "examples")
    assert run.exit_code == 3
    assert len(run.trouble) == 1
    assert told in run.trouble[0]
    assert "\n" not in run.trouble[0]


def test_an_adapter_that_keeps_the_protocol_is_judged() -> None:
    assert drive(adapter("proper"), "examples").exit_code == 0


@pytest.mark.parametrize(("mode", "kind"), [("hangs", "stuck"), ("crashes", "crashed")])
def test_a_client_that_gets_lost_is_judged_for_that_case_and_the_run_goes_on(
    mode: str, kind: Literal["stuck", "crashed"]
) -> None:
    settings = Settings(run=("examples",), timeout=1.0)
    run = verify_client(adapter(mode), settings=settings)
    kinds = [result.outcome.kind for result in run.results if result.outcome]
    assert run.exit_code == 1
    assert len(kinds) == 4
    assert kinds.count(kind) == 2  # each second case of a process, which is then begun anew
    assert kinds.count("result") == 2


def test_a_child_that_an_adapter_leaves_behind_is_ended(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    run = drive(adapter("leaves_child", str(noted)), "examples")
    assert run.exit_code == 0
    assert gone(int(noted.read_text()))
