"""The calls of a server verification, in the order in which they are sent.

Refusals should cost nothing, so every call that must be refused comes before the valid ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from aleph_contract.cases import Case, cases
from aleph_contract.contract import Contract
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.verify.plans import billable_input
from aleph_contract.verify.server.call import (
    PlannedCall,
    case_call,
    run_body,
    run_headers,
    run_path,
)
from aleph_contract.verify.server.last_items import last_items
from aleph_contract.verify.server.spending import shortened
from aleph_contract.verify.server.target import Target

#: The phases in the order in which they are sent.
PHASES = ("envelope", "violating", "valid")

_EXPECTATION = {
    "violating": "refuses the input with a 4xx, and runs nothing",
    "valid": "accepts the input, and answers with a result",
}


def plan(
    target: Target,
    contract: Contract,
    *,
    seed: int = 0,
    max_examples: int = 0,
    shorten: bool = False,
) -> tuple[PlannedCall, ...]:
    """Every call of a verification: envelope probes, violating inputs, then valid ones.

    Args:
        target: The server.
        contract: The contract that it is judged by.
        seed: Seed of the drawn inputs.
        max_examples: Number of drawn inputs of each polarity.
        shorten: Whether to bill each case for as few seconds as what it probes allows.
    """
    violating, valid = _cases(contract, seed, max_examples)
    ordered: Iterable[Case] = [*_portable_first(violating), *_portable_first(valid)]
    if shorten:
        ordered = shortened(ordered, contract)
    return (*envelope(target, contract), *(_call(target, contract, case) for case in ordered))


@lru_cache(maxsize=16)
def _cases(
    contract: Contract, seed: int, max_examples: int
) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    """The violating and the valid cases; built once for several servers."""
    known = cases(contract)
    violating = [c for c in known if c.polarity == "violating"]
    valid = [c for c in known if c.polarity == "valid"]
    violating += last_items(contract)
    if max_examples:
        from aleph_contract.verify.server.drawn import drawn

        violating += drawn(contract, "violating", seed, max_examples)
        valid += drawn(contract, "valid", seed, max_examples)
    return tuple(violating), tuple(valid)


def _portable_first(found: Iterable[Case]) -> list[Case]:
    return sorted(found, key=lambda case: not case.portable)


def _call(target: Target, contract: Contract, case: Case) -> PlannedCall:
    expectation = _EXPECTATION[case.polarity]
    if case.doubt:
        expectation = f"{case.note} A server may accept or refuse it."
    return case_call(target, contract, case, phase=case.polarity, expectation=expectation)


def envelope(target: Target, contract: Contract) -> Iterator[PlannedCall]:
    """Requests that are wrong around the input: route, method, token, body, model."""
    given = billable_input(contract)
    right = PlannedCall(
        name="envelope/",
        phase="envelope",
        expectation="refuses the request with a 4xx, and runs nothing",
        path=run_path(target, contract),
        headers=run_headers(target, contract),
        body=run_body(target, contract, dumps(given)),
        input=given,
        credential="accepted" if target.surface == "rest" else "none",
    )
    for name, changes in _probes(target, contract, right):
        yield replace(right, name=f"envelope/{name}", **changes)


def _probes(
    target: Target, contract: Contract, right: PlannedCall
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and changed fields of each envelope probe."""
    whole = {name: value for name, value in right.headers if name != "content-type"}
    yield "broken-json", {"body": right.body[:-1]}
    yield "empty-body", {"body": b""}
    yield "not-an-object", {"body": b'"text"'}
    yield (
        "content-type",
        {"headers": (*whole.items(), ("content-type", "text/plain"))},
    )
    yield "method", {"method": "PUT"}
    yield "route", {"path": right.path.replace("/run", "/no-such-route", 1)}
    if not (target.surface == "rest" and contract.in_path):
        yield "no-input", {"body": _without(right.body, {"input", "inputs"}), "input": None}
        yield "input-is-text", {"body": run_body(target, contract, '"text"'), "input": "text"}
        yield "input-is-null", {"body": run_body(target, contract, "null"), "input": None}
    yield from _model_probes(target, contract, right)
    if target.checks_token and target.surface == "rest":
        content = tuple(pair for pair in right.headers if pair[0] != "authorization")
        wrong = (*content, ("authorization", "Bearer " + "x" * 40))
        yield "no-token", {"headers": content, "credential": "missing"}
        yield "wrong-token", {"headers": wrong, "credential": "refused"}


def _model_probes(
    target: Target, contract: Contract, right: PlannedCall
) -> Iterator[tuple[str, dict[str, Any]]]:
    unknown = f"{contract.model}-unknown"
    if target.surface == "binding":
        others = tuple(pair for pair in right.headers if pair[0] != "cf-consn-model-id")
        yield "unknown-model", {"headers": (*others, ("cf-consn-model-id", unknown))}
        yield "no-model", {"headers": others}
    elif contract.in_path:
        yield "unknown-model", {"path": f"{right.path}-unknown"}
    else:
        body = json.loads(right.body)
        yield "unknown-model", {"body": dumps({**body, "model": unknown}).encode()}
        yield "no-model", {"body": _without(right.body, {"model"})}


def _without(body: bytes, names: set[str]) -> bytes:
    value = json.loads(body)
    return dumps({key: part for key, part in value.items() if key not in names}).encode()
