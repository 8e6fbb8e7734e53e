"""The log of the tests that a test runner reports."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from sample_evidence import exchange

from aleph_contract.core.clock import Clock
from aleph_contract.rules.suite import Suite, TestRun
from fake_server.journal.base import Filter, Journal
from fake_server.state import suite as module
from fake_server.state.suite import SuiteLog


class Ticking:
    """A clock that is one second later at each look."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> float:
        self.seconds += 1
        return self.seconds


@pytest.fixture
def log() -> SuiteLog:
    return SuiteLog(clock=cast(Clock, Ticking()))


def test_tests_of_two_processes_have_borders_of_their_own(log: SuiteLog) -> None:
    assert [log.start("a", "one"), log.start("b", "two", repeats=True)] == [0, 1]
    assert log.finish(0, "passed") is True
    assert log.start("a", "three") == 2
    assert log.finish(1, "failed") is True
    one, two = TestRun("one", "passed"), TestRun("two", "failed", repeats=True)
    assert log.suite() == Suite(
        {
            "a": ((101.0, one), (103.0, None), (104.0, TestRun("three"))),
            "b": ((102.0, two), (105.0, None)),
        }
    )


def test_the_end_of_a_test_ends_those_within_it(log: SuiteLog) -> None:
    numbers = [log.start("a", name) for name in ("outer", "inner", "innermost")]
    assert numbers == [0, 1, 2]
    assert log.finish(1, "passed") is True
    assert log.finish(2, "passed") is False
    outer = TestRun("outer")
    assert log.suite().borders["a"][3:] == ((104.0, outer),)
    assert log.finish(0, "skipped") is True
    assert log.finish(0, "passed") is False
    assert log.suite().borders["a"][0][1] == TestRun("outer", "skipped")
    assert log.suite().borders["a"][2][1] == TestRun("innermost")


def test_an_unknown_number_is_not_running(log: SuiteLog) -> None:
    assert log.finish(0, "passed") is False
    log.start("a", "one")
    assert log.finish(1, "passed") is False
    assert log.finish(0, "passed") is True


def test_the_first_process_keeps_an_account(log: SuiteLog) -> None:
    log.assign("account", "a")
    log.assign("account", "b")
    log.assign("other", "b")
    assert log.suite().accounts == {"account": "a", "other": "b"}


def test_a_full_log_takes_no_test(log: SuiteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TESTS", 1)
    assert [log.start("a", "one"), log.start("a", "two")] == [0, None]
    assert log.suite().borders == {"a": ((101.0, TestRun("one")),)}


def test_each_start_of_a_test_is_told() -> None:
    told: list[str] = []
    log = SuiteLog(lambda: told.append("start"))
    log.start("a", "one")
    assert told == ["start"]
    log.start("b", "two")
    assert told == ["start"] * 2


def test_the_completed_runs_of_the_traffic_are_added(log: SuiteLog) -> None:
    asked: list[Any] = []
    run = exchange(received_at=101.5)

    def exchanges(account: str | None, wanted: Filter) -> tuple[Any, ...]:
        asked.append((account, wanted))
        return (run,)

    journal = cast(Journal, SimpleNamespace(exchanges=exchanges))
    assert log.seen_with(journal) == Suite()
    assert asked == []
    log.start("a", "one")
    seen = log.seen_with(journal)
    assert asked == [(None, Filter(outcome="completed"))]
    assert seen.completed == {seen.span(run)}
    assert seen.span(run) is not None
