"""One planned call of a server, and the request of an input on each surface."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from aleph_contract.cases.case import Case, Polarity
from aleph_contract.contract import Contract
from aleph_contract.core.exchange import INPUT_KEY, RUN_PATH, Credential
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.rules.parsed_exchange import JSON_TYPE
from aleph_contract.verify.server.target import Target

#: Replaced by the token when the call is sent, so that no plan and no report holds it.
TOKEN_HERE = "Bearer {token}"  # noqa: S105 - no secret


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One request to send.

    Args:
        name: Stable name: that of a case, `envelope/NAME` or `drawn/POLARITY/NUMBER`.
        phase: `envelope`, `violating` or `valid`; see `plan.PHASES`.
        expectation: What a conformant server does, in one sentence.
        path: Path and query below the base URL.
        headers: Names in lower case; `TOKEN_HERE` stands for the token.
        body: The bytes of the body.
        method: HTTP method.
        case: The certified case; `None` for an envelope probe.
        polarity: Polarity of the input; `None` for an envelope probe.
        input: The input; `None` if the request has none.
        credential: The bearer token of the request.
    """

    name: str
    phase: str
    expectation: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    method: str = "POST"
    case: Case | None = None
    polarity: Polarity | None = None
    input: Any = field(default=None, hash=False)
    credential: Credential = "accepted"


def run_path(target: Target, contract: Contract) -> str:
    """The path of a run, below the base URL."""
    if target.surface == "binding":
        return "/run?version=3"
    model = f"/{quote(contract.model, safe='/@')}" if contract.in_path else ""
    return f"/accounts/{target.account_id}{RUN_PATH}{model}"


def run_headers(target: Target, contract: Contract) -> tuple[tuple[str, str], ...]:
    """The headers of a run."""
    content = ("content-type", JSON_TYPE)
    if target.surface == "rest":
        return (("authorization", TOKEN_HERE), content)
    return (content, ("cf-consn-sdk-version", "2.0.0"), ("cf-consn-model-id", contract.model))


def run_body(target: Target, contract: Contract, text: str) -> bytes:
    """The body of a run with an input, given as JSON text.

    A lone surrogate, which UTF-8 cannot hold, is sent as an escape.
    """
    key = INPUT_KEY[target.surface]
    if target.surface == "binding":
        text = f'{{"{key}":{text},"options":{{}}}}'
    elif not contract.in_path:
        text = f'{{"model":{dumps(contract.model)},"{key}":{text}}}'
    return text.encode()


def case_call(
    target: Target, contract: Contract, case: Case, *, phase: str, expectation: str
) -> PlannedCall:
    """The call that sends the input of a case."""
    text = dumps(case.input) if case.text is None else case.text
    return PlannedCall(
        name=case.name,
        phase=phase,
        expectation=expectation,
        path=run_path(target, contract),
        headers=run_headers(target, contract),
        body=run_body(target, contract, text),
        case=case,
        polarity=case.polarity,
        input=case.input,
        credential="accepted" if target.surface == "rest" else "none",
    )
