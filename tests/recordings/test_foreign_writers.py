"""Recordings of other tools: no finding for parts that they left out, cut or added themselves."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from har_recorder import entry
from sample_traffic import CONTRACT, EXAMPLE, INPUT

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.results import Verification
from aleph_contract.verify.recorded_traffic import judge_recordings

yaml: Any = import_module("yaml")  # PyYAML ships no types

URL = f"https://api.cloudflare.com/client/v4/accounts/{'a' * 32}/ai/run"
SENT = {"Authorization": "Bearer Zt0ken-of-forty-characters", "Content-Type": "application/json"}
TYPE = (("Content-Type", "application/json"),)
BODY = json.dumps({"model": CONTRACT.model, "input": INPUT})
REPLY = json.dumps(EXAMPLE.reply)


def call(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"status": 200, "received": TYPE, "reply": REPLY.encode()} | changes
    method, url, sent = (
        given.pop(n, v) for n, v in (("method", "POST"), ("url", URL), ("sent", SENT))
    )
    return entry(method, url, sent, given.pop("body", BODY.encode()), **given)


def har(tmp_path: Path, *entries: Any) -> Verification:
    path = tmp_path / "a.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    return judge_recordings([path], ContractSet.of())


def cassette(tmp_path: Path, request: Any, response: Any) -> Verification:
    path = tmp_path / "a.yaml"
    asked = {"method": "POST", "uri": URL, "body": BODY, "headers": SENT} | request
    path.write_text(yaml.safe_dump({"interactions": [{"request": asked, "response": response}]}))
    return judge_recordings([path], ContractSet.of())


def broken(found: Verification) -> list[str]:
    return [finding.rule for result in found.results for finding in result.findings]


def test_the_preflight_of_a_browser_is_no_call_of_the_client(tmp_path: Path) -> None:
    sent = {"Access-Control-Request-Method": "POST", "Origin": "http://localhost:3000"}
    asked = call(method="OPTIONS", sent=sent, body=b"", status=204, received=(), reply=b"")
    found = har(tmp_path, asked, call())
    assert (found.exit_code, broken(found), len(found.results)) == (0, [], 1)
    assert any("OPTIONS (the preflight of a browser) (1)" in note for note in found.notes)
    own = call(method="OPTIONS", sent=SENT, status=204, received=(), reply=b"")
    assert "request.route" in broken(har(tmp_path, own, call()))


@pytest.mark.parametrize(
    ("model", "status", "judged"),
    [
        ("openai/gpt-5", 200, False),
        ("openai/gpt-5", 429, False),
        ("openai/gpt-5", 404, True),
        ("runwayml/gen-4.5", 200, False),
        ("runwayml/aleph", 200, True),
        ("runwayml/Aleph-2", 200, True),
    ],
)
def test_a_call_of_a_model_without_a_contract_is_counted(
    model: str, status: int, judged: bool, tmp_path: Path
) -> None:
    body = json.dumps({"model": model, "input": {"messages": []}}).encode()
    found = har(tmp_path, call(body=body, status=status, reply=b"{}"), call())
    assert ("request.model" in broken(found)) is judged
    note = f"calls of other models, which are judged only with --contract: {model} (1)"
    assert (note in found.notes) is not judged


def test_a_body_that_a_browser_dropped_is_not_judged(tmp_path: Path) -> None:
    dropped = call()
    dropped["response"]["content"] = {"size": 0, "mimeType": "application/json"}
    found = har(tmp_path, dropped)
    assert (found.exit_code, broken(found)) == (0, [])
    assert any("the response body is not in the recording" in note for note in found.notes)
    dropped["response"]["bodySize"] = 0
    assert "server.reply-shape" in broken(har(tmp_path, dropped))


def test_a_body_in_a_file_beside_the_har_file_is_not_judged(tmp_path: Path) -> None:
    attached = call()
    attached["request"]["postData"] = {"text": "", "mimeType": "application/json", "_file": "a"}
    attached["response"]["content"] = {"size": 90, "mimeType": "application/json", "_file": "b"}
    found = har(tmp_path, attached)
    assert (found.exit_code, broken(found)) == (0, [])


REPLIED = {"status": {"code": 200}, "headers": dict(TYPE), "body": {"string": REPLY}}


@pytest.mark.parametrize(
    ("request_changes", "response"),
    [
        ({"body": None}, REPLIED),
        ({"headers": {}}, REPLIED),
        ({}, {**REPLIED, "headers": {}}),
        ({}, {"status_code": 200, "headers": dict(TYPE), "content": REPLY}),
    ],
    ids=["body removed", "headers removed", "reply without headers", "httpx before vcrpy 7"],
)
def test_what_a_hook_removed_from_a_cassette_is_not_judged(
    request_changes: Any, response: Any, tmp_path: Path
) -> None:
    found = cassette(tmp_path, request_changes, response)
    assert (found.trouble, found.exit_code, broken(found)) == ((), 0, [])


def test_an_empty_body_in_a_cassette_is_judged(tmp_path: Path) -> None:
    empty = {"body": None, "headers": {**SENT, "Content-Length": "0"}}
    assert "request.valid" in broken(cassette(tmp_path, empty, REPLIED))
