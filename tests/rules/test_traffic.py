"""The judge of traffic: what rests on a guess is advice, and a neighbour's fault is not charged."""

from __future__ import annotations

from dataclasses import replace

from sample_traffic import CONTRACT, INPUT, call, refused

from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.suite import NO_SUITE, Suite, TestRun
from aleph_contract.rules.traffic import judge_exchange, judge_traffic

FIRST = refused(INPUT, status=401, outcome="unauthenticated", received_at=100.0)
AGAIN = replace(FIRST, number=2, received_at=100.5)
TESTED = Suite({"p": ((99.0, TestRun("test_edit.py::test_night")),)}, {FIRST.account: "p"})


def found(*calls: Exchange, suite: Suite = NO_SUITE) -> list[tuple[str, str]]:
    results = judge_traffic(calls, CONTRACT, suite=suite)
    return [(f.rule, f.level) for result in results for f in result.findings]


def test_a_retry_within_a_test_is_certain_and_names_the_test() -> None:
    [result] = judge_traffic([FIRST, AGAIN], CONTRACT, suite=TESTED)
    assert [(f.rule, f.level) for f in result.findings] == [("error.not-retried", "must")]
    assert result.name == "test_edit.py::test_night, call 1"
    assert result.status == "failed"


def test_a_retry_without_borders_is_a_guess_and_says_why() -> None:
    [result] = judge_traffic([FIRST, AGAIN], CONTRACT)
    [finding] = result.findings
    assert (finding.rule, finding.level, result.status) == ("error.not-retried", "advice", "passed")
    assert "is a guess from the same account, token and body" in finding.message
    assert "no test borders are known" in finding.message


def test_other_rules_are_no_guess_in_a_guessed_run() -> None:
    bad, again = (replace(refused(), received_at=at) for at in (100.0, 100.5))
    assert found(bad, again) == [("request.valid", "must"), ("error.not-retried", "advice")]


def test_an_exchange_is_not_charged_with_the_faults_of_its_neighbours() -> None:
    bad = refused(received_at=99.0)
    good = call(number=2, received_at=100.0)
    assert judge_exchange(good, [bad], CONTRACT) == ()
    assert [f.rule for f in judge_exchange(bad, [], CONTRACT)] == ["request.valid"]


def test_only_the_repetition_is_charged_with_the_repetition() -> None:
    assert judge_exchange(FIRST, [], CONTRACT) == ()
    [finding] = judge_exchange(AGAIN, [FIRST], CONTRACT)
    assert (finding.rule, finding.level) == ("error.not-retried", "advice")
