"""Attribute findings to crosstalk: a call that arrived with the account or token of another case.

Every case has an account and a token of its own. A client that keeps the first account, shares one
variable between concurrent calls, or reuses a connection with old headers breaks many rules in
many cases, all for this one reason. Here the reason replaces its symptoms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import same
from aleph_contract.core.results import CaseResult, Finding
from aleph_contract.rules.parsed_exchange import is_reported, read_reply, read_request

#: The rule that replaces the symptoms.
CROSSTALK = "concurrency.no-crosstalk"

_SHARED = "is the account, the token or a connection kept from one call to the next?"
_LOST = f"its call arrived with the account of another case; {_SHARED}"


@dataclass(frozen=True, slots=True)
class _Astray:
    """A call that does not belong to the case whose account it names.

    Args:
        exchange: The call.
        owner: Name of the case whose account it names; empty if that case had ended.
        contract: The contract that the replies are read by; the shipped one if `None`.
    """

    exchange: Exchange
    owner: str
    contract: Contract | None = None

    def belongs_to(self, result: CaseResult) -> bool:
        """Whether a case without a call of its own made this call."""
        outcome = result.outcome
        if outcome is None:
            return False
        if outcome.kind == "result":
            return _returns(outcome.result, self.exchange, self.contract)
        return outcome.kind == "error" and _sends(self.exchange, result.intended)


def attribute(
    results: Sequence[CaseResult], strays: Iterable[Exchange], contract: Contract | None = None
) -> tuple[CaseResult, ...]:
    """Replace the findings that are symptoms of crosstalk by a finding that names it.

    Findings about the token itself stay.

    Args:
        results: The judged cases.
        strays: Calls to the account of a case after that case had ended.
        contract: The contract of the called model; the shipped one if `None`.
    """
    routed = (exchange for exchange in strays if exchange.outcome != "no-route")
    astray = [_Astray(exchange, "", contract) for exchange in routed]
    astray += [call for result in results for call in _extra(result, contract)]
    tokens = {
        call.token_fingerprint: result.name
        for result in results
        for call in result.exchanges
        if call.credential == "accepted"
    }
    taken: dict[str, str] = {}
    told = [_told(result, astray, tokens, taken) for result in results]
    if any(told):
        taken |= {result.name: _LOST for result in results if _lost_its_call(result)}
    return tuple(
        _with_crosstalk(result, message or taken.get(result.name, ""))
        for result, message in zip(results, told, strict=True)
    )


def _lost_its_call(result: CaseResult) -> bool:
    """Whether a case returned a result although no call arrived for it.

    Where other cases show crosstalk, its call arrived for a case that ended at that moment, and
    whose exchanges were deleted.
    """
    returned = result.outcome is not None and result.outcome.kind == "result"
    return returned and not result.exchanges and bool(result.checked)


def _told(
    result: CaseResult, astray: list[_Astray], tokens: dict[str, str], taken: dict[str, str]
) -> str:
    """The message about crosstalk in a case; empty if there is none.

    The owner of a call that is found here is noted in `taken`.
    """
    for call in result.exchanges:
        other = tokens.get(call.token_fingerprint, result.name)
        if call.credential == "refused" and other != result.name:
            return f"its call arrived with the token of {other}; {_SHARED}"
    if result.exchanges or not result.checked:
        return ""
    found = next((c for c in astray if c.owner != result.name and c.belongs_to(result)), None)
    if found is None:
        return ""
    astray.remove(found)
    if found.owner:
        taken[found.owner] = f"the call of {result.name} arrived with its account; {_SHARED}"
    owner = found.owner or "an earlier case"
    return f"its call arrived with the account of {owner}; {_SHARED}"


def _extra(result: CaseResult, contract: Contract | None) -> Iterator[_Astray]:
    """The calls to the account of a case but its own: that with the result or input of the case."""
    calls = list(result.exchanges)
    reported = result.outcome.result if result.outcome else None
    own = next((call for call in calls if _returns(reported, call, contract)), None)
    own = own or next((call for call in calls if _sends(call, result.intended)), None)
    if own is not None:
        calls.remove(own)
    if len(result.exchanges) > 1:
        yield from (_Astray(call, result.name, contract) for call in calls)


def _returns(reported: Any, call: Exchange, contract: Contract | None) -> bool:
    """Whether a reported result is the one in the reply to a call."""
    return reported is not None and is_reported(reported, read_reply(call, contract))


def _sends(exchange: Exchange, intended: Any) -> bool:
    sent = read_request(exchange)
    return not sent.problem and same(sent.input, intended)


def _with_crosstalk(result: CaseResult, message: str) -> CaseResult:
    if not message:
        return result
    kept = [finding for finding in result.findings if finding.rule.startswith("security.")]
    return replace(
        result,
        status="failed",
        findings=(Finding(CROSSTALK, "must", message), *kept),
        checked=tuple(dict.fromkeys((CROSSTALK, *result.checked))),
    )
