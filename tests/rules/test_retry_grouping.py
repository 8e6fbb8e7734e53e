"""Which calls belong to one run: everything about them fits, and no test border is between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sample_traffic import call, refused

from aleph_contract.core.body_start import BodyStart
from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.retry_grouping import (
    CONCURRENT,
    LINK_SECONDS,
    MAX_HELD,
    NO_BORDERS,
    REPEATS,
    Grouping,
    LinkedRun,
    group,
)
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


def test_a_call_between_counts_from_the_end_of_the_first_to_the_start_of_the_second() -> None:
    other = call(received_at=100.5, elapsed=0.5)
    assert sizes(FIRST, other, replace(FIRST, received_at=101.0)) == [1, 1, 1]
    early = replace(other, received_at=100.4)
    assert sizes(FIRST, early, replace(FIRST, received_at=101.0)) == [2, 1]
    assert sizes(FIRST, other, replace(FIRST, received_at=100.9)) == [2, 1]


def test_a_call_at_the_very_end_of_the_first_is_no_concurrent_one() -> None:
    again = replace(FIRST, received_at=100.5)
    [run] = group([FIRST, again], one_process((99.0, "a")))
    assert (len(run.calls), run.doubt) == (2, "")


def test_calls_before_the_first_do_not_matter() -> None:
    earlier = [replace(FIRST, account="b", received_at=99.0 + n / 10) for n in range(3)]
    other = call(received_at=101.0, elapsed=0.5)
    assert sizes(*earlier, FIRST, replace(FIRST, received_at=102.0)) == [1, 1, 1, 2]
    assert sizes(*earlier, FIRST, other, replace(FIRST, received_at=102.0)) == [1, 1, 1, 1, 1, 1]


def test_a_redirected_request_is_no_call_between() -> None:
    elsewhere = replace(FIRST, outcome="elsewhere", target="/x", received_at=100.6, elapsed=0.1)
    again = replace(FIRST, received_at=101.0)
    [run] = group([FIRST, elsewhere, again])
    assert [x.target for x in run.calls] == [FIRST.target, "/x", FIRST.target]
    assert run.last == again
    assert LinkedRun([FIRST, elsewhere], None).last == FIRST
    assert LinkedRun([elsewhere], None).last == elsewhere


def test_a_request_elsewhere_without_a_call_before_it_is_a_run() -> None:
    elsewhere = replace(FIRST, outcome="elsewhere")
    assert sizes(elsewhere, call(received_at=103.0)) == [1, 1]


def test_of_many_calls_between_only_the_first_are_searched() -> None:
    same = [replace(FIRST, account="b", received_at=100.5 + n / 1000) for n in range(101)]
    again = replace(FIRST, received_at=101.0)
    assert sizes(FIRST, *[replace(x, elapsed=0.0) for x in same], again)[0] == 1
    slow = [replace(x, elapsed=9.0) for x in same]
    for count, size in ((99, 1), (100, 2)):
        last = replace(slow[0], received_at=100.9, elapsed=0.0)
        assert sizes(FIRST, *slow[:count], last, again)[0] == size


def test_a_call_without_a_known_time_is_a_run_of_its_own() -> None:
    grouping = Grouping()
    calls = [FIRST, replace(FIRST, received_at=101.0)]
    runs = [run for x in calls for run in grouping.add(x, timed=False)]
    assert [len(run.calls) for run in (*runs, *grouping.end())] == [1, 1]
    for first, second in ((True, False), (False, True)):
        grouping = Grouping()
        runs = [*grouping.add(FIRST, timed=first), *grouping.add(calls[1], timed=second)]
        assert [len(run.calls) for run in (*runs, *grouping.end())] == [1, 1]


def test_a_run_is_complete_when_no_later_call_can_belong_to_it() -> None:
    grouping = Grouping()
    assert list(grouping.add(FIRST)) == []
    inside = call(received_at=LAST_MOMENT)
    assert list(grouping.add(inside)) == []
    last = call(received_at=LAST_MOMENT + 0.1)
    assert [run.calls for run in grouping.add(last)] == [[FIRST], [inside]]
    assert [run.calls for run in grouping.end()] == [[last]]
    assert (list(grouping.end()), grouping.held) == ([], 0)


def test_a_completed_run_is_complete_at_its_end() -> None:
    grouping = Grouping()
    done = call(received_at=100.0, elapsed=0.5)
    assert list(grouping.add(done)) == []
    assert list(grouping.add(replace(FIRST, received_at=100.5))) == []
    [run] = grouping.add(replace(FIRST, account="b", received_at=100.6))
    assert run.calls == [done]


def test_the_wait_that_a_reply_asks_for_keeps_its_run_open() -> None:
    asked = replace(FIRST, response_headers=(("Retry-After", "60"),))
    grouping = Grouping()
    grouping.add(asked)
    assert list(grouping.add(call(received_at=LAST_MOMENT + 59))) == []
    assert len(list(grouping.add(call(received_at=LAST_MOMENT + 61)))) == 2


def test_a_call_that_arrives_out_of_order_does_not_turn_the_time_back() -> None:
    grouping = Grouping()
    grouping.add(FIRST)
    grouping.add(call(received_at=LAST_MOMENT - 1))
    assert list(grouping.add(call(received_at=90.0))) == []


def test_the_bytes_that_are_held_are_bounded() -> None:
    grouping = Grouping()
    small = replace(FIRST, request_body=b"12", response_body=b"345")
    grouping.add(small)
    assert grouping.held == 2005
    large = replace(small, account="b", request_body=bytes(MAX_HELD - 2005 - 2003))
    assert list(grouping.add(large)) == []
    assert grouping.held == MAX_HELD
    [run] = grouping.add(replace(small, account="c"))
    assert run.calls == [small]
    assert grouping.held == MAX_HELD


def test_a_single_call_is_held_however_large_it_is() -> None:
    large = replace(FIRST, request_body=bytes(MAX_HELD + 1))
    assert sizes(large, replace(large, received_at=101.0)) == [2]


def test_calls_that_are_forgotten_leave_the_later_ones_in_place() -> None:
    large = replace(FIRST, account="b", request_body=bytes(MAX_HELD))
    earlier = [replace(FIRST, account=name, received_at=99.0) for name in "cde"]
    other = call(received_at=101.0, elapsed=0.5)
    again = replace(FIRST, received_at=102.0)
    assert sizes(*earlier, large, FIRST, again) == [1, 1, 1, 1, 2]
    assert sizes(*earlier, large, FIRST, other, again) == [1, 1, 1, 1, 1, 1, 1]


def test_nothing_is_held_of_runs_that_are_complete() -> None:
    grouping = Grouping(one_process((99.0, "a")))
    calls = [FIRST, replace(FIRST, received_at=101.0), call(received_at=102.0)]
    runs = [run for x in calls for run in grouping.add(x)]
    assert [len(run.calls) for run in (*runs, *grouping.end())] == [2, 1]
    assert (len(grouping._seen), grouping._newest, grouping.held) == (0, {}, 0)


def test_a_date_of_retry_after_extends_the_time() -> None:
    date = (("retry-after", "Thu, 01 Jan 1970 00:02:40 GMT"),)
    asked = replace(FIRST, response_headers=date)
    assert sizes(asked, replace(asked, received_at=169.0)) == [2]
    assert sizes(asked, replace(asked, received_at=171.0)) == [1, 1]


def test_a_forgotten_run_is_not_repeated() -> None:
    calls = [replace(FIRST, received_at=at) for at in (0.0, 50.0, 100.0, 101.0)]
    assert sizes(*calls) == [1, 1, 2]
    other = replace(FIRST, account="b")
    assert sizes(*calls[:3], other, replace(other, received_at=101.0)) == [1, 1, 1, 2]


def test_a_body_of_which_only_the_start_is_known_is_told_by_its_hash() -> None:
    def start(sha256: str) -> BodyStart:
        return BodyStart(b"{", 9, sha256)

    first = replace(FIRST, request_body=start("a" * 64))
    again = replace(first, received_at=101.0)
    assert sizes(first, again) == [2]
    assert sizes(first, replace(again, request_body=start("b" * 64))) == [1, 1]
    assert sizes(first, replace(again, request_body=b"{")) == [1, 1]


def test_the_parts_of_a_call_are_kept_apart() -> None:
    first = replace(FIRST, token_fingerprint="ab", method="c")
    assert sizes(first, replace(first, received_at=101.0)) == [2]
    assert sizes(first, replace(first, received_at=101.0, token_fingerprint="a", method="bc")) == [
        1, 1,
    ]  # fmt: skip
    hostile = replace(FIRST, target="/\udcff")
    assert sizes(hostile, replace(hostile, received_at=101.0)) == [2]


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
