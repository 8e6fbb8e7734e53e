"""Which calls belong to one run: everything about them fits, and no test border is between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sample_traffic import call, refused

from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.retry_grouping import CONCURRENT, LINK_SECONDS, NO_BORDERS, REPEATS, group
from aleph_contract.rules.suite import Suite, TestRun

FIRST = refused(received_at=100.0, elapsed=0.5)
LAST_MOMENT = 100.5 + LINK_SECONDS


def sizes(*calls: Exchange, suite: Suite | None = None) -> list[int]:
    return [len(run.calls) for run in group(calls, *filter(None, [suite]))]


def one_process(*borders: tuple[float, str | TestRun | None]) -> Suite:
    """One process, whose tests begin at the given times."""
    runs = tuple((at, TestRun(t) if isinstance(t, str) else t) for at, t in borders)
    return Suite({"p": runs}, {FIRST.account: "p"})


def test_the_same_call_soon_after_a_failure_is_a_repetition_and_a_guess() -> None:
    [run] = group([FIRST, replace(FIRST, received_at=LAST_MOMENT)])
    assert (len(run.calls), run.doubt) == (2, NO_BORDERS)


@pytest.mark.parametrize(
    "changes",
    [
        {"token_fingerprint": "another"},
        {"account": "b" * 32},
        {"request_body": b"{}"},
        {"method": "PUT"},
        {"target": "/another"},
        {"received_at": LAST_MOMENT + 0.1},
        {"received_at": 100.4},  # it began before the first had ended
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_call_that_differs_is_a_run_of_its_own(changes: dict[str, Any]) -> None:
    second = replace(FIRST, received_at=101.0)
    assert sizes(FIRST, second) == [2]
    assert sizes(FIRST, replace(second, **changes)) == [1, 1]


def test_a_completed_run_is_not_repeated() -> None:
    first = call(received_at=100.0)
    assert sizes(first, replace(first, received_at=100.1)) == [1, 1]


def test_retry_after_extends_the_time() -> None:
    asked = replace(FIRST, response_headers=(("retry-after", "60"),))
    assert sizes(asked, replace(asked, received_at=LAST_MOMENT + 59)) == [2]
    assert sizes(asked, replace(asked, received_at=LAST_MOMENT + 61)) == [1, 1]


def test_another_call_between_two_equal_ones_tells_them_apart() -> None:
    other = call(received_at=101.0, elapsed=0.5)
    again = replace(FIRST, received_at=102.0)
    assert sizes(FIRST, other, again) == [1, 1, 1]
    overlapping = replace(other, elapsed=5.0)
    assert sizes(FIRST, overlapping, again) == [2, 1], "it says nothing: the client is concurrent"


def test_a_redirected_request_belongs_to_the_call_before_it() -> None:
    elsewhere = replace(FIRST, outcome="elsewhere", target="/elsewhere/x", request_body=b"")
    assert sizes(FIRST, elsewhere, call(received_at=103.0)) == [2, 1]


def test_no_run_crosses_a_test_border() -> None:
    again = replace(FIRST, received_at=101.0)
    assert sizes(FIRST, again, suite=one_process((99.0, "a"), (100.9, None), (100.95, "b"))) == [
        1,
        1,
    ]
    assert sizes(FIRST, again, suite=one_process((99.0, "a"), (100.9, "a"))) == [1, 1], (
        "a second run"
    )
    [run] = group([FIRST, again], one_process((99.0, "a"), (101.5, None)))
    assert (len(run.calls), run.doubt, run.span and run.span.test.name) == (2, "", "a")


def test_calls_outside_of_every_test_are_a_guess() -> None:
    again = replace(FIRST, received_at=101.0)
    [run] = group([FIRST, again], one_process((99.0, "a"), (99.5, None)))
    assert run.doubt == NO_BORDERS


def test_a_test_that_repeats_its_body_leaves_a_doubt() -> None:
    again = replace(FIRST, received_at=101.0)
    [run] = group([FIRST, again], one_process((99.0, TestRun("drawn", repeats=True))))
    assert run.doubt == REPEATS


def test_concurrent_equal_calls_leave_a_doubt() -> None:
    during, after = (replace(FIRST, received_at=at) for at in (100.2, 101.0))
    runs = group([FIRST, during, after], one_process((99.0, "a")))
    assert [(len(run.calls), run.doubt) for run in runs] == [(1, ""), (2, CONCURRENT)]


def test_two_processes_have_their_own_borders() -> None:
    suite = Suite(
        {"p": ((99.0, TestRun("a")), (100.9, TestRun("b"))), "q": ((99.0, TestRun("c")),)},
        {"a" * 32: "p", "b" * 32: "q"},
    )
    again = replace(FIRST, received_at=101.0)
    theirs = [replace(x, account="b" * 32) for x in (FIRST, again)]
    unknown = [replace(x, account="c" * 32) for x in (FIRST, again)]
    assert sizes(FIRST, again, suite=suite) == [1, 1]
    assert sizes(*theirs, suite=suite) == [2]
    assert group(unknown, suite)[0].doubt == NO_BORDERS
