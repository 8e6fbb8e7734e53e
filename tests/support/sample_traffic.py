"""Recorded calls of one account, as the fake records them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange

CONTRACT = Contract.load()
EXAMPLE = CONTRACT.examples[0]
INPUT = dict(EXAMPLE.input)
VIOLATING = INPUT | {"seed": -1}


def call(given: Any = None, **changes: Any) -> Exchange:
    """A conformant call and its completed reply, with changes."""
    sent = {"model": CONTRACT.model, "input": INPUT if given is None else given}
    made = Exchange(
        number=1,
        account="a" * 32,
        surface="rest",
        method="POST",
        target=f"/client/v4/accounts/{'a' * 32}/ai/run",
        request_headers=(("content-type", "application/json"),),
        request_body=json.dumps(sent).encode(),
        request_complete=True,
        credential="accepted",
        status=200,
        response_headers=(("content-type", "application/json"),),
        response_body=json.dumps(EXAMPLE.reply).encode(),
        outcome="completed",
        token_fingerprint="one",
    )
    return replace(made, **changes)


def on_binding(given: Any = None, **changes: Any) -> Exchange:
    """The same call by `env.AI` of a Worker."""
    made = call(
        surface="binding",
        target="/run",
        credential="none",
        request_headers=(
            ("content-type", "application/json"),
            ("cf-consn-model-id", CONTRACT.model),
        ),
        request_body=json.dumps({"inputs": INPUT if given is None else given}).encode(),
    )
    return replace(made, **changes)


def refused(given: Any = None, status: int = 400, **changes: Any) -> Exchange:
    """A call with a violating input, and its refusal."""
    error = {"errors": [{"code": 7003, "message": "Invalid value at seed"}], "success": False}
    refusal = {
        "status": status,
        "outcome": "invalid",
        "response_body": json.dumps(error).encode(),
    }
    return call(VIOLATING if given is None else given, **{**refusal, **changes})
