"""A whole mutation run: baseline, plan, mutants on several workers."""

from __future__ import annotations

import os
import queue
import shlex
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.drivers.faster_clock import FasterClock
from aleph_contract.errors import CouldNotRun
from aleph_contract.mutation.baseline import SUITE_LIMITS, Baseline, alone, baseline
from aleph_contract.mutation.classify import Attempt, classify
from aleph_contract.mutation.executors import Executor, ProcessExecutor, WarmExecutor
from aleph_contract.mutation.planning import Plan, plan
from aleph_contract.mutation.records import WHOLE_SUITE, Mutant, MutantResult, MutationRun
from aleph_contract.mutation.saved_results import SavedResults
from aleph_contract.mutation.suite_process import Processes
from aleph_contract.mutation.warm_suite import warm_suite
from aleph_contract.mutation.written_files import WrittenFiles
from aleph_contract.rules.traffic import contract_of

#: Time limit of one mutant, in seconds.
TIMEOUT = 10.0


_ONE_TEST = (
    "the suite counts as one test: no report says which test made which call. pytest reports it, "
    "also of unittest suites; so do TAP and JUnit reports with exact times"
)


@dataclass(frozen=True, slots=True)
class MutationSettings:
    """The options of a mutation run.

    Args:
        seed: Seed of the choice of mutants.
        jobs: Number of mutants that run at the same time.
        timeout: Time limit of one mutant, in seconds.
        speed: How many times faster the clock of the suite runs; `None` for the highest speed that
            is safe on this machine.
        max_mutants: Bound on the mutants; `None` for all.
        fail_under: The lowest score that passes.
        allow_writes: Whether the suite may write files outside its temporary folder.
        resume: File that keeps the results, and is read if it exists.
    """

    seed: int = 0
    jobs: int = 1
    timeout: float = TIMEOUT
    speed: float | None = 1.0
    max_mutants: int | None = None
    fail_under: float = 0.0
    allow_writes: bool = False
    resume: Path | None = None


@dataclass(frozen=True, slots=True)
class MutantsPlanned:
    """Event: the mutants are known."""

    phase: str
    cases: int


@dataclass(frozen=True, slots=True)
class MutantDone:
    """Event: one mutant has its class."""

    result: MutantResult


_Queue = queue.SimpleQueue

#: Takes the events of a run.
OnEvent = Callable[[MutantsPlanned | MutantDone], None]


@dataclass(frozen=True, slots=True)
class _Context:
    """What every part of a run needs; see `mutate`."""

    command: Sequence[str]
    contracts: ContractSet
    settings: MutationSettings
    on_event: OnEvent
    processes: Processes


def mutate(
    command: Sequence[str],
    contracts: ContractSet,
    settings: MutationSettings,
    on_event: OnEvent = lambda _: None,
) -> MutationRun:
    """Find out which changes to its calls a test suite notices.

    Args:
        command: The command of the suite; it passes under `aleph-contract exec`.
        contracts: The contracts that the fakes serve.
        settings: The options.
        on_event: Takes the events, in the calling thread.

    Raises:
        ArgumentError: The file to resume from is of another run.
        CouldNotRun: The suite fails, is flaky, makes no call, does not end, or writes files outside
            its temporary folder.
    """
    begun = time.perf_counter()
    saved = SavedResults(settings.resume, command, settings)
    with ExitStack() as stack:
        faster = stack.enter_context(FasterClock(settings.speed))
        faster.check(command, os.environ)
        run = _Context(command, contracts, settings, on_event, Processes(faster))
        on_event(MutantsPlanned("baseline", 2))
        files = None if settings.allow_writes else WrittenFiles(command)
        found = baseline(command, contracts, processes=run.processes, timeout=settings.timeout)
        if files is not None:
            files.check()
        executors, found = _executors(run, found, stack)
        planned = plan(found, contracts, seed=settings.seed, most=settings.max_mutants)
        on_event(MutantsPlanned("mutants", len(planned.mutants)))
        results, interrupted = _run(run, planned, executors, saved)
    contract = contract_of(found.calls[0].exchange, contracts)
    return MutationRun(
        command=shlex.join(command),
        model=contract.model,
        contract_version=contract.version,
        seed=settings.seed,
        tests=len(found.tests),
        calls=len(found.calls),
        planned=len(planned.mutants),
        results=tuple(results),
        notes=tuple(filter(None, (faster.note, *notes(found, planned)))),
        interrupted=interrupted,
        fail_under=settings.fail_under,
        elapsed=time.perf_counter() - begun,
    )


def _executors(run: _Context, found: Baseline, stack: ExitStack) -> tuple[list[Executor], Baseline]:
    """An executor for each job, and the calls that mutants are planned on."""
    settings = run.settings
    if found.in_pytest:
        limit = settings.timeout * SUITE_LIMITS
        try:
            suites = [
                stack.enter_context(warm_suite(run.command, run.contracts, run.processes, limit))
                for _ in range(settings.jobs)
            ]
        except CouldNotRun as error:
            found = replace(found, in_pytest=False, notes=(f"one process a mutant: {error}",))
        else:
            executors = [WarmExecutor(suite, settings.timeout) for suite in suites]
            return list(executors), alone(found, suites[0], settings.timeout)
    seconds = found.seconds + settings.timeout
    own = ProcessExecutor(run.command, run.contracts, run.processes, seconds)
    return [own] * settings.jobs, found


def _run(
    run: _Context, planned: Plan, executors: Sequence[Executor], saved: SavedResults
) -> tuple[list[MutantResult], bool]:
    """The results in the order of the plan, and whether the run was interrupted."""
    done = {m.id: saved.known[m.id](m) for m in planned.mutants if m.id in saved.known}
    for result in done.values():
        run.on_event(MutantDone(result))
    todo = [mutant for mutant in planned.mutants if mutant.id not in done]
    interrupted = False
    try:
        for mutant, attempts in _attempted(todo, executors, run.processes):
            result = classify(mutant, attempts, run.contracts)
            done[mutant.id] = result
            saved.add(result)
            run.on_event(MutantDone(result))
    except KeyboardInterrupt:
        interrupted = True
    return [done[m.id] for m in planned.mutants if m.id in done], interrupted


def _attempted(
    mutants: Sequence[Mutant], executors: Sequence[Executor], processes: Processes
) -> Iterator[tuple[Mutant, list[Attempt]]]:
    """The attempts of every mutant, as they end; each executor has a thread."""
    todo: _Queue[Mutant] = queue.SimpleQueue()
    for mutant in mutants:
        todo.put(mutant)
    ended: _Queue[tuple[Mutant, list[Attempt]]] = queue.SimpleQueue()
    stopped = threading.Event()
    threads = [
        threading.Thread(target=_work, args=(executor, todo, ended, stopped), daemon=True)
        for executor in executors
    ]
    # FastAPI hides this warning about its own models in a way that is not safe in threads.
    warnings.filterwarnings("ignore", "The 'alias' attribute with value")
    for thread in threads:
        thread.start()
    try:
        for _ in mutants:
            yield ended.get()
    except BaseException:  # also an interrupt: the threads wait for these processes
        processes.end_all()
        raise
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def _work(
    executor: Executor,
    todo: _Queue[Mutant],
    ended: _Queue[tuple[Mutant, list[Attempt]]],
    stopped: threading.Event,
) -> None:
    while not stopped.is_set():
        try:
            mutant = todo.get_nowait()
        except queue.Empty:
            return
        try:
            ended.put((mutant, executor.attempts(mutant)))
        except Exception as error:  # noqa: BLE001 - of this mutant alone nothing is known
            ended.put((mutant, [Attempt(trouble=f"internal error: {error!r}")]))


def notes(found: Baseline, planned: Plan) -> Iterator[str]:
    """Notes for the reader of a report, about its suite and its mutants."""
    yield from found.notes
    if found.tests == (WHOLE_SUITE,) and len(found.calls) > 1:
        yield _ONE_TEST
    if planned.left_out:
        total = planned.left_out + len(planned.mutants)
        yield f"--max-mutants chose {len(planned.mutants):,} of {total:,} mutants at random"
