"""The test that a call belongs to: by the borders that the process of its account reported."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sample_traffic import call, refused

from aleph_contract.rules.suite import NO_SUITE, Span, Suite, TestRun

A, B = TestRun("a"), TestRun("b")
BORDERS = {"p": ((1.0, A), (2.0, None), (3.0, B))}
ONE = Suite(BORDERS, {"x": "p"})
TWO = Suite({**BORDERS, "q": ((0.0, A),)}, {"x": "p", "y": "q", "z": "gone"})


@pytest.mark.parametrize(
    ("suite", "account", "at", "span"),
    [
        (ONE, "x", 0.9, None),
        (ONE, "x", 1.0, Span("p", 1, A)),
        (ONE, "x", 1.9, Span("p", 1, A)),
        (ONE, "x", 2.0, None),
        (ONE, "x", 9.0, Span("p", 3, B)),
        (ONE, "unknown", 9.0, Span("p", 3, B)),
        (TWO, "x", 9.0, Span("p", 3, B)),
        (TWO, "y", 9.0, Span("q", 1, A)),
        (TWO, "z", 9.0, None),
        (TWO, "unknown", 9.0, None),
        (NO_SUITE, "x", 9.0, None),
    ],
)
def test_the_span_of_a_call(suite: Suite, account: str, at: float, span: Span | None) -> None:
    assert suite.span(call(account=account, received_at=at)) == span


def test_a_suite_knows_the_spans_in_which_a_run_completed() -> None:
    done = call(account="x", received_at=1.5)
    failed = refused(account="x", received_at=3.5)
    outside = replace(done, received_at=2.5)
    found = ONE.with_runs([done, failed, outside])
    assert found.completed == {Span("p", 1, A)}
    assert (found.borders, found.accounts) == (ONE.borders, ONE.accounts)
