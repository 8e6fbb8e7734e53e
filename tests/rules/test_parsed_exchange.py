"""A request body gives an input or a problem; a reply gives one verdict, by its bytes alone."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest
import sample_runs as sample

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.parsed_exchange import (
    BOM,
    NO_MEMBER,
    OTHER_HOST,
    OTHER_SUCCESS,
    STREAM,
    ReplyVerdict,
    SentInput,
    header,
    is_reported,
    is_uri,
    media_type,
    read_body,
    read_reply,
    read_request,
    result_key,
    same_value,
)

CALL = sample.exchange(1, sample.INPUT)
RUN = {"state": "Completed", "result": {"video": "https://x/a.mp4"}}
JSON = (("Content-Type", "application/json"),)
AWAY = f"https://x/elsewhere/{CALL.account}/a.mp4"


def replied(body: Any, status: int | None = 200, headers: Any = JSON) -> Exchange:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return replace(CALL, status=status, response_headers=headers, response_body=raw)


def failure(**error: Any) -> dict[str, Any]:
    return {"errors": [error], "success": False, "result": {}}


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (replied(RUN), ReplyVerdict("completed", "https://x/a.mp4")),
        (replied({"success": True, "result": RUN}), ReplyVerdict("completed", "https://x/a.mp4")),
        (replied({"result": RUN["result"]}), ReplyVerdict("completed", "https://x/a.mp4")),
        (replied(b"\xef\xbb\xbf" + json.dumps(RUN).encode()),
         ReplyVerdict("completed", "https://x/a.mp4", gray=BOM)),
        (replied(RUN, headers=()),
         ReplyVerdict("completed", "https://x/a.mp4",
                      gray="the content type of the reply is absent")),
        (replied({"state": "Completed", "result": {"video": "none"}}),
         ReplyVerdict("completed", "none", gray="the video is not a URL")),
        (replied({"state": "Running", "result": {}}),
         ReplyVerdict("unfinished", message="the state is Running, not Completed")),
        (replied({"result": {"video": AWAY}}), ReplyVerdict("completed", AWAY, gray=OTHER_HOST)),
        (replied({"state": "Running", "result": {"video": AWAY}}),
         ReplyVerdict("unfinished", AWAY, message="the state is Running, not Completed")),
        (replied([]), ReplyVerdict("malformed", message="the reply has no run")),
        (replied({"state": "Completed"}),
         ReplyVerdict("malformed", message="result is not an object")),
        (replied({"state": "Completed", "result": {}}),
         ReplyVerdict("malformed", message="result has no video")),
        (replied({"state": "Completed", "result": {"video": 7}}),
         ReplyVerdict("malformed", message="video is 7, not a string")),
        (replied(failure(code=2003, message="Rate limited"), 429),
         ReplyVerdict("refused", code=2003, message="Rate limited")),
        (replied({"error": [{"code": 1}]}, 400), ReplyVerdict("refused", code=1)),
        (replied(b"<html>", 502), ReplyVerdict("refused")),
        (replied({"errors": ["text"]}, 400), ReplyVerdict("refused")),
        (replied({}, 399, (("Location", "https://x"),)),
         ReplyVerdict("redirect", message="https://x")),
        (replied({}, 300, ()), ReplyVerdict("redirect")),
        (replied({}, 400, ()), ReplyVerdict("refused")),
        (replied(b"", None, ()),
         ReplyVerdict("cut", message="the connection ended without a reply")),
        (replied(b"{}", 200, (("Content-Length", "3"),)),
         ReplyVerdict("cut", message="the reply has 2 of 3 bytes")),
        (replied(RUN, headers=(*JSON, ("content-length", "many"))),
         ReplyVerdict("completed", "https://x/a.mp4")),
        (replied({}, 400, (("Content-Length", "3"),)),
         ReplyVerdict("cut", message="the reply has 2 of 3 bytes")),
        (replied(RUN, 202), ReplyVerdict("completed", "https://x/a.mp4", gray=OTHER_SUCCESS)),
        (replied(RUN, 299, ()),
         ReplyVerdict("completed", "https://x/a.mp4",
                      gray="the content type of the reply is absent")),
        (replied({"state": "Running"}, 202),
         ReplyVerdict("unfinished", message="the state is Running, not Completed")),
        (replied({"state": "Running", "result": {"video": "v"}}),
         ReplyVerdict("unfinished", "v", message="the state is Running, not Completed")),
        (replied(RUN, headers=(("content-type", "text/plain; a=b"),)),
         ReplyVerdict("completed", "https://x/a.mp4",
                      gray="the content type of the reply is text/plain; a=b")),
        (replied(b"\xef\xbb\xbf" + json.dumps(RUN).encode(), headers=()),
         ReplyVerdict("completed", "https://x/a.mp4",
                      gray="the content type of the reply is absent")),
        (replied({**RUN, "success": False}),
         ReplyVerdict("malformed", message="success is false")),
        (replied({**RUN, "success": True}), ReplyVerdict("completed", "https://x/a.mp4")),
        (replied({**RUN, "success": True, "state": "Running"}),
         ReplyVerdict("unfinished", "https://x/a.mp4",
                      message="the state is Running, not Completed")),
        (replied({"success": True}), ReplyVerdict("malformed", message="the reply has no run")),
        (replied({"state": "Completed", "video": "v"}),
         ReplyVerdict("completed", "v", gray="the video is not a URL")),
        (replied({"state": "Completed", "result": {"video": ["x" * 50]}}),
         ReplyVerdict("malformed", message=f'video is ["{"x" * 38}, not a string')),
        (replied({"errors": [], "error": [{"code": 1}]}, 400), ReplyVerdict("refused", code=1)),
        (replied({"errors": []}, 400), ReplyVerdict("refused")),
        (replied({"errors": {"code": 1}}, 400), ReplyVerdict("refused")),
        (replied({"errors": [{"message": 5}, {"code": 1}]}, 400),
         ReplyVerdict("refused", message="5")),
        (replied([{"code": 1}], 400), ReplyVerdict("refused")),
    ],
)  # fmt: skip
def test_a_reply_has_one_verdict(reply: Exchange, verdict: ReplyVerdict) -> None:
    assert read_reply(reply) == verdict


def test_a_reply_as_long_as_its_content_length_is_complete() -> None:
    body = json.dumps(RUN).encode()
    headers = (*JSON, ("Content-Length", str(len(body))))
    assert read_reply(replied(body, headers=headers)).kind == "completed"


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (b'{"model":"m","input":{"a":1}}', SentInput("m", {"a": 1})),
        (b'{"model":"m","input":{"a":1,"a":2}}', SentInput("m", {"a": 2}, ("a",))),
        (b'{"model":"m"}', SentInput("m", None, problem='the body has no "input"')),
        (b"[]", SentInput(None, None, problem="the body is not a JSON object")),
        (b'{"model":"m","input":1,"a":2,"input":1}', SentInput("m", 1, ("input",), beside=("a",))),
    ],
)
def test_a_request_gives_its_input_or_a_problem(body: bytes, sent: SentInput) -> None:
    assert read_request(replace(CALL, request_body=body)) == sent


def test_an_incomplete_request_is_not_parsed() -> None:
    cut = replace(CALL, request_complete=False)
    assert read_request(cut).problem == "the request body is incomplete"


def test_an_encoded_body_is_named_by_its_encoding() -> None:
    headers = (*CALL.request_headers, ("content-encoding", "gzip"))
    call = replace(CALL, request_headers=headers, request_body=gzip.compress(CALL.request_body))
    problem = "the body has the content encoding gzip; the documented one is plain JSON"
    assert read_request(call) == SentInput(None, None, problem=problem)
    plain = replace(CALL, request_headers=(*CALL.request_headers, ("content-encoding", "Identity")))
    assert read_request(plain) == read_request(CALL)


def test_the_binding_names_the_model_in_a_header() -> None:
    headers = (("cf-consn-model-id", "m"),)
    call = replace(
        CALL, surface="binding", request_headers=headers, request_body=b'{"model":"x","inputs":{}}'
    )
    assert read_request(call) == SentInput("m", {}, beside=("model",))


def test_a_header_is_the_first_of_its_name() -> None:
    call = replace(CALL, request_headers=(("a", "1"), ("b", "2"), ("b", "3")))
    assert (header(call, "b"), header(call, "c")) == ("2", None)


@pytest.mark.parametrize(
    ("target", "body", "sent"),
    [
        ("/ai/run/@cf/a/b", b'[{"a":1,"a":2}]', SentInput("@cf/a/b", [{"a": 2}], ("a",))),
        ("/ai/run", b'[{"a":1}]', SentInput(None, None, problem="the body is not a JSON object")),
    ],
)
def test_a_model_in_the_path_makes_the_body_the_input(
    target: str, body: bytes, sent: SentInput
) -> None:
    assert read_body("rest", target, "other", body) == sent


def test_a_path_names_no_model_on_the_binding() -> None:
    no_inputs = SentInput("m", None, problem='the body has no "inputs"')
    assert read_body("binding", "/ai/run/@cf/a/b", "m", b'{"input":{}}') == no_inputs


def test_a_body_that_is_not_json_says_where() -> None:
    sent = read_body("rest", "/ai/run", None, b"{")
    assert sent.problem.startswith("the body is not JSON: line 1 column 2")
    assert (sent.model, sent.input) == (None, None)
    assert read_reply(replied(b"{")).message.startswith("the reply is not JSON: line 1 column 2")


@pytest.mark.parametrize(
    ("text", "valid"),
    [("https://x/a", True), ("data:,", True), ("a", False), ("a:", False), ("a:b c", False)],
)
def test_a_uri_has_a_scheme_and_no_white_space(text: str, valid: bool) -> None:
    assert is_uri(text) == valid


def test_a_media_type_has_no_parameters() -> None:
    assert media_type("Application/JSON ; charset=utf-8") == "application/json"


def contract_with(output: Any, **entry: Any) -> Contract:
    schemas = {"input": {"type": "object"}, "output": output}
    return Contract.from_entry({"model_id": "acme/x", "schema": schemas, **entry})


def of(name: str, **rules: Any) -> Any:
    return {"type": "object", "properties": {name: {"type": "string", **rules}}, "required": [name]}


TASK = {"type": "object", "properties": {"task": {"type": "object"}}, "required": ["task"]}
BYTES = {"type": "string", "format": "binary", "contentType": "audio/mpeg"}


@pytest.mark.parametrize(
    ("output", "body", "result"),
    [
        (of("text"), {"state": "Completed", "result": {"text": "a"}}, "a"),
        (of("text"), {"text": "a"}, "a"),
        (of("image", format="uri"), {"result": {"image": "https://x/a.png"}}, "https://x/a.png"),
        (TASK, {"task": {"id": "1"}, "gatewayMetadata": {}}, {"task": {"id": "1"}}),
        ({"type": "array"}, {"state": "Completed", "result": ["a", "b"]}, ["a", "b"]),
        ({"type": "array"}, ["a"], ["a"]),
        ({"type": "string"}, {"state": "Completed", "result": "a"}, "a"),
    ],
)
def test_a_result_of_any_kind_is_read(output: Any, body: Any, result: Any) -> None:
    contract = contract_with(output)
    for sent in (body, {"success": True, "errors": [], "messages": [], "result": body}):
        reply = read_reply(replied(sent), contract)
        assert (reply.kind, reply.result) == ("completed", result)
        assert is_reported(result, reply)
        assert is_reported(body, reply)
        assert not is_reported("other", reply)


def test_a_result_that_the_output_schema_forbids_is_malformed() -> None:
    assert read_reply(replied({"task": 1}), contract_with(TASK)).kind == "malformed"
    assert read_reply(replied({"result": {}}), contract_with(of("text"))).kind == "malformed"


def test_an_open_output_schema_allows_no_invalid_result() -> None:
    contract = contract_with({"type": ["object", "array"], "not": {"required": ["bad"]}})
    no_part = "no part of the reply fits the output schema"
    for body, verdict in (
        ({"state": "Completed", "result": {"bad": 1}}, ReplyVerdict("malformed", message=no_part)),
        ({"result": {"bad": 1}}, ReplyVerdict("completed", {"result": {"bad": 1}})),
        ({"state": "Queued"}, ReplyVerdict("completed", {"state": "Queued"})),
        ({"state": "Queued", "result": 1},
         ReplyVerdict("unfinished", message="the state is Queued, not Completed")),
        ({"state": "Queued", "result": {"a": 1}},
         ReplyVerdict("unfinished", message="the state is Queued, not Completed")),
    ):  # fmt: skip
        reply = read_reply(replied(body), contract)
        assert (reply, reply.whole) == (verdict, verdict.result)


def test_a_result_without_a_member_that_is_not_required_is_gray() -> None:
    contract = contract_with({"type": "object", "properties": {"text": {"type": "string"}}})
    bare = read_reply(replied({"other": 1}), contract)
    assert bare == ReplyVerdict("completed", {"other": 1}, gray=NO_MEMBER)
    assert is_reported({"other": 1}, bare)
    assert is_reported({"result": {"other": 1}}, bare)
    run = {"state": "Completed", "result": {"text": "a", "other": 1}}
    reply = read_reply(replied(run, headers=()), contract)
    assert reply.gray == "the content type of the reply is absent"
    assert (reply.result, reply.whole) == ("a", run["result"])


def test_a_member_that_is_no_text_is_read_as_it_is() -> None:
    output = {"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]}
    reply = read_reply(replied({"score": 1.5}), contract_with(output))
    assert reply == ReplyVerdict("completed", 1.5)


@pytest.mark.parametrize(
    ("report", "reported"),
    [
        ("https://x/a.mp4", True),
        (RUN["result"], True),
        (RUN, True),
        ({**RUN, "gatewayMetadata": {}}, True),
        ({"success": True, "result": RUN}, True),
        ({"video": "https://x/b.mp4"}, False),
        (None, False),
    ],
)
def test_a_report_may_be_any_part_of_the_reply_that_holds_the_result(
    report: Any, reported: bool
) -> None:
    assert is_reported(report, read_reply(replied(RUN))) is reported


def test_nothing_is_not_the_result_of_a_refusal() -> None:
    assert not is_reported({}, ReplyVerdict("refused"))


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [(1, 1.0, True), (1, True, False), (True, 1, False), (True, True, True), ("a", "b", False)],
)
def test_a_boolean_is_no_number(left: Any, right: Any, same: bool) -> None:
    assert same_value(left, right) is same


def test_the_key_of_a_result_is_its_text_or_its_json() -> None:
    assert [result_key(value) for value in ("a", ["a"], None)] == ["a", '["a"]', "null"]


def test_a_binary_result_is_reported_in_base64() -> None:
    headers = (("Content-Type", "audio/wav"),)
    reply = read_reply(replied(b"RIFF", headers=headers), contract_with(BYTES))
    assert (reply.kind, reply.result) == ("completed", "UklGRg==")
    assert read_reply(replied(b"RIFF", headers=headers)).kind == "malformed"


def test_a_json_reply_of_a_binary_model_is_read_as_json() -> None:
    of_json = contract_with({"type": "string", "format": "binary", "contentType": "application/x"})
    assert read_reply(replied(b'"' + b'a"'), of_json).result == "a"
    zipped = replied(b"PK", headers=(("content-type", "application/zip"),))
    assert read_reply(zipped, of_json).result == "UEs="


STREAMED = (("Content-Type", "text/event-stream; charset=utf-8"),)


def test_a_stream_may_be_reported_in_any_form() -> None:
    reply = read_reply(replied(b"data: \xff\n\n", headers=STREAMED))
    assert reply == ReplyVerdict("completed", "data: \ufffd\n\n", gray=STREAM)
    other = contract_with({"type": "string", "format": "binary", "contentType": "text/plain"})
    plain = replied(b'"a"', headers=(("content-type", "text/html"),))
    assert read_reply(plain, other).gray == "the content type of the reply is text/html"


def test_a_stream_that_stops_is_malformed() -> None:
    reply = read_reply(replied(b"data: 1", headers=STREAMED))
    stopped = "the stream of events stops inside an event"
    assert reply == ReplyVerdict("malformed", message=stopped)
