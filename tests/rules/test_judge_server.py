"""The judge of a server: for each rule, exchanges that break it alone or keep it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from json_messages import without_parser_words

from aleph_contract.cases import cases
from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.server import SERVER_CHECKS, judge_server
from aleph_contract.rules.server_table import SERVER_RULES

CONTRACT = Contract.load()
MESSAGES = Path(__file__).with_name("server_messages.txt")
EXAMPLE = CONTRACT.examples[0]
REPLY = json.dumps(EXAMPLE.reply).encode()
WRAPPED = json.dumps(
    {"result": dict(EXAMPLE.reply), "success": True, "errors": [], "messages": []}
).encode()
REFUSAL = json.dumps(
    {"errors": [{"message": "Invalid value at seed", "code": 7003}], "success": False}
).encode()
JSON = (("content-type", "application/json"),)
RUN = f"/client/v4/accounts/{'a' * 32}/ai/run"
VIOLATING = {**EXAMPLE.input, "seed": -1}
GRAY = {**EXAMPLE.input, "prompt": " "}


def body(given: Any = EXAMPLE.input, **changes: Any) -> bytes:
    return json.dumps({"model": CONTRACT.model, "input": given, **changes}).encode()


def exchange(**changes: Any) -> Exchange:
    """A valid run and its documented reply, with changes."""
    seen = Exchange(
        number=1,
        account="a" * 32,
        surface="rest",
        method="POST",
        target=RUN,
        request_headers=JSON,
        request_body=body(),
        request_complete=True,
        credential="accepted",
        status=200,
        response_headers=JSON,
        response_body=REPLY,
        outcome="completed",
    )
    return replace(seen, **changes)


def refused(status: int = 400, **changes: Any) -> Exchange:
    return exchange(status=status, response_body=REFUSAL, outcome="invalid", **changes)


HTML = {"response_headers": (("content-type", "text/html"),), "response_body": b"<html></html>"}

#: (rule, the exchange that breaks it and no other rule)
BROKEN = [
    ("server.accepts", refused()),
    ("server.accepts", refused(404)),
    ("server.refuses", exchange(request_body=body(VIOLATING))),
    ("server.refuses", exchange(request_body=b'{"model":"runwayml/aleph-2"}')),
    ("server.refuses", exchange(request_body=body("text"))),
    ("server.reply-shape", exchange(response_body=b'{"state":"Completed"}')),
    ("server.reply-shape", exchange(response_body=b'{"state":"Completed","result":{}}')),
    ("server.reply-shape", exchange(response_body=b'{"state":"Completed","result":{"video":7}}')),
    ("server.reply-shape", exchange(response_body=b'{"video":"https://a.example/v.mp4"}')),
    ("server.reply-shape", exchange(response_body=b'{"success":false,"result":null}')),
    ("server.reply-shape", exchange(response_body=b"")),
    ("server.error-shape", refused(request_body=body(VIOLATING))),
    ("server.content-type", exchange(response_headers=(("content-type", "text/plain"),))),
    ("server.content-type", exchange(response_headers=())),
    ("server.no-5xx", exchange(status=500, **HTML)),
    ("server.no-5xx", exchange(status=None, response_headers=(), response_body=b"")),
    ("server.no-5xx", exchange(method="PUT", status=500, **HTML)),
    ("server.auth", exchange(credential="missing")),
    ("server.auth", exchange(credential="refused")),
    ("server.route", exchange(target="/client/v4/accounts/a/ai/walk")),
    ("server.route", exchange(target=RUN + "/runwayml/aleph-2")),
    ("server.route", exchange(method="PUT")),
    ("server.model", exchange(request_body=body(model="runwayml/aleph-3"))),
    ("server.model", exchange(request_body=json.dumps({"input": dict(EXAMPLE.input)}).encode())),
    ("server.json", exchange(request_body=b"{")),
    ("server.json", exchange(request_body=b"")),
    ("server.json", exchange(request_body=b"[]")),
]
BROKEN = [
    (
        rule,
        replace(seen, response_body=b'{"detail":"bad"}') if rule == "server.error-shape" else seen,
    )
    for rule, seen in BROKEN
]


#: A run that costs 1.68 USD by the contract, and what the server takes for a call.
PAID = exchange(billed=True, billed_seconds=Decimal(5), cost=Decimal("1.680"))
CHARGED = {
    "more than the price": (PAID, "1.69"),
    "a refusal": (refused(request_body=body(VIOLATING)), "0.336"),
}


@pytest.mark.parametrize("name", CHARGED)
def test_a_server_that_takes_too_much_breaks_its_rule_alone(name: str) -> None:
    seen, charged = CHARGED[name]
    findings = judge_server(seen, charged=Decimal(charged)).findings
    assert [(f.rule, f.level) for f in findings] == [("server.bill", "must")]


def test_a_lawful_charge_and_an_unknown_one_break_nothing() -> None:
    for charged in ("1.68", "1.6800000000000002", "0"):
        judgement = judge_server(PAID, charged=Decimal(charged))
        assert judgement.findings == ()
        assert "server.bill" in judgement.checked
    unpriced = replace(PAID, billed_seconds=None, cost=Decimal(0))
    for judgement in (judge_server(PAID), judge_server(unpriced, charged=Decimal(9))):
        assert "server.bill" not in judgement.checked


@pytest.mark.parametrize(("rule", "seen"), BROKEN)
def test_a_rule_is_broken_alone(rule: str, seen: Exchange) -> None:
    findings = judge_server(seen, checks_token=True).findings
    assert [(f.rule, f.level) for f in findings] == [(rule, "must")]


def test_every_rule_has_a_check_and_an_exchange_that_breaks_it() -> None:
    assert list(SERVER_CHECKS) == list(SERVER_RULES)
    assert {rule for rule, _ in BROKEN} | {"server.bill"} == set(SERVER_RULES)


def test_each_fault_of_a_server_has_its_own_message() -> None:
    """`server_messages.txt` has the messages of `BROKEN`, `ADVICE` and `CHARGED`, in order."""
    judged = [judge_server(seen, checks_token=True) for _, seen in BROKEN]
    judged += [judge_server(seen) for _, seen in ADVICE]
    judged += [judge_server(seen, charged=Decimal(taken)) for seen, taken in CHARGED.values()]
    found = [f"{f.rule}: {f.message}" for judgement in judged for f in judgement.findings]
    assert list(map(without_parser_words, found)) == MESSAGES.read_text().splitlines()


KEPT = [
    exchange(),
    exchange(response_body=WRAPPED),
    exchange(status=202),
    exchange(response_headers=(("Content-Type", "application/json; charset=utf-8"),)),
    refused(request_body=body(VIOLATING)),
    refused(422, request_body=body(VIOLATING)),
    refused(404, target="/client/v4/"),
    refused(405, method="GET", request_body=b""),
    exchange(status=501, method="PUT", **HTML),
    refused(404, request_body=body(model="x")),
    refused(400, request_body=b"{"),
    refused(401, credential="missing"),
    exchange(status=403, credential="refused", **HTML),
]


@pytest.mark.parametrize("seen", KEPT)
def test_a_lawful_exchange_breaks_nothing(seen: Exchange) -> None:
    judgement = judge_server(seen, checks_token=True)
    assert judgement.findings == ()
    assert judgement.checked


#: Exchanges on which servers may differ: (rule, exchange).
ADVICE = [
    ("server.accepts", refused(request_body=body(GRAY))),
    ("server.error-shape", exchange(status=404, target="/nowhere", **HTML)),
    ("server.error-shape", exchange(status=400, request_body=b"{", **HTML)),
    ("server.json", exchange(request_headers=(("content-type", "text/plain"),))),
    ("server.reply-shape", exchange(response_body=b'{"state":"Running","result":{}}')),
]


@pytest.mark.parametrize(("rule", "seen"), ADVICE)
def test_what_no_source_decides_is_advice(rule: str, seen: Exchange) -> None:
    assert [(f.rule, f.level) for f in judge_server(seen).findings] == [(rule, "advice")]


@pytest.mark.parametrize("status", [401, 402, 403, 429])
def test_a_refused_caller_says_nothing_about_the_input(status: int) -> None:
    for given in (EXAMPLE.input, VIOLATING):
        checked = judge_server(refused(status, request_body=body(given))).checked
        assert not {"server.accepts", "server.refuses"} & set(checked)


@pytest.mark.parametrize(("status", "code"), [(400, 2005), (422, 2017), (424, 2029), (400, 2001)])
def test_a_refusal_for_another_reason_says_nothing_about_the_input(status: int, code: int) -> None:
    reply = json.dumps({"errors": [{"code": code, "message": "no"}], "success": False}).encode()
    for given in (EXAMPLE.input, VIOLATING):
        seen = replace(refused(status, request_body=body(given)), response_body=reply)
        judgement = judge_server(seen)
        assert judgement.findings == ()
        assert not {"server.accepts", "server.refuses"} & set(judgement.checked)


def test_another_surface_and_its_own_forms_are_examined() -> None:
    """The rules that an exchange may break, by the class of its reply and by its request."""
    told = {"server.content-type", "server.no-5xx"}
    nothing = {"response_headers": (), "response_body": b""}
    for seen, rules in (
        (exchange(), {"server.accepts", "server.reply-shape", *told}),
        (refused(), {"server.accepts", "server.error-shape", *told}),
        (refused(401), {"server.error-shape", *told}),
        (refused(403), told),
        (refused(429), told),
        (exchange(status=500), told),
        (exchange(status=302), told),
        (exchange(status=None, **nothing), {"server.no-5xx"}),
        (exchange(status=500, **nothing), {"server.no-5xx"}),
        (exchange(request_body=body(VIOLATING)), {"server.refuses", *told}),
        (exchange(credential="refused"), {"server.auth", *told}),
        (refused(401, credential="refused"), {"server.auth", "server.error-shape", *told}),
        (refused(403, credential="missing"), {"server.auth", *told}),
        (refused(429, credential="missing"), told),
        (refused(401, request_body=body(model="x")), {"server.error-shape", *told}),
        (refused(404, surface="binding", target="/x"), {"server.route", *told}),
        (refused(400, surface="binding", target="/run", request_body=b"{"),
         {"server.json", "server.error-shape", *told}),
        (exchange(response_body=b'"text"'), {"server.accepts", "server.reply-shape",
                                             "server.no-5xx"}),
    ):  # fmt: skip
        assert set(judge_server(seen, checks_token=True).checked) == rules, seen


def test_the_first_status_of_a_class_belongs_to_it() -> None:
    for status, verdict in ((199, None), (200, ""), (299, ""), (300, None), (399, None)):
        checked = judge_server(exchange(status=status)).checked
        assert ("server.accepts" in checked) is (verdict == "")
    assert "server.accepts" in judge_server(refused(499)).checked


def test_a_refusal_is_told_with_its_code_and_message() -> None:
    for reply, words in (
        ({"errors": [{"code": 0, "message": ""}]}, "400 0"),
        ({"errors": [{"message": "no"}]}, "400, no"),
        ({}, "400"),
    ):
        seen = exchange(status=400, response_body=json.dumps(reply).encode(), outcome="invalid")
        messages = {f.rule: f.message for f in judge_server(seen).findings}
        assert messages["server.accepts"] == f"refused a valid input: {words}"


def test_a_finding_about_a_server_has_the_cost_of_the_call() -> None:
    (finding,) = judge_server(PAID, charged=Decimal(2)).findings
    assert finding.cost == Decimal("1.680")


def test_a_method_that_is_not_implemented_is_no_failure_of_the_server() -> None:
    for method, status, broken in (("PUT", 501, False), ("POST", 501, True), ("PUT", 500, True)):
        seen = exchange(method=method, status=status, **HTML)
        assert ("server.no-5xx" in {f.rule for f in judge_server(seen).findings}) is broken


def test_an_incomplete_request_leaves_the_rest_undecided() -> None:
    broken = exchange(request_complete=False, status=500, **HTML)
    assert [(f.rule, f.level) for f in judge_server(broken).findings] == [
        ("server.no-5xx", "advice")
    ]
    refusal = exchange(request_complete=False, status=400, **HTML)
    assert [(f.rule, f.level) for f in judge_server(refusal).findings] == [
        ("server.error-shape", "advice")
    ]


def test_a_gray_reply_and_a_gray_input_are_advice_for_their_rules_alone() -> None:
    marked = exchange(response_body=b'\xef\xbb\xbf{"video":"https://a.example/v.mp4"}')
    assert [(f.rule, f.level) for f in judge_server(marked).findings] == [
        ("server.reply-shape", "advice")
    ]
    gray = exchange(request_body=body(GRAY), response_body=b"{}")
    assert [(f.rule, f.level) for f in judge_server(gray).findings] == [
        ("server.reply-shape", "must")
    ]


def test_a_label_is_the_last_header_of_its_name_in_any_case() -> None:
    seen = exchange(response_headers=(("CONTENT-TYPE", "text/plain"), *JSON))
    assert judge_server(seen).findings == ()


@pytest.mark.parametrize(
    ("changes", "charged", "broken"),
    [
        ({}, "1.68000168", False),
        ({}, "1.69", True),
        ({"status": 500}, "1.69", True),
        ({"status": 429}, "0", False),
        ({"status": 429}, "0.01", True),
        ({"status": 402}, "9", True),
        ({"status": 402, "billed": False}, "9", False),
        ({"billed_seconds": None}, "9", False),
        ({"cost": Decimal(0)}, "9", False),
    ],
)
def test_the_bill_of_a_call(changes: dict[str, Any], charged: str, broken: bool) -> None:
    findings = judge_server(replace(PAID, **changes), charged=Decimal(charged)).findings
    assert ("server.bill" in {f.rule for f in findings}) is broken


def test_the_case_states_the_input_of_a_garbled_request() -> None:
    garbage = refused(request_body=b"{", method="GET")
    valid = next(case for case in cases() if case.portable and case.polarity == "valid")
    gray = next(case for case in cases() if case.doubt and case.polarity == "valid")
    for case, level in ((valid, "must"), (gray, "advice")):
        findings = judge_server(garbage, case).findings
        assert [(f.rule, f.level) for f in findings] == [("server.accepts", level)]
    doubtful = next(case for case in cases() if case.doubt and case.polarity == "violating")
    findings = judge_server(exchange(), doubtful).findings
    assert [(f.rule, f.level) for f in findings] == [("server.refuses", "advice")]


def test_auth_is_examined_only_where_the_server_is_said_to_check_tokens() -> None:
    assert "server.auth" not in judge_server(exchange(credential="missing")).checked


def test_the_binding_needs_the_bare_reply_and_the_exact_content_type() -> None:
    called = exchange(
        surface="binding",
        target="/run?version=3",
        credential="none",
        request_headers=(*JSON, ("cf-consn-model-id", CONTRACT.model)),
        request_body=json.dumps({"inputs": dict(EXAMPLE.input)}).encode(),
    )
    charset = (("content-type", "application/json; charset=utf-8"),)
    assert judge_server(called).findings == ()
    wrapped = judge_server(replace(called, response_body=WRAPPED)).findings
    assert [f.rule for f in wrapped] == ["server.reply-shape"]
    labelled = judge_server(replace(called, response_headers=charset)).findings
    assert [f.rule for f in labelled] == ["server.content-type"]


def test_the_request_alone_tells_the_same_as_the_case() -> None:
    chosen = [c for c in cases() if c.portable and c.kind != "example"]
    assert len(chosen) > 400
    for case in chosen:
        for reply in (exchange, refused):
            seen = reply(request_body=body(case.input))
            assert judge_server(seen) == judge_server(seen, case), case.name
