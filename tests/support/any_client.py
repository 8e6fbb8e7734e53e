"""A client of any model: it returns the whole result, and checks it by the output schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from aleph_contract.contract import Contract
from aleph_contract.contract.event_streams import defect
from aleph_contract.contract.result_shape import shape_of
from aleph_contract.contract.validate import validator_for

#: What a Python adapter is.
Call = Callable[..., Any]

HTTP = httpx.Client(trust_env=False, timeout=30)


def client_of(contract: Contract, change: Callable[[Any], Any] = lambda result: result) -> Call:
    """A client of the model.

    Args:
        contract: The contract of the model.
        change: What a broken client does to the result, or to the error instead of a result.
    """
    is_valid = validator_for(contract.output_schema).is_valid

    def call(given: Any, *, base_url: str, account_id: str, api_token: str) -> Any:
        path = f"{base_url}/accounts/{account_id}/ai/run"
        path += f"/{contract.model}" if contract.in_path else ""
        body = given if contract.in_path else {"model": contract.model, "input": given}
        headers = {"authorization": f"Bearer {api_token}", "content-type": "application/json"}
        reply = HTTP.post(path, content=json.dumps(body).encode(), headers=headers)
        if reply.status_code != httpx.codes.OK:
            raise RuntimeError(f"status {reply.status_code}: {reply.text}")
        return change(_result(reply, contract, is_valid))

    return call


def _result(reply: httpx.Response, contract: Contract, is_valid: Callable[[Any], bool]) -> Any:
    kind = reply.headers["content-type"].partition(";")[0]
    if kind == "text/event-stream":
        if problem := defect(reply.text):
            raise ValueError(problem)
        return reply.text
    binary = {name.partition("/")[0] for name in shape_of(contract).binary} - {"text"}
    if kind.partition("/")[0] in binary:
        return reply.content
    if kind != "application/json":
        raise ValueError(f"unexpected content type {kind}")
    run = reply.json()
    if isinstance(run, dict) and "success" in run:
        run = run["result"] if run["success"] else None
    if isinstance(run, dict) and "result" in run:
        if run.get("state", "Completed") != "Completed":
            raise ValueError(f"the state is {run['state']}")
        run = run["result"]
    if not is_valid(run):
        raise ValueError(f"the result does not fit the output schema: {run!r}")
    return run
