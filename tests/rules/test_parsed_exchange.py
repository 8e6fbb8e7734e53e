"""A request body gives an input or a problem; a reply gives one verdict, by its bytes alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import sample_runs as sample

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.parsed_exchange import (
    BOM,
    STREAM,
    ReplyVerdict,
    SentInput,
    is_reported,
    is_uri,
    media_type,
    read_reply,
    read_request,
)

CALL = sample.exchange(1, sample.INPUT)
RUN = {"state": "Completed", "result": {"video": "https://x/a.mp4"}}
JSON = (("Content-Type", "application/json"),)


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
    ],
)
def test_a_request_gives_its_input_or_a_problem(body: bytes, sent: SentInput) -> None:
    assert read_request(replace(CALL, request_body=body)) == sent


def test_an_incomplete_request_is_not_parsed() -> None:
    cut = replace(CALL, request_complete=False)
    assert read_request(cut).problem == "the request body is incomplete"


def test_the_binding_names_the_model_in_a_header() -> None:
    headers = (("cf-consn-model-id", "m"),)
    call = replace(
        CALL, surface="binding", request_headers=headers, request_body=b'{"model":"x","inputs":{}}'
    )
    assert read_request(call) == SentInput("m", {}, beside=("model",))


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


def test_a_binary_result_is_reported_in_base64() -> None:
    headers = (("Content-Type", "audio/wav"),)
    reply = read_reply(replied(b"RIFF", headers=headers), contract_with(BYTES))
    assert (reply.kind, reply.result) == ("completed", "UklGRg==")
    assert read_reply(replied(b"RIFF", headers=headers)).kind == "malformed"


def test_a_stream_may_be_reported_in_any_form() -> None:
    headers = (("Content-Type", "text/event-stream"),)
    assert read_reply(replied(b"data: 1\n\n", headers=headers)).gray == STREAM
