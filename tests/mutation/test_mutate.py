"""`mutate` over whole suites: scores, classes, bad input, interrupts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from faster import SPEED, needs_libfaketime
from mutation_suites import use_copy
from waiting import PATIENCE, until

from aleph_contract.cli import run
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.drivers.faster_clock import FasterClock
from aleph_contract.errors import ArgumentError, CouldNotRun
from aleph_contract.mutation import running
from aleph_contract.mutation.baseline import baseline
from aleph_contract.mutation.classify import Attempt, classify
from aleph_contract.mutation.executors import ProcessExecutor
from aleph_contract.mutation.planning import plan
from aleph_contract.mutation.records import Mutant, MutantClass, MutationRun
from aleph_contract.mutation.running import MutationSettings, mutate
from aleph_contract.mutation.suite_process import Processes
from aleph_contract.mutation.warm_suite import warm_suite
from fake_server.replies.faults import FAULTS
from fake_server.runs.mutation import CallMutation
from fake_server.state.scenarios import ScenarioStep

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull)
CONTRACTS = ContractSet.load(())

#: A call in one line of shell, and in a line of Python that repeats it once on any failure.
CURL = (
    'curl -s "$CLOUDFLARE_BASE_URL/accounts/$CLOUDFLARE_ACCOUNT_ID/ai/run" -o /dev/null '
    '--fail -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" --json '
    """'{"model":"runwayml/aleph-2","input":{"prompt":"Snow","video_uri":"https://a.b/c.mp4"}}'"""
)
REPEATS = """
from client import GOOD, edit
try:
    edit(GOOD)
except Exception:
    edit(GOOD)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """See `use_copy`."""
    return use_copy(tmp_path, monkeypatch)


def mutated(*command: str, **options: object) -> MutationRun:
    return mutate(command, CONTRACTS, replace(MutationSettings(timeout=30.0), **options))  # type: ignore[arg-type]


def classes(found: MutationRun) -> dict[str, MutantClass]:
    return {result.mutant.id: result.kind for result in found.results}


@pytest.mark.long
@pytest.mark.usefixtures("folder")
def test_suites_are_ranked_in_their_true_order() -> None:
    nothing = mutated("sh", "ignores_errors.sh", max_mutants=12)
    calls = mutated(sys.executable, "calls_unittest.py", max_mutants=8)
    everything = mutated(*PYTEST, "everything_pytest.py", max_mutants=5)
    scores = [found.score for found in (nothing, calls, everything)]
    assert scores[0] == 0
    assert scores[2] == 100
    assert scores[1] is not None
    assert 20 < scores[1] < 80
    assert nothing.counts["paid-twice"] + calls.counts["paid-twice"] >= 1
    assert everything.notes[-1].startswith("--max-mutants chose 5 of ")
    assert not any("counts as one test" in note for note in everything.notes)


@pytest.mark.long
@pytest.mark.usefixtures("folder")
def test_the_result_is_the_same_under_xdist() -> None:
    pytest.importorskip("xdist")
    options = ("-p", "xdist.plugin", "url_pytest.py")
    one = mutated(*PYTEST, *options, max_mutants=4)
    two = mutated(*PYTEST, *options, "-n", "2", max_mutants=4)
    assert classes(one) == classes(two)
    assert set(classes(one).values()) >= {"noticed", "unnoticed"}


@pytest.mark.parametrize(
    ("faults", "kind", "cost"),
    [
        ({"rate-limited", "wholesale-limit-429"}, "tolerated", 0),
        ({"bad-gateway", "dropped"}, "paid-twice", "1.68"),
        ({"token-wrong", "no-credits"}, "unnoticed", 0),
    ],
)
def test_what_the_contract_allows_is_tolerated(
    folder: Path, faults: set[str], kind: MutantClass, cost: object
) -> None:
    (folder / "repeats.py").write_text(REPEATS)
    command, processes = (sys.executable, "repeats.py"), Processes()
    found = baseline(command, CONTRACTS, processes=processes, timeout=30.0)
    executor = ProcessExecutor(command, CONTRACTS, processes, 30.0)
    mutants: dict[str, Mutant] = {}
    for seed in range(200):
        planned = plan(found, CONTRACTS, seed=seed).mutants
        mutants |= {m.subject: m for m in planned if m.subject in faults}
        if len(mutants) == len(faults):
            break
    assert set(mutants) == faults
    for mutant in mutants.values():
        result = classify(mutant, executor.attempts(mutant), CONTRACTS)
        assert (result.kind, str(result.cost.normalize())) == (kind, str(cost)), mutant.id


NO_CALL = (
    "the command made no call to the fake; does it read CLOUDFLARE_BASE_URL, and does no mock "
    "answer its calls?"
)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("script", "message"),
    [
        (f"{CURL}; exit 7", "the suite fails without a mutation (exit code 7)"),
        (
            "echo 'not ok 1 - night'; exit 1",
            "the suite fails without a mutation (exit code 1: night)",
        ),
        ("true", NO_CALL),
        (f"{CURL}; sleep 60", "the suite did not end within 0.9 s; raise --timeout"),
        (
            f"{CURL}; test ! -e ran || exit 1; touch ran",
            "the suite is flaky: it passed, then failed (exit code 1)",
        ),
        (
            f"{CURL}; test -e ran || {CURL}; touch ran",
            "the suite is flaky: the whole suite made 2 calls, then 1 call",
        ),
    ],
)
def test_a_suite_that_cannot_be_scored_gets_a_sentence(script: str, message: str) -> None:
    with pytest.raises(CouldNotRun) as caught:
        mutated("sh", "-c", script, timeout=0.03 if "sleep" in script else 2.0)
    assert str(caught.value) == message


@pytest.mark.usefixtures("folder")
def test_the_exit_code_of_such_a_suite_is_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["mutate", "--", "no-such-program"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "aleph-contract: the client's program 'no-such-program' was not found on PATH\n"
    )


@pytest.mark.usefixtures("folder")
def test_a_low_score_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--max-mutants", "2", "--jobs", "1", "--fail-under", "1", "--report", "json"]
    assert run(["mutate", *options, "--", "sh", "ignores_errors.sh"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["score"], report["denominator"], report["exit_code"]) == (0, 2, 1)


def test_results_are_kept_and_not_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, command = folder / "results", ("sh", "ignores_errors.sh")
    seen: list[object] = []

    def interrupt(event: object) -> None:
        seen.append(event)
        if len(seen) > 4:  # two phases, then two results
            raise KeyboardInterrupt

    settings = MutationSettings(max_mutants=6, resume=file)
    first = mutate(command, CONTRACTS, settings, interrupt)
    assert (first.interrupted, len(first.results), first.exit_code) == (True, 3, 3)
    file.write_text(file.read_text() + '{"mutant": "cut off')
    tried: list[str] = []
    attempts = ProcessExecutor.attempts

    def counted(self: ProcessExecutor, mutant: Mutant) -> list[Attempt]:
        tried.append(mutant.id)
        return attempts(self, mutant)

    monkeypatch.setattr(ProcessExecutor, "attempts", counted)
    again = mutate(command, CONTRACTS, settings)
    assert not any("counts as one test" in note for note in again.notes)  # it makes one call
    assert (len(tried), len(again.results), again.interrupted) == (3, 6, False)
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    assert classes(mutate(command, CONTRACTS, settings)) == classes(again)
    with pytest.raises(ArgumentError, match="another command, seed, bound or version"):
        mutate(command, CONTRACTS, replace(settings, seed=1))


def test_an_interrupt_leaves_no_process(folder: Path) -> None:
    (folder / "sleeps.sh").write_text(f"{CURL}\n{SLEEP} &\nwait\n")
    program = (sys.executable, "-m", "aleph_contract", "mutate", "--", "sh", "sleeps.sh")
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until(lambda: _sleeping() == 1)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=PATIENCE)
    assert (process.returncode, error.strip()) == (130, b"aleph-contract: interrupted")
    until(lambda: _sleeping() == 0)


#: A command that no other process runs.
SLEEP = f"sleep 98.{os.getpid()}"


def _sleeping() -> int:
    """Number of processes that the suite has started."""
    found = subprocess.run(
        ("ps", "-A", "-o", "args="), capture_output=True, text=True, check=True
    ).stdout
    return found.splitlines().count(SLEEP)


def test_a_client_with_a_long_time_out_is_tested_on_a_faster_clock(folder: Path) -> None:
    needs_libfaketime()
    client = folder / "client.py"
    client.write_text(client.read_text().replace("timeout=4", "timeout=200"))
    (folder / "test_slow.py").write_text(
        "import pytest\nfrom client import GOOD, edit\n\n"
        "def test_no_reply():\n    try:\n        edit(GOOD)\n"
        "    except OSError as error:\n        assert 'timed out' in str(error)\n"
    )
    command, faster = (*PYTEST, "test_slow.py"), FasterClock(SPEED)
    with faster, ExitStack() as stack:
        processes = Processes(faster)
        found = baseline(command, CONTRACTS, processes=processes, timeout=10.0)
        assert found.tests == ("test_slow.py::test_no_reply",)
        suite = stack.enter_context(warm_suite(command, CONTRACTS, processes, 60.0))
        step = ScenarioStep(FAULTS["hang"])
        run = suite.run(found.tests, 20.0, CallMutation(bool, step=step))
    assert (run.outcomes, run.applied) == ({found.tests[0]: "passed"}, 1)
    assert 200 / SPEED <= run.elapsed < 20


@pytest.mark.usefixtures("folder")
def test_tests_are_known_by_tap() -> None:
    script = f"{CURL}; echo 'ok 1 - snow'; sleep 0.1; {CURL}; echo 'ok 2 - rain # time=1'"
    for _ in range(20):  # on a busy machine the lines may be too late to tell the tests apart
        found = baseline(("sh", "-c", script), CONTRACTS, processes=Processes(), timeout=1.0)
        if found.tests != ("the whole suite",):
            break
    assert found.tests == ("snow", "rain")
    together = f"{CURL}; {CURL}; echo 'ok 1 - snow'; echo 'ok 2 - rain'"
    found = baseline(("sh", "-c", together), CONTRACTS, processes=Processes(), timeout=1.0)
    assert found.tests == ("the whole suite",)


def test_the_default_time_limit_is_that_of_the_command() -> None:
    from aleph_contract.commands.mutate import command

    assert {p.name: p.default for p in command.params}["timeout"] == running.TIMEOUT
