"""The tests of a suite: which test was running when a call arrived, and how that test ended."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Literal

from aleph_contract.core.exchange import Exchange

#: How a test ended; `running` until it reports its end.
TestOutcome = Literal["running", "passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class TestRun:
    """One run of one test.

    Args:
        name: Its name, such as `tests/test_edit.py::test_night[5]`.
        outcome: See `TestOutcome`.
        repeats: Whether the test runs its body several times, as Hypothesis does.
    """

    __test__ = False  # pytest: not a test class

    name: str
    outcome: TestOutcome = "running"
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """The time between two borders: `number` tells it from the others of its process."""

    process: str
    number: int
    test: TestRun


@dataclass(frozen=True, slots=True)
class Suite:
    """What a test runner reported: the borders of its tests, by process.

    Args:
        borders: Of each process, in order: Unix time of a border, and the test that runs from then
            on; `None` between two tests.
        accounts: The process that each account belongs to.
        completed: The spans in which a run completed, with any account; see `with_runs`.
    """

    borders: Mapping[str, Sequence[tuple[float, TestRun | None]]] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)
    completed: frozenset[Span] = frozenset()

    def span(self, exchange: Exchange) -> Span | None:
        """The span that a call arrived in; `None` if no test was running, or none is known.

        The account of the call tells its process. A call of another account, such as one through
        the Workers binding, can be assigned only if one process ran all tests.
        """
        process = self.accounts.get(exchange.account)
        if process is None and len(self.borders) == 1:
            process = next(iter(self.borders))
        borders = self.borders.get(process or "", ())
        number = bisect_right(borders, exchange.received_at, key=itemgetter(0))
        test = borders[number - 1][1] if number else None
        return None if test is None or process is None else Span(process, number, test)

    def with_runs(self, exchanges: Iterable[Exchange]) -> Suite:
        """The same tests, with `completed` found from the exchanges of all accounts."""
        spans = (self.span(x) for x in exchanges if x.outcome == "completed")
        return replace(self, completed=frozenset(span for span in spans if span is not None))


#: Traffic of a program that reports no tests.
NO_SUITE = Suite()
