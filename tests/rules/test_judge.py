"""The judge, for each rule: evidence that breaks it alone, and evidence that keeps it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from json_messages import without_parser_words
from sample_evidence import (
    ELSEWHERE,
    ERROR,
    INPUT,
    LIMITED,
    REDIRECT,
    REPLY,
    RESULT,
    TWICE,
    VIDEO,
    bare,
    body,
    evidence,
    exchange,
    refused,
    replied,
    violating,
)
from sample_traffic import CONTRACT, EXAMPLE, VIOLATING

from aleph_contract.cases import DoubtKind
from aleph_contract.core.outcome import Outcome, ReportedError
from aleph_contract.rules import MAX_TRIES, RULES
from aleph_contract.rules.checks import CHECKS
from aleph_contract.rules.evidence import Evidence
from aleph_contract.rules.judge import judge

MESSAGES = Path(__file__).with_name("messages.txt")

#: A rule, and evidence that breaks this rule alone.
BREAKS: list[tuple[str, Evidence]] = [
    ("request.route", evidence(refused(method="PUT", status=405), outcome=ERROR)),
    ("request.route", evidence(refused(outcome="no-route", status=404), outcome=ERROR)),
    (
        "request.route",
        evidence(outcome=Outcome("error", error=ReportedError("refused", stage="transport"))),
    ),
    (
        "request.route",
        evidence(outcome=Outcome("error", error=ReportedError("no route", stage="api"))),
    ),
    ("request.auth", evidence(refused(credential="missing", status=401), outcome=ERROR)),
    ("request.auth", evidence(refused(credential="refused", status=401), outcome=ERROR)),
    ("request.content-type", evidence(refused(request_headers=()), outcome=ERROR)),
    (
        "request.content-type",
        evidence(refused(request_headers=(("content-type", "text/plain"),)), outcome=ERROR),
    ),
    ("request.model", evidence(refused(request_body=body(INPUT, model="x")), outcome=ERROR)),
    ("request.valid", evidence(refused(request_body=b"{"), outcome=ERROR)),
    ("request.faithful", evidence(exchange(EXAMPLE.input))),
    ("request.faithful", evidence(exchange({**INPUT, "seed": 1}))),
    (
        "request.faithful",
        evidence(exchange(request_body=body(INPUT).replace(b'"seed"', b'"seed": 1, "seed"'))),
    ),
    ("request.faithful", violating(refused({**VIOLATING, "seed": -2}))),
    ("request.once", evidence(exchange(), exchange(number=2))),
    ("request.once", evidence()),
    (
        "boundary.accepted",
        evidence(outcome=Outcome("error", error=ReportedError("too long", stage="client"))),
    ),
    ("boundary.accepted", evidence(outcome=Outcome("stuck", reason="no report in 1 s"))),
    ("boundary.not-repaired", violating(exchange({**INPUT, "seed": 1}), outcome=RESULT)),
    ("boundary.refusal-surfaced", violating(refused(VIOLATING), outcome=RESULT)),
    ("boundary.refusal-surfaced", violating(outcome=RESULT)),
    (
        "boundary.refusal-surfaced",
        violating(refused(VIOLATING), outcome=Outcome("crashed", reason="exit 1")),
    ),
    ("boundary.refused-locally", violating(refused(VIOLATING), require_local_validation=True)),
    ("response.result", evidence(exchange(), outcome=Outcome("result", result=VIDEO + "#"))),
    ("response.result", evidence(exchange(), outcome=ERROR)),
    ("response.result", evidence(exchange(), outcome=Outcome("result", result=None))),
    ("response.state", evidence(replied({"state": "Running", "result": {"video": VIDEO}}))),
    ("response.malformed", evidence(replied(bare()))),
    ("response.malformed", evidence(replied(bare(video=None)))),
    ("response.malformed", evidence(replied(bare(video=7)))),
    ("response.malformed", evidence(replied({"state": "Completed", "result": None}))),
    ("response.malformed", evidence(replied(b"<html>", "text/html"))),
    ("response.malformed", evidence(replied(b""))),
    ("response.malformed", evidence(replied(REPLY[:-1]))),
    (
        "response.malformed",
        evidence(exchange(response_headers=(("Content-Length", str(len(REPLY) + 1)),))),
    ),
    ("error.surfaced", evidence(refused(status=500))),
    ("error.surfaced", evidence(exchange(status=None, response_body=b"", outcome="cut"))),
    ("error.surfaced", evidence(refused(), outcome=Outcome("stuck", reason="no report"))),
    (
        "error.identified",
        evidence(refused(), outcome=Outcome("error", error=ReportedError("it failed"))),
    ),
    ("error.not-retried", evidence(refused(status=401), refused(status=401), outcome=ERROR)),
    ("error.not-retried", evidence(refused(status=422), exchange(number=2))),
    ("billing.paid-once", evidence(*TWICE)),
    (
        "billing.result-awaited",
        evidence(exchange(status=None, outcome="cut", elapsed=60.0), outcome=ERROR),
    ),
    ("billing.paid-once", evidence(exchange(status=None, outcome="cut"), exchange(number=2))),
    ("error.bounded", evidence(*[refused(status=429)] * (MAX_TRIES + 1), outcome=ERROR)),
    ("error.bounded", evidence(LIMITED, exchange(received_at=1.0))),
    ("security.token-host", evidence(REDIRECT, ELSEWHERE)),
    ("request.envelope", evidence(exchange(request_body=body(INPUT, stream=True)))),
    ("request.envelope", evidence(exchange(target="/client/v4/accounts/a/ai/run?wait=1"))),
    ("security.token-leak", evidence(exchange(token_leaked=True))),
    ("security.token-leak", evidence(exchange(), leaks=("its error message",))),
    (
        "concurrency.no-crosstalk",
        evidence(
            exchange(),
            outcome=Outcome("result", result="https://x/2"),
            other_results={"https://x/2": "concurrency/02"},
        ),
    ),
]

#: Evidence of correct clients, in all the ways in which they may differ.
KEEPS: list[Evidence] = [
    evidence(exchange()),
    evidence(exchange(request_body=json.dumps({"input": INPUT, "model": CONTRACT.model}).encode())),
    evidence(exchange(request_body=body(INPUT).replace(b'"seed": 0', b'"seed": 0.0'))),
    evidence(exchange(request_body=body(INPUT).replace(b"Transform", b"\\u0054ransform"))),
    evidence(exchange(request_headers=(("content-type", "Application/JSON; charset=utf-8"),))),
    evidence(replied({"success": True, "errors": [], "messages": [], "result": EXAMPLE.reply})),
    evidence(replied({**EXAMPLE.reply, "new": 1})),
    evidence(replied(b"\xef\xbb\xbf" + REPLY), outcome=ERROR),
    evidence(replied(b"\xef\xbb\xbf" + REPLY)),
    evidence(replied({"state": "Running", "result": {}}), outcome=ERROR),
    evidence(exchange(status=None, outcome="cut", billed=True), outcome=ERROR),
    evidence(exchange(elapsed=138.0)),
    evidence(refused(status=429), refused(status=429), exchange(number=3)),
    evidence(LIMITED, exchange(received_at=2.0)),
    evidence(
        outcome=Outcome("error", error=ReportedError("timed out", stage="transport")), fault="hang"
    ),
    evidence(replied(bare()), outcome=ERROR),
    evidence(REDIRECT, outcome=ERROR),
    evidence(REDIRECT, replace(ELSEWHERE, credential="missing", status=401), outcome=ERROR),
    violating(),
    violating(require_local_validation=True),
    violating(refused(VIOLATING)),
    evidence(exchange(), outcome=None, polarity=None, intended=None),
]


@pytest.mark.parametrize(("rule", "broken"), BREAKS, ids=[rule for rule, _ in BREAKS])
def test_evidence_of_a_mistake_breaks_one_rule_alone(rule: str, broken: Evidence) -> None:
    findings = judge(broken).findings
    assert [f.rule for f in findings] == [rule], findings
    assert findings[0].level == RULES[rule].level


def test_each_mistake_has_its_own_message() -> None:
    """`messages.txt` has the message of each entry of `BREAKS`, in order."""
    found = [f"{f.rule}: {f.message}" for _, seen in BREAKS for f in judge(seen).findings]
    assert list(map(without_parser_words, found)) == MESSAGES.read_text().splitlines()


@pytest.mark.parametrize("kept", KEEPS)
def test_a_good_client_breaks_no_rule(kept: Evidence) -> None:
    judgement = judge(kept)
    assert judgement.findings == ()
    assert judgement.checked


def test_every_rule_has_one_check_and_evidence_that_breaks_it() -> None:
    assert list(CHECKS) == list(RULES)
    assert {rule for rule, _ in BREAKS} == set(RULES)


def test_every_rule_is_kept_by_some_good_client_that_could_have_broken_it() -> None:
    examined = {rule for kept in KEEPS for rule in judge(kept).checked}
    local = {"concurrency.no-crosstalk"}
    assert examined | local >= set(RULES)


#: The rules that each kind of doubt excuses; every other rule keeps its level.
EXCUSED = {
    "acceptance": {"boundary.accepted", "boundary.refused-locally"},
    "carriage": {
        "boundary.accepted",
        "boundary.refused-locally",
        "request.valid",
        "request.faithful",
        "boundary.not-repaired",
    },
}


@pytest.mark.parametrize("kind", ["acceptance", "carriage"])
@pytest.mark.parametrize(("rule", "broken"), BREAKS, ids=[rule for rule, _ in BREAKS])
def test_a_doubt_excuses_only_what_it_is_about(
    rule: str, broken: Evidence, kind: DoubtKind
) -> None:
    level = "advice" if rule in EXCUSED[kind] else RULES[rule].level
    findings = judge(replace(broken, doubt=kind)).findings
    assert {(f.rule, f.level) for f in findings} == {(rule, level)}


@pytest.mark.parametrize(("rule", "broken"), BREAKS, ids=[rule for rule, _ in BREAKS])
def test_findings_about_the_other_profile_are_advice(rule: str, broken: Evidence) -> None:
    findings = judge(replace(broken, advice=True)).findings
    assert {(f.rule, f.level) for f in findings} == {(rule, "advice")}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"target": "/client/v4/accounts/a/ai/run?token=REDACTED"}, "the URL"),
        ({"request_headers": (("user-agent", "cli/REDACTED"),)}, "the header user-agent"),
        ({"request_headers": (("REDACTED", "x"),)}, "the name of a header"),
        ({"request_headers": (("authorization", "Bearer REDACTED"),)}, "the body"),
    ],
)
def test_a_leaked_token_is_reported_with_its_place(changes: Any, place: str) -> None:
    leaked = exchange(token_leaked=True, **changes)
    messages = [f.message for f in judge(evidence(leaked)).findings]
    assert f"put the token into {place}" in messages


def test_a_missing_header_of_an_incomplete_request_is_not_a_finding() -> None:
    broken = refused(request_body=b"", request_complete=False, request_headers=())
    assert {f.rule for f in judge(evidence(broken, outcome=ERROR)).findings} == {"request.valid"}
    other = replace(broken, request_headers=(("content-type", "text/plain"),))
    assert "request.content-type" in {f.rule for f in judge(evidence(other)).findings}


@pytest.mark.parametrize("content_type", ["text/html", "", "text/plain; charset=utf-8"])
def test_a_usable_reply_of_another_content_type_is_advice(content_type: str) -> None:
    """Many clients ignore the content type, and their result is right."""
    (finding,) = judge(evidence(replied(EXAMPLE.reply, content_type))).findings
    assert (finding.rule, finding.level) == ("response.malformed", "advice")


def test_a_finding_has_the_cost_of_all_calls() -> None:
    (finding,) = judge(evidence(exchange(), exchange(number=2))).findings
    assert finding.cost == Decimal("3.36")
