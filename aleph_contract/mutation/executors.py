"""Run one mutant: in a fork of a warm pytest process, or in a process for the whole suite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.errors import AlephContractError
from aleph_contract.mutation.baseline import digest
from aleph_contract.mutation.classify import Attempt
from aleph_contract.mutation.records import WHOLE_SUITE, Call, Mutant
from aleph_contract.mutation.suite_process import Processes, run_suite
from aleph_contract.mutation.warm_suite import WarmSuite
from fake_server.replies.faults import FAULTS
from fake_server.runs.mutation import CallMutation
from fake_server.state.scenarios import ScenarioStep

#: Repetitions of one call, in a suite without the pytest plugin, that are tried.
MAX_ATTEMPTS = 6

#: Outcomes of a test that is cut off, in words.
_CUT = {
    "timeout": "it did not end within the time limit",
    "crashed": "its process ended",
}


class Executor(Protocol):
    """Runs the tests of mutants."""

    def attempts(self, mutant: Mutant) -> list[Attempt]:
        """Run the tests of a mutant until one fails."""


class WarmExecutor:
    """Runs the tests that make the call, in a warm process.

    Args:
        suite: The warm process.
        seconds: Time limit of a mutant.
    """

    def __init__(self, suite: WarmSuite, seconds: float) -> None:
        self._suite = suite
        self._seconds = seconds

    def attempts(self, mutant: Mutant) -> list[Attempt]:
        """See `Executor`."""
        try:
            run = self._suite.run(
                mutant.tests, self._seconds, call_mutation(mutant, mutant.calls[0])
            )
        except AlephContractError as error:
            return [Attempt(trouble=str(error))]
        failed = next((t for t, o in run.outcomes.items() if o in {"failed", *_CUT}), "")
        why = _CUT.get(run.outcomes.get(failed, ""), "")
        return [Attempt(failed, why, "", run.exchanges, run.suite, run.applied, run.elapsed)]


class ProcessExecutor:
    """Runs the whole command, once for each repetition of the call.

    Args:
        command: Program and arguments.
        contracts: The contracts that the fakes serve.
        processes: Ends the processes on an interrupt.
        seconds: Time limit of a mutant.
    """

    def __init__(
        self,
        command: Sequence[str],
        contracts: ContractSet,
        processes: Processes,
        seconds: float,
    ) -> None:
        self._command = command
        self._contracts = contracts
        self._processes = processes
        self._seconds = seconds

    def attempts(self, mutant: Mutant) -> list[Attempt]:
        """See `Executor`."""
        calls = mutant.calls[:1] if mutant.change.sent else mutant.calls[:MAX_ATTEMPTS]
        found: list[Attempt] = []
        for call in calls:
            found.append(self._attempt(call_mutation(mutant, call), call))
            if found[-1].failed:
                break
        return found

    def _attempt(self, mutation: CallMutation, call: Call) -> Attempt:
        try:
            run = run_suite(
                self._command,
                self._contracts,
                processes=self._processes,
                seconds=self._seconds,
                mutation=mutation,
            )
        except AlephContractError as error:
            return Attempt(trouble=str(error))
        failed, why = "", ""
        if run.code is None:
            failed, why = call.test, _CUT["timeout"]
        elif run.code:
            failed = next(iter(run.failed), WHOLE_SUITE)
        return Attempt(failed, why, "", run.exchanges, run.suite, run.applied, run.elapsed)


def call_mutation(mutant: Mutant, call: Call) -> CallMutation:
    """What the fake does to a call of a mutant."""
    change = mutant.change
    if change.sent is not None:
        edit = change.sent
        return CallMutation(
            _where(lambda body: edit(body) is not None),
            occurrence=None,
            sent=lambda body: edit(body) or body,
        )
    step = None if change.fault is None else ScenarioStep(FAULTS[change.fault])
    same = call.selects
    return CallMutation(
        bool if same is None else lambda body: digest(body) == same,
        occurrence=call.occurrence,
        step=step,
        reply=change.reply,
        completes=change.completes,
        twice=change.twice,
    )


def _where(selects: Callable[[bytes], bool]) -> Callable[[bytes], bool]:
    """The same for a body that is not a request of the model."""

    def selected(body: bytes) -> bool:
        try:
            return selects(body)
        except ValueError:
            return False

    return selected
