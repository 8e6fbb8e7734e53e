"""A client of a model with a result of any kind is judged by the output schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from aleph_contract.contract import Contract
from aleph_contract.core.results import Verification
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.verify.runner import verify_client
from aleph_contract.verify.settings import Settings
from fake_server.replies.faults import FAULTS
from fake_server.replies.successes import Replies


def one(name: str, **rules: Any) -> Any:
    return {"type": "object", "properties": {name: rules}, "required": [name]}


URI = {"type": "string", "format": "uri"}
OUTPUTS = {
    "image": one("image", **URI),
    "audio": one("audio", type="string"),
    "text": one("text", type="string"),
    "task": one("task", **one("url", **URI)),
    "array": {"type": "array", "items": URI, "minItems": 1},
}


def contract_of(output: Any) -> Contract:
    given = {"type": "object", "properties": {"seed": {"type": "integer", "minimum": 0}}}
    schemas = {"input": given | {"additionalProperties": False}, "output": output}
    return Contract.from_entry({"model_id": "acme/x", "schema": schemas})


def send(given: Any, *, base_url: str, account_id: str, api_token: str) -> Any:
    """A client that returns the whole result."""
    headers = {"Authorization": f"Bearer {api_token}", "Content-Type": "application/json"}
    data = json.dumps({"model": "acme/x", "input": given}).encode()
    request = Request(f"{base_url}/accounts/{account_id}/ai/run", data, headers)  # noqa: S310 - the fake
    try:
        with urlopen(request) as reply:  # noqa: S310 - the fake
            return json.load(reply)["result"]
    except HTTPError as refused:
        with refused:
            raise RuntimeError(refused.read().decode()) from None


def primary(given: Any, **account: Any) -> Any:
    """A client that returns the only member of the result."""
    result = send(given, **account)
    return next(iter(result.values())) if isinstance(result, dict) else result


def changed(given: Any, **account: Any) -> Any:
    """A client that changes the text of the result."""
    return json.loads(json.dumps(send(given, **account)).replace("-", "_"))


def verified(client: Callable[..., Any], output: Any) -> Verification:
    settings = Settings(run=("boundary/seed/*",))
    return verify_client(PythonDriver(client), contract_of(output), settings)


@pytest.mark.parametrize("kind", OUTPUTS)
def test_a_client_that_returns_the_whole_result_conforms(kind: str) -> None:
    assert verified(send, OUTPUTS[kind]).exit_code == 0


@pytest.mark.parametrize("kind", ["image", "audio", "text"])
def test_a_client_that_returns_the_primary_member_conforms(kind: str) -> None:
    assert verified(primary, OUTPUTS[kind]).exit_code == 0


@pytest.mark.parametrize("kind", OUTPUTS)
def test_a_client_that_changes_the_result_is_caught(kind: str) -> None:
    found = verified(changed, OUTPUTS[kind])
    rules = {finding.rule for result in found.results for finding in result.broken}
    assert rules == {"response.result"}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_each_fault_reshapes_a_reply_of_any_kind(kind: str) -> None:
    bare = json.loads(Replies(contract_of(OUTPUTS[kind])).body({}, b"http://127.0.0.1/"))
    for reply in (bare, bare["result"]):
        for fault in FAULTS.values():
            if fault.reshape is not None:
                json.dumps(fault.reshape(reply))
