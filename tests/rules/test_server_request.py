"""How the judge of a server reads requests and replies: polarity, doubts, missing parts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sample_traffic import CONTRACT, INPUT, VIOLATING, call, on_binding

from aleph_contract.cases import cases
from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.server import judge_server
from aleph_contract.rules.server_request import (
    asked,
    doubt_about,
    error_problem,
    gray_reply,
    reply_problem,
)

BINDING = on_binding()
IN_PATH = Contract.from_entry(
    {
        "name": "@cf/acme/x",
        "properties": [],
        "schema": {
            "input": {"type": ["object", "array"], "properties": {"n": {"maximum": 1}}},
            "output": True,
        },
    }
)
NAMED = call(target="/accounts/a/ai/run/@cf/acme/x", request_body=b"{}")


def with_body(value: Any, seen: Exchange | None = None) -> Exchange:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return replace(seen or call(), request_body=raw)


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        (call(), "valid"),
        (call(VIOLATING), "violating"),
        (call(request_complete=False), "unknown"),
        (call(method="GET"), "route"),
        (call(target="/accounts/a/ai/run?x=/y"), "valid"),
        (call(target="/accounts/a/ai/run/"), "route"),
        (call(target="/accounts/a/ai/run/more"), "route"),
        (call(target="/accounts/a/b/ai/run"), "route"),
        (call(target="/accounts/a/ai/runs"), "route"),
        (call(credential="missing"), "auth"),
        (call(credential="refused"), "auth"),
        (call(request_headers=()), "content-type"),
        (call(request_headers=(("content-type", "text/plain"),)), "content-type"),
        (with_body(b"{"), "json"),
        (with_body([]), "json"),
        (with_body({"model": "x", "input": INPUT}), "model"),
        (with_body({"input": INPUT}), "model"),
        (with_body({"model": CONTRACT.model}), "violating"),
        (with_body({"model": CONTRACT.model, "inputs": INPUT}), "violating"),
        (BINDING, "valid"),
        (replace(BINDING, target="/ai-gateway/run"), "valid"),
        (replace(BINDING, target="/ai-gateway/run/more"), "route"),
        (replace(BINDING, target="/other"), "route"),
        (with_body({"inputs": VIOLATING}, BINDING), "violating"),
        (with_body({"input": INPUT}, BINDING), "violating"),
        (with_body([], BINDING), "json"),
        (replace(BINDING, request_headers=BINDING.request_headers[:1]), "model"),
    ],
)
def test_what_a_request_asks(seen: Exchange, what: str) -> None:
    assert asked(seen, None, CONTRACT) == what


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        (NAMED, "valid"),
        (with_body([], NAMED), "valid"),
        (with_body(1, NAMED), "violating"),
        (with_body({"n": 2}, NAMED), "violating"),
        (replace(NAMED, target="/accounts/a/ai/run"), "route"),
        (replace(NAMED, target="/accounts/a/ai/run/@cf/acme/y"), "model"),
        (with_body({"inputs": {}}, replace(
            BINDING, request_headers=(*BINDING.request_headers[:1],
                                      ("cf-consn-model-id", "@cf/acme/x")))), "valid"),
        (with_body([], BINDING), "json"),
    ],
)  # fmt: skip
def test_what_a_request_asks_of_a_model_in_the_path(seen: Exchange, what: str) -> None:
    assert asked(seen, None, IN_PATH) == what


def test_a_case_says_itself_what_it_asks_and_what_is_in_doubt() -> None:
    doubtful = next(case for case in cases() if case.doubt)
    certain = next(case for case in cases() if not case.doubt and case.polarity == "violating")
    garbage = call(request_body=b"{", method="GET")
    assert asked(garbage, certain, CONTRACT) == "violating"
    assert doubt_about(garbage, certain, CONTRACT) is None
    assert doubtful.doubt
    assert doubt_about(garbage, doubtful, CONTRACT) == doubtful.doubt.kind


BLANK = {**INPUT, "prompt": " "}


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (call(), None),
        (call(BLANK), "acceptance"),
        (with_body(b"{"), None),
        (with_body(b'{"model":"m","model":"m"}'), "carriage"),
        (with_body({"model": " ", "input": INPUT}), None),
        (with_body([]), None),
        (with_body([" "]), "acceptance"),
        (with_body({"inputs": BLANK}, BINDING), "acceptance"),
        (with_body({"input": BLANK}, BINDING), None),
        (with_body({"inputs": INPUT}, BINDING), None),
    ],
)
def test_the_doubt_about_a_request(seen: Exchange, kind: str | None) -> None:
    assert doubt_about(seen, None, CONTRACT) == kind


def test_the_doubt_about_a_model_in_the_path_is_about_the_whole_body() -> None:
    assert doubt_about(with_body({"a": " "}, NAMED), None, IN_PATH) == "acceptance"
    assert doubt_about(with_body({"input": {}, "a": " "}, NAMED), None, IN_PATH) == "acceptance"
    assert doubt_about(with_body({"inputs": {}, "a": " "}, BINDING), None, IN_PATH) is None


RESULT = {"video": "https://a.example/v.mp4"}
RUN = {"state": "Completed", "result": RESULT}
SCHEMA = "the result breaks the output schema: "


def replying(value: Any, seen: Exchange | None = None) -> Exchange:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return replace(seen or call(), response_body=raw)


@pytest.mark.parametrize(
    ("seen", "problem"),
    [
        (replying(RUN), ""),
        (replying(b"\xef\xbb\xbf" + json.dumps(RUN).encode()), ""),
        (replying({"success": True, "result": RUN}), ""),
        (replying({"success": False, "result": RUN}),
         "success is not true in a reply with a 2xx"),
        (replying({"success": None, **RUN}), ""),
        (replying({"success": True}), "the reply has no state"),
        (replying({"success": True, "result": RUN}, BINDING),
         "the reply is wrapped in the REST envelope"),
        (replying(RUN, BINDING), ""),
        (replying([]), "the reply has no state"),
        (replying(RESULT), "the reply has no state"),
        (replying({"state": "Running", "result": RESULT}),
         "the state is Running, not Completed"),
        (replying({"state": "Completed"}), "the reply has no result"),
        (call(response_headers=(("content-length", "999"),), response_body=b"{}"),
         "the reply has 2 of 999 bytes"),
    ],
)  # fmt: skip
def test_what_a_successful_reply_lacks(seen: Exchange, problem: str) -> None:
    assert reply_problem(seen, CONTRACT) == problem


def test_a_reply_is_checked_by_its_output_schema() -> None:
    assert reply_problem(replying(b"{"), CONTRACT).startswith("the reply is not JSON: line 1")
    broken = reply_problem(replying({"state": "Completed", "result": {"video": 7}}), CONTRACT)
    assert broken == f"{SCHEMA}video must be a string, not 7"


def model_with(output: Any, *replies: Any) -> Contract:
    examples = [{"name": "one", "input": {}, "raw_response": reply} for reply in replies]
    schemas = {"input": {"type": "object"}, "output": output}
    return Contract.from_entry({"model_id": "m", "schema": schemas, "examples": examples})


def test_a_model_whose_examples_have_no_state_needs_none() -> None:
    array = {"type": "array"}
    bare = model_with(array, [1])
    assert reply_problem(replying([1]), bare) == ""
    assert reply_problem(replying({"state": "Completed", "result": [1]}), bare) == ""
    assert reply_problem(replying({}), bare).startswith(SCHEMA)
    assert reply_problem(replying([1]), model_with(array)) == ""
    mixed = model_with(array, [1], {"state": "Completed", "result": [1]})
    assert reply_problem(replying([1]), mixed) == ""
    assert reply_problem(replying({"a": 1}), model_with({"type": "object"}, {"a": 2})) == ""
    always = model_with(array, {"state": "Completed", "result": [1]})
    assert reply_problem(replying([1]), always) == "the reply has no state"


def test_a_gray_reply_is_read_by_the_contract_of_its_model() -> None:
    always = model_with({"type": "array"}, {"state": "Completed", "result": [1]})
    raw = json.dumps({"model": "m", "input": {}}).encode()
    marked = replying(b"\xef\xbb\xbf[1]", call(request_body=raw))
    assert gray_reply(marked, always)
    (finding,) = judge_server(marked, None, always).findings
    assert (finding.rule, finding.level) == ("server.reply-shape", "advice")


@pytest.mark.parametrize(
    ("reply", "gray"),
    [
        (RUN, False),
        ({"state": "Running", "result": {}}, True),
        (b"\xef\xbb\xbf" + json.dumps(RUN).encode(), True),
        (b"{", False),
    ],
)
def test_a_gray_reply(reply: Any, gray: bool) -> None:
    assert gray_reply(replying(reply), CONTRACT) is gray


ONE = {"code": 1, "message": "no"}


@pytest.mark.parametrize(
    ("seen", "problem"),
    [
        (replying({"errors": [ONE]}), ""),
        (replying({"error": [ONE]}), 'the refusal has no "errors" list'),
        (replying({"error": [ONE]}, BINDING), ""),
        (replying({"errors": [ONE]}, BINDING), 'the refusal has no "error" list'),
        (replying(b"<html>"), "the refusal is not JSON"),
        (replying([ONE]), 'the refusal has no "errors" list'),
        (replying({"errors": []}), 'the refusal has no "errors" list'),
        (replying({"errors": {"0": ONE}}), 'the refusal has no "errors" list'),
        (replying({"errors": ["no"]}), 'the refusal has no "errors" list'),
        (replying({"errors": [{"code": 0, "message": ""}]}), "the error has no message"),
        (replying({"errors": [{"message": "no"}]}), "the error has no code"),
        (replying({"errors": [{"code": None}, ONE]}), "the error has no code and no message"),
    ],
)
def test_what_a_refusal_lacks(seen: Exchange, problem: str) -> None:
    assert error_problem(seen) == problem
