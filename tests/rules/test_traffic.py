"""The judge of traffic: what rests on a guess is advice, and a neighbour's fault is not charged."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sample_traffic import CONTRACT, INPUT, call, refused

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.retry_grouping import LinkedRun
from aleph_contract.rules.suite import NO_SUITE, Suite, TestOutcome, TestRun
from aleph_contract.rules.traffic import contract_of, judge_exchange, judge_run, judge_traffic

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


def test_a_run_is_one_case_with_everything_about_its_calls() -> None:
    first = replace(FIRST, elapsed=0.25, fault="hang")
    [result] = judge_traffic([first, AGAIN], CONTRACT)
    assert result.name == f"call/{'a' * 8}/0001"
    assert (result.phase, result.status, result.intended) == ("traffic", "passed", INPUT)
    assert (result.exchanges, result.fault) == ((first, AGAIN), "hang")
    assert (result.elapsed, result.reason) == (0.25 + AGAIN.elapsed, "")
    [bad] = judge_traffic([refused()], CONTRACT)
    assert [f.message for f in bad.findings] == [
        "sent an input that violates the contract: seed must be at least 0, not -1"
    ]
    assert "error.not-retried" in result.checked


def test_runs_are_numbered_and_other_routes_are_left_out() -> None:
    beside = call(method="GET", target="/client/v4/accounts")
    calls = [beside, call(account=""), call(account="b" * 32, received_at=1.0)]
    named = [result.name for result in judge_traffic(calls, CONTRACT)]
    assert named == ["call/no-account/0001", "call/bbbbbbbb/0002"]
    assert judge_exchange(beside, [], CONTRACT) == ()


def test_refusals_that_are_meant_are_advice() -> None:
    [meant] = judge_traffic([refused()], CONTRACT, refusals_meant=True, hint="see the guide")
    [other] = judge_traffic([refused()], CONTRACT, hint="see the guide")
    assert [(f.rule, f.level) for f in meant.findings] == [("request.valid", "advice")]
    assert (meant.status, other.status) == ("passed", "failed")
    assert not meant.findings[0].message.endswith("; see the guide")
    assert other.findings[0].message.endswith("; see the guide")
    valid = refused(INPUT, status=401, outcome="unauthenticated", credential="missing")
    [finding] = next(judge_traffic([valid], CONTRACT, refusals_meant=True, hint="x")).findings
    assert (finding.level, finding.message) == (
        "must", "sent no header Authorization: Bearer <token>",
    )  # fmt: skip


def test_a_hint_ends_only_the_finding_about_the_input() -> None:
    bad = refused(credential="missing")
    [result] = judge_traffic([bad], CONTRACT, hint="see the guide")
    hinted = {f.rule: f.message.endswith("; see the guide") for f in result.findings}
    assert hinted == {"request.auth": False, "request.valid": True}


def suite_of(outcome: TestOutcome, *, completes: bool = False) -> Suite:
    suite = Suite({"p": ((99.0, TestRun("test_bad", outcome)),)}, {FIRST.account: "p"})
    return suite.with_runs([call(received_at=101.0)]) if completes else suite


@pytest.mark.parametrize("outcome", ["invalid", "malformed", "forbidden", "unknown-model"])
def test_a_refusal_in_a_test_that_passed_is_meant(outcome: str) -> None:
    bad = refused(received_at=100.0, outcome=outcome)
    [result] = judge_traffic([bad], CONTRACT, suite=suite_of("passed"), hint="see the guide")
    assert (result.findings, result.status) == ((), "passed")
    assert result.reason == "its test passed: the refusal is meant"
    assert not [rule for rule in result.checked if rule.startswith("request.")]
    assert "security.token-leak" in result.checked
    assert judge_exchange(bad, [], CONTRACT, suite_of("passed")) == ()
    for suite in (suite_of("failed"), suite_of("running"), NO_SUITE):
        [result] = judge_traffic([bad], CONTRACT, suite=suite)
        assert [f.rule for f in result.findings] == ["request.valid"]
        assert result.reason == ""
        assert [f.rule for f in judge_exchange(bad, [], CONTRACT, suite)] == ["request.valid"]


def test_a_wrong_route_is_meant_only_in_a_test_that_completes_no_run() -> None:
    wrong = call(received_at=100.0, outcome="no-route", status=404, target="/nowhere")
    assert found(wrong, suite=suite_of("passed")) == []
    assert found(wrong, suite=suite_of("passed", completes=True)) == [("request.route", "must")]
    bad = refused(received_at=100.0)
    assert found(bad, suite=suite_of("passed", completes=True)) == []


def test_other_findings_stay_in_a_test_that_passed() -> None:
    leaked = refused(received_at=100.0, token_leaked=True)
    assert found(leaked, suite=suite_of("passed")) == [("security.token-leak", "must")]
    failed = call(received_at=100.0, status=500, outcome="fault", credential="missing")
    assert found(failed, suite=suite_of("passed")) == [("request.auth", "must")]


def test_only_the_rules_about_repetition_are_a_guess() -> None:
    bad = refused(received_at=100.0, token_leaked=True)
    [result] = judge_traffic([bad, replace(bad, received_at=100.5)], CONTRACT)
    assert {f.rule: (f.level, "is a guess" in f.message) for f in result.findings} == {
        "request.valid": ("must", False),
        "error.not-retried": ("advice", True),
        "security.token-leak": ("must", False),
    }
    retried = next(f for f in result.findings if f.rule == "error.not-retried")
    assert retried.message == (
        "repeated a call that was answered 400; that the calls belong to one run is a guess from "
        "the same account, token and body: no test borders are known"
    )


def test_the_second_repetition_is_charged_with_itself_alone() -> None:
    third = replace(AGAIN, number=3, received_at=101.0)
    assert [f.rule for f in judge_exchange(third, [FIRST, AGAIN], CONTRACT)] == [
        "error.not-retried"
    ]
    billed = replace(AGAIN, status=503, billed=True, outcome="fault")
    [finding] = judge_exchange(replace(third, status=200), [FIRST, billed], CONTRACT)
    assert finding.rule == "billing.paid-once"


def test_a_repetition_within_a_test_is_certain_for_one_exchange_too() -> None:
    [finding] = judge_exchange(AGAIN, [FIRST], CONTRACT, TESTED)
    assert (finding.rule, finding.level) == ("error.not-retried", "must")


def test_a_call_is_judged_by_the_contract_of_its_model() -> None:
    entry = {"model_id": "acme/x", "schema": {"input": {"maxProperties": 0}, "output": {}}}
    other = Contract.from_entry(entry)
    contracts = ContractSet((CONTRACT, other))
    body = b'{"model":"acme/x","input":{}}'
    seen = call(request_body=body)
    assert contract_of(seen, contracts) is other
    assert contract_of(seen, CONTRACT) is CONTRACT
    assert contract_of(call(request_body=b"{"), contracts) is CONTRACT
    assert contract_of(call(request_body=b'{"model":"none","input":1}'), contracts) is CONTRACT
    [result] = judge_traffic([seen], contracts)
    assert result.findings == ()
    assert judge_exchange(seen, [], contracts) == ()
    run = LinkedRun([seen], None)
    assert judge_run(run, "the run", contracts).status == "passed"
    assert judge_run(run, "the run", CONTRACT).status == "failed"
    assert judge_run(run, "the run", CONTRACT).name == "the run"
