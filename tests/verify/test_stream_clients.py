"""A client of a chat model is judged on streams that stop before their end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from aleph_contract.contract import Contract
from aleph_contract.contract.event_streams import completed, defect, written
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.verify.runner import verify_client
from aleph_contract.verify.settings import Settings
from fake_server.replies.stream_faults import STREAM_FAULTS

CATALOG = Path(__file__).parents[2] / "fixtures/catalog"

#: A model of the provider's own, in the form of its chat models.
OWN = {
    "name": "@cf/acme/chat",
    "properties": [],
    "task": {"name": "Text Generation"},
    "schema": {
        "input": {
            "type": "object",
            "properties": {"prompt": {"type": "string"}, "stream": {"type": "boolean"}},
            "required": ["prompt"],
        },
        "output": {
            "oneOf": [
                {"type": "object", "properties": {"response": {"type": "string"}}},
                {"type": "string", "contentType": "text/event-stream", "format": "binary"},
            ]
        },
    },
}
CHATS = (
    Contract.load(CATALOG / "anthropic-claude-haiku-4.5.json"),
    Contract.from_entry(OWN),
)


def _events(given: Any, base_url: str, account_id: str, api_token: str) -> tuple[list[str], bool]:
    """The data of each complete event, and whether the last one was seen."""
    model = MODELS[0]
    path = f"{base_url}/accounts/{account_id}/ai/run" + (f"/{model.model}" if model.in_path else "")
    body = given if model.in_path else {"model": model.model, "input": given}
    headers = {"Authorization": f"Bearer {api_token}"}
    found: list[str] = []
    with httpx.stream("POST", path, json=body, headers=headers) as reply:
        if reply.headers["content-type"] != "text/event-stream":
            raise ValueError(f"no stream: {reply.read()!r}")
        if not reply.is_success:
            raise ValueError(f"status {reply.status_code}: {reply.read()!r}")
        lines = reply.iter_lines()
        found += [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return found, found[-1:] == ["[DONE]"] or '"message_stop"' in found[-1]


def careful(given: Any, *, base_url: str, account_id: str, api_token: str) -> str:
    """A client that requires the last event, and JSON in all others."""
    found, ended = _events(given, base_url, account_id, api_token)
    if not ended:
        raise ValueError("the stream stopped before its end")
    return "".join(str(json.loads(data)) for data in found if data != "[DONE]")


def partial(given: Any, *, base_url: str, account_id: str, api_token: str) -> str:
    """A client that takes the text so far for the result."""
    return "".join(_events(given, base_url, account_id, api_token)[0])


def hopeful(given: Any, *, base_url: str, account_id: str, api_token: str) -> str:
    """A client that takes a connection that closes for the end of a stream."""
    try:
        return "".join(_events(given, base_url, account_id, api_token)[0])
    except httpx.RemoteProtocolError:
        return "so far"


MODELS: list[Contract] = []


@pytest.fixture(params=CHATS, ids=lambda contract: contract.model)
def contract(request: pytest.FixtureRequest) -> Contract:
    MODELS[:] = [request.param]
    return MODELS[0]


def broken(client: Callable[..., Any], contract: Contract) -> dict[str, set[str]]:
    """The must rules and the advice that a client breaks, by fault."""
    run = tuple(f"fault/{fault.name}/once" for fault in STREAM_FAULTS)
    found = verify_client(PythonDriver(client), contract, Settings(run=run))
    assert {result.status for result in found.results} <= {"passed", "failed"}
    return {r.fault or "": {f.rule for f in r.findings} for r in found.results}


def test_a_client_that_requires_the_last_event_is_not_accused(contract: Contract) -> None:
    assert broken(careful, contract) == {fault.name: set() for fault in STREAM_FAULTS}


def test_a_client_that_returns_the_text_so_far_is_caught(contract: Contract) -> None:
    found = broken(partial, contract)
    assert found["stream-without-end"] == found["stream-half-event"] == {"response.malformed"}
    assert found["stream-cut"] == set()


def test_a_client_that_takes_a_closed_connection_for_the_end_is_caught(contract: Contract) -> None:
    assert broken(hopeful, contract)["stream-cut"] == {"response.malformed"}


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        ("", "no events"),
        ("data: {}\n\n", ""),
        ('data: {"candidates":[]}\n\n', ""),
        ('data: {"response":"a"}\n\n', "no [DONE]"),
        ('data: {"response":"a"}\r\n\r\ndata: [DONE]\r\n\r\n', ""),
        ('data: {"response":"a"}\n\ndata: [DONE]', "inside an event"),
        ('event: message_start\ndata: {"type":"message_start"}\n\n', "no message_stop"),
        (written(completed([{"type": "message_start"}])).decode(), ""),
        (written(completed([{"choices": []}])).decode(), ""),
    ],
)
def test_the_end_of_a_stream(stream: str, problem: str) -> None:
    assert problem in defect(stream)
    assert bool(problem) is bool(defect(stream))
