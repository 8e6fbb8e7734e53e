"""Run the suite without a mutation: it must pass twice, make calls, and make the same calls."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.escaping import one_line, pluralise, truncate
from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import CouldNotRun
from aleph_contract.mutation.records import WHOLE_SUITE, Call
from aleph_contract.mutation.suite_process import Processes, SuiteRun, is_call, run_suite
from aleph_contract.mutation.warm_suite import WarmSuite

#: The time limit of the whole suite, in time limits of one mutant.
SUITE_LIMITS = 30

#: Tests that share a fixture with tests that make calls, and run once to find their own calls.
MAX_SHARERS = 200

#: The words of a note about a test that does not pass alone, by its outcome; by default `fails`.
_ALONE = {"skipped": "is skipped, or expected to fail,", "timeout": "exceeds --timeout"}

_NO_TEST = "no test that makes a call passes when it runs alone: {}"
_NO_CALL = (
    "the command made no call to the fake; does it read CLOUDFLARE_BASE_URL, and does no mock "
    "answer its calls?"
)

#: Characters of the suite's output that a message quotes.
_MAX_QUOTE = 300


@dataclass(frozen=True, slots=True)
class Baseline:
    """A suite that passes.

    Args:
        calls: Its calls, in order of arrival.
        in_pytest: Whether the pytest plugin reported its tests.
        seconds: Seconds that it takes.
        notes: What the reader must know about it.
    """

    calls: tuple[Call, ...]
    in_pytest: bool
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def tests(self) -> tuple[str, ...]:
        """The tests that make calls."""
        return tuple(dict.fromkeys(call.test for call in self.calls))


def baseline(
    command: Sequence[str], contracts: ContractSet, *, processes: Processes, timeout: float
) -> Baseline:
    """Run the suite twice.

    Args:
        command: Program and arguments.
        contracts: The contracts that the fake serves.
        processes: Ends the processes on an interrupt.
        timeout: Time limit of one mutant, in seconds.

    Raises:
        CouldNotRun: The suite fails, makes no call, is flaky, or does not end.
    """
    limit = timeout * SUITE_LIMITS
    first, second = (
        _passed(run_suite(command, contracts, processes=processes, seconds=limit), limit, number)
        for number in (1, 2)
    )
    if not first.in_pytest and _counts(first) != _counts(second):  # the times are not exact
        first, second = first.as_one_test(), second.as_one_test()
    _check_same(first, second)
    bodies = {digest(x.request_body) for x in second.exchanges}
    calls = tuple(_calls(first, bodies))
    seconds = max(first.elapsed, second.elapsed)
    return Baseline(calls, first.in_pytest, seconds)


def alone(found: Baseline, suite: WarmSuite, seconds: float) -> Baseline:
    """The baseline with the calls that each test makes when it runs alone.

    A test that fails alone cannot tell anything; a note names it. A call in a fixture that several
    tests share is a call of each of them.

    Raises:
        CouldNotRun: No test passes alone.
    """
    notes: list[str] = []
    callers = [test for test in found.tests if test != WHOLE_SUITE]
    outside = sum(call.test == WHOLE_SUITE for call in found.calls)
    if outside:
        notes.append(f"{pluralise(outside, 'call')} outside of all tests: no mutant changes them")
    sharers = _sharers(callers, suite.shared)
    calls: list[Call] = []
    for test in (*callers, *sharers[:MAX_SHARERS]):
        run = suite.run((test,), seconds)
        outcome = run.outcomes.get(test, "failed")
        if outcome == "passed":
            own = [call for call in found.calls if call.test == test]
            known = {call.selects for call in own or found.calls}
            repeats = any(call.repeats for call in own)
            calls += _numbered(test, run.exchanges, known, repeats=repeats)
        elif test in callers:
            notes.append(
                f"{test} {_ALONE.get(outcome, 'fails')} when it runs alone; it is left out"
            )
    if not calls:
        raise CouldNotRun(_NO_TEST.format(notes[0] if notes else _NO_CALL))
    if len(sharers) > MAX_SHARERS:
        left = pluralise(len(sharers) - MAX_SHARERS, "test")
        notes.append(f"{left} that share a fixture with these did not run")
    return Baseline(tuple(calls), in_pytest=True, seconds=found.seconds, notes=tuple(notes))


def _sharers(callers: Sequence[str], shared: Mapping[str, Sequence[str]]) -> list[str]:
    """The tests without a call that share a fixture with tests that make calls."""
    used = {fixture for test in callers for fixture in shared.get(test, ())}
    known = set(callers)
    return [t for t, own in shared.items() if t not in known and not used.isdisjoint(own)]


def digest(body: bytes) -> str:
    """What tells the bodies of two requests apart."""
    return hashlib.sha256(body).hexdigest()


def _passed(run: SuiteRun, limit: float, number: int) -> SuiteRun:
    if run.code is None:
        raise CouldNotRun(f"the suite did not end within {limit:g} s; raise --timeout")
    if run.code == 0:
        return run
    if number > 1:
        raise CouldNotRun(f"the suite is flaky: it passed, then failed ({_ending(run)})")
    raise CouldNotRun(f"the suite fails without a mutation ({_ending(run)})")


def _ending(run: SuiteRun) -> str:
    """The exit code, and the first failed test or the last line of the output."""
    lines = run.output.strip().splitlines()
    last = next(iter(run.failed), lines[-1] if lines else "")
    quote = f": {truncate(one_line(last), _MAX_QUOTE)}" if last else ""
    return f"exit code {run.code}{quote}"


def _check_same(first: SuiteRun, second: SuiteRun) -> None:
    """Check that two runs made the same number of calls.

    Raises:
        CouldNotRun: A run made no call, or they differ.
    """
    counts = [_counts(run) for run in (first, second)]
    if not counts[0]:
        raise CouldNotRun(_NO_CALL)
    for test in dict.fromkeys((*counts[0], *counts[1])):
        before, after = (pluralise(found[test], "call") for found in counts)
        if before != after:
            raise CouldNotRun(f"the suite is flaky: {test} made {before}, then {after}")


def _counts(run: SuiteRun) -> Counter[str]:
    """Number of calls by test; a test that draws its inputs counts as one call."""
    tests = list(_tests(run))
    drawn = {name for name, repeats in tests if repeats}
    counted = Counter(name for name, _ in tests)
    return Counter({name: 1 if name in drawn else n for name, n in counted.items()})


def _tests(run: SuiteRun) -> Iterator[tuple[str, bool]]:
    """For each call: the name of its test, and whether that runs its body several times."""
    for exchange in filter(is_call, run.exchanges):
        span = run.suite.span(exchange)
        yield (span.test.name, span.test.repeats) if span else (WHOLE_SUITE, False)


def _calls(run: SuiteRun, bodies: set[str]) -> Iterator[Call]:
    """The calls of a run of the whole suite, numbered within each test."""
    numbers: Counter[str] = Counter()
    whole = _numbered(WHOLE_SUITE, run.exchanges, bodies)
    for call, (test, repeats) in zip(whole, _tests(run), strict=True):
        numbers[test] += 1
        yield Call(test, numbers[test], call.exchange, call.selects, call.occurrence, repeats)


def _numbered(
    test: str, exchanges: Iterable[Exchange], known: Container[str | None], *, repeats: bool = False
) -> Iterator[Call]:
    """The calls of one run; a call whose body is not `known` from another run has its number."""
    found = [x for x in exchanges if x.request_complete and x.request_body]
    seen: Counter[str] = Counter()
    number = 0
    for position, exchange in enumerate(found, start=1):
        body = digest(exchange.request_body)
        seen[body] += 1
        if is_call(exchange):
            number += 1
            selects, occurrence = (body, seen[body]) if body in known else (None, position)
            yield Call(test, number, exchange, selects, occurrence, repeats)
