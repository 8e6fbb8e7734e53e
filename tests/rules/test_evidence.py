"""The evidence of a case: which of its exchanges count, and what the client made of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sample_evidence import (
    ELSEWHERE,
    ERROR,
    INPUT,
    REDIRECT,
    VIDEO,
    bare,
    evidence,
    exchange,
    refused,
    replied,
    violating,
)
from sample_traffic import CONTRACT, VIOLATING

from aleph_contract.contract import Contract
from aleph_contract.core.outcome import Outcome, ReportedError
from aleph_contract.rules.evidence import Evidence
from aleph_contract.rules.parsed_exchange import SentInput, read_request

BESIDE = exchange(method="GET", target="/client/v4/accounts", cost=Decimal(1))


def sent(value: object) -> SentInput:
    return SentInput(CONTRACT.model, value)


def test_the_violations_of_an_input_are_told_in_one_line() -> None:
    seen = evidence()
    assert seen.violations(sent(INPUT)) == ""
    assert seen.violations(sent({**VIOLATING, "prompt": 1})) == (
        "prompt must be a string, not 1; seed must be at least 0, not -1"
    )


def test_an_input_is_judged_by_the_contract_of_the_evidence() -> None:
    entry = {"model_id": "acme/x", "schema": {"input": {"maxProperties": 1}, "output": {}}}
    seen = replace(violating(), contract=Contract.from_entry(entry))
    assert seen.violations(sent({"seed": -1})) == ""
    assert seen.repaired(sent({"seed": -1}))
    assert seen.violations(sent(INPUT)) == "the input must have at most 1 member, not 3"
    assert not seen.repaired(sent(INPUT))


@pytest.mark.parametrize(
    ("given", "repaired"),
    [
        (read_request(exchange()), True),
        (read_request(exchange(VIOLATING)), False),
        (SentInput(None, INPUT, problem="the body is not JSON"), False),
    ],
)
def test_a_violating_input_that_is_sent_as_a_valid_one_is_repaired(
    given: SentInput, repaired: bool
) -> None:
    assert violating().repaired(given) is repaired
    assert not evidence().repaired(given)


def test_calls_to_other_routes_count_only_for_the_cost() -> None:
    seen = evidence(BESIDE, exchange(), ELSEWHERE)
    assert (seen.run_exchanges, seen.calls) == ((exchange(), ELSEWHERE), (exchange(),))
    assert seen.cost == Decimal("4.36")


def test_a_body_that_a_fault_broke_off_was_not_sent() -> None:
    cut = exchange(request_complete=False)
    wrong = exchange(outcome="no-route")
    seen = evidence(cut, replace(cut, fault="hang"), exchange(method="PUT"), wrong, exchange())
    assert [body.problem for body in seen.sent] == ["the request body is incomplete", ""]
    assert len(seen.posts) == 3


def test_the_target_of_a_redirect_answers_only_after_a_redirect() -> None:
    page = replace(ELSEWHERE, status=404)
    assert evidence(REDIRECT, page).last_status == 404
    assert evidence(refused(), page).last_status == 400
    assert evidence(replace(REDIRECT, status=None), page).last_status is None
    assert evidence(replace(REDIRECT, status=400), page).last_status == 400
    assert evidence(replace(REDIRECT, status=300), page).last_status == 404
    assert evidence(page).last_status == 404
    assert evidence().last_status is None
    assert evidence().last_reply is None


@pytest.mark.parametrize(
    ("outcome", "missing", "ended"),
    [
        (Outcome("stuck", reason="no report"), "no report", True),
        (Outcome("crashed"), "crashed", True),
        (ERROR, "", False),
        (None, "", False),
    ],
)
def test_a_client_that_ended_without_a_report(
    outcome: Outcome | None, missing: str, ended: bool
) -> None:
    seen = evidence(outcome=outcome)
    assert seen.missing_report == missing
    words = f"ended without a report; an error is right: {missing}" if ended else ""
    assert seen.ended_without_report() == words


def test_only_an_error_of_a_request_that_never_arrived_is_astray() -> None:
    error = ReportedError("no route", stage="transport")
    lost = Outcome("error", error=error)
    assert evidence(outcome=lost).sent_astray == error
    assert evidence(BESIDE, outcome=lost).sent_astray == error
    assert evidence(exchange(), outcome=lost).sent_astray is None
    assert evidence(outcome=None).sent_astray is None
    assert evidence().sent_astray is None
    local = Outcome("error", error=replace(error, stage="client"))
    assert evidence(outcome=local).sent_astray is None


def swapped(result: object, *, own: str = VIDEO) -> str | None:
    others = {"https://x/2": "the second", '{"a":1}': "the third"}
    call = replied(bare(video=own))
    outcome = Outcome("result", result=result)
    return Evidence(CONTRACT, outcome, (call,), other_results=others).swapped_with


def test_a_result_of_another_run_is_recognised_in_any_form() -> None:
    assert swapped("https://x/2") == "the second"
    assert swapped({"result": "https://x/2"}) == "the second"
    assert swapped({"a": 1}) == "the third"
    assert swapped("https://x/2", own="https://x/2") is None
    assert swapped("https://x/9") is None
    assert swapped(None) is None
    assert Evidence(CONTRACT, None, ()).swapped_with is None
