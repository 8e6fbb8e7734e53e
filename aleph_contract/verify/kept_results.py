"""Attribute findings to kept results: a case reports the result of another one and makes no call.

A client that caches results by a part of the input, such as the prompt, breaks several rules in
many cases, all for this one reason. Here the reason replaces its symptoms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aleph_contract.contract import Contract
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.core.results import CaseResult, Finding, Level
from aleph_contract.rules.other_routes import other_route
from aleph_contract.rules.parsed_exchange import read_reply
from aleph_contract.verify.reproduction import one_by_one, together_with

#: The rule that replaces the symptoms.
ONCE = "request.once"

_KEPT = "are results kept, for example by prompt?"


def attribute_kept(
    results: Sequence[CaseResult], contract: Contract | None = None
) -> tuple[CaseResult, ...]:
    """Replace the findings of cases that report a kept result by one finding that says so.

    Findings about the token stay. Cases without findings stay as they are.

    Args:
        results: The judged cases; none of them made a call that arrived elsewhere.
        contract: The contract of the called model; the shipped one if `None`.
    """
    suspects = {result.name: result for result in results if _made_up(result)}
    if not suspects:
        return tuple(results)
    owners: dict[str, str] = {}
    for result in results:
        for exchange in (x for x in result.exchanges if x.outcome == "completed"):
            if (found := read_reply(exchange, contract).result) is not None:
                owners.setdefault(dumps(found), result.name)
    origins = {name: owners.get(_reported(result)) for name, result in suspects.items()}
    if not any(origins.values()):
        return tuple(results)
    return tuple(
        _explained(result, origins[result.name]) if result.name in suspects else result
        for result in results
    )


def _made_up(result: CaseResult) -> bool:
    """Whether a case has findings and reports a result although it made no call of the model."""
    reported = result.outcome is not None and result.outcome.kind == "result"
    return reported and bool(result.findings) and all(map(other_route, result.exchanges))


def _reported(result: CaseResult) -> str:
    return dumps(result.outcome.result) if result.outcome else ""


def _explained(result: CaseResult, origin: str | None) -> CaseResult:
    what = f"the result of {origin}" if origin else "a result"
    level: Level = "must" if result.broken else "advice"
    told = Finding(ONCE, level, f"reported {what} without making a call; {_KEPT}", is_cause=True)
    kept = (finding for finding in result.findings if finding.rule.startswith("security."))
    return replace(
        result,
        findings=(told, *kept),
        checked=tuple(dict.fromkeys((ONCE, *result.checked))),
        reproduce=one_by_one(together_with(result.reproduce, *([origin] if origin else []))),
    )
