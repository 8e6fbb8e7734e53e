"""The tests that a test runner reports to the fake: when each began, and how it ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from aleph_contract.core.clock import WALL_CLOCK, Clock
from fake_server.journal.base import Filter, Journal

if TYPE_CHECKING:
    from aleph_contract.rules.suite import Suite, TestOutcome, TestRun

#: Bound on the tests of one fake; later ones are not recorded, and the judge has to guess.
MAX_TESTS = 50_000

#: Bounds on the lengths of the names of a process and of a test.
MAX_PROCESS_NAME = 100
MAX_TEST_NAME = 1000

#: A text that PostgreSQL can store.
WITHOUT_NUL = r"^[^\x00]*$"

#: How a test ends.
Ending = Literal["passed", "failed", "skipped"]


class SuiteLog:
    """The tests so far; safe to use from any thread.

    Args:
        on_start: Called when a test begins.
        clock: The clock of the tests, which the times of exchanges are on.
    """

    def __init__(
        self, on_start: Callable[[], None] | None = None, clock: Clock = WALL_CLOCK
    ) -> None:
        self._on_start = on_start
        self._clock = clock
        self._tests: list[tuple[str, TestRun]] = []
        self._borders: dict[str, list[tuple[float, int | None]]] = {}
        self._running: dict[str, list[int]] = {}
        self._accounts: dict[str, str] = {}
        self._lock = threading.Lock()

    def assign(self, account: str, process: str) -> None:
        """Record that an account belongs to a process; the first process keeps it."""
        with self._lock:
            self._accounts.setdefault(account, process)

    def start(self, process: str, name: str, *, repeats: bool = False) -> int | None:
        """Record that a test begins now; return its number, or `None` if the log is full."""
        from aleph_contract.rules.suite import TestRun  # only when a test runner reports

        with self._lock:
            number = len(self._tests)
            if number >= MAX_TESTS:
                return None
            self._tests.append((process, TestRun(name, repeats=repeats)))
            self._running.setdefault(process, []).append(number)
            self._borders.setdefault(process, []).append((self._clock.now(), number))
        if self._on_start is not None:
            self._on_start()
        return number

    def finish(self, number: int, outcome: TestOutcome) -> bool:
        """Record that a test ends now; `False` if it is not running.

        A test that began within it, as those of a nested test runner do, ends too.
        """
        with self._lock:
            process, test = self._tests[number] if number < len(self._tests) else ("", None)
            running = self._running.get(process, [])
            if test is None or number not in running:
                return False
            self._tests[number] = process, replace(test, outcome=outcome)
            del running[running.index(number) :]
            self._borders[process].append((self._clock.now(), running[-1] if running else None))
            return True

    def seen_with(self, journal: Journal) -> Suite:
        """The tests so far, with what the traffic says about them: all that a judge needs."""
        suite = self.suite()
        if not suite.borders:
            return suite
        return suite.with_runs(journal.exchanges(None, Filter(outcome="completed")))

    def suite(self) -> Suite:
        """The tests so far."""
        from aleph_contract.rules.suite import Suite  # only when a verdict or a page is asked for

        with self._lock:
            borders = {
                process: tuple(
                    (at, None if number is None else self._tests[number][1])
                    for at, number in changes
                )
                for process, changes in self._borders.items()
            }
            return Suite(borders, dict(self._accounts))
