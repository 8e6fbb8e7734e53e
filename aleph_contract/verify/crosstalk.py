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
from aleph_contract.verify.reproduction import together_with

#: The rule that replaces the symptoms.
CROSSTALK = "concurrency.no-crosstalk"

_KEPT_ACCOUNT = "is the account or the URL kept from one call to the next?"
_KEPT_HEADERS = "are the headers, or a connection with its headers, kept from one call to the next?"

#: The phase of the first calls, which a client that keeps an account keeps it from.
_EARLIER = "examples"

#: The phase that shows what concurrent calls share.
_CONCURRENCY = "concurrency"


@dataclass(frozen=True, slots=True)
class _Told:
    """The message about crosstalk in a case, and the case or phase that it needs to show."""

    message: str
    needs: str


_LOST = _Told(f"its call arrived with the account of another case; {_KEPT_ACCOUNT}", _CONCURRENCY)


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
    taken: dict[str, _Told] = {}
    told = [_told(result, astray, tokens, taken) for result in results]
    if any(told):
        for result in results:
            if _lost_its_call(result) or _has_foreign_calls(result, contract):
                taken.setdefault(result.name, _LOST)
    return tuple(
        _with_crosstalk(result, own or taken.get(result.name))
        for result, own in zip(results, told, strict=True)
    )


def _lost_its_call(result: CaseResult) -> bool:
    """Whether a case reports a reply, a result or an error, although no call arrived for it.

    Where other cases show crosstalk, its call arrived for a case that ended at that moment, and
    whose exchanges were deleted.
    """
    outcome = result.outcome
    if outcome is None or result.exchanges or not result.checked:
        return False
    refused = outcome.error is not None and outcome.error.stage in ("api", "transport")
    return outcome.kind == "result" or refused


def _has_foreign_calls(result: CaseResult, contract: Contract | None) -> bool:
    """Whether the findings of a case may be about calls that are not its own.

    Where other cases show crosstalk, an account with a second call, or with only a call of another
    input, proves nothing about its own case.
    """
    if not result.exchanges or not result.findings:
        return False
    return len(result.exchanges) > 1 or _own_call(result, contract) is None


def _told(
    result: CaseResult, astray: list[_Astray], tokens: dict[str, str], taken: dict[str, _Told]
) -> _Told | None:
    """What to say about crosstalk in a case; `None` if there is none.

    The owner of a call that is found here is noted in `taken`.
    """
    for call in result.exchanges:
        other = tokens.get(call.token_fingerprint, result.name)
        if call.credential == "refused" and other != result.name:
            return _Told(f"its call arrived with the token of {other}; {_KEPT_HEADERS}", other)
    if result.exchanges or not result.checked:
        return None
    found = next((c for c in astray if c.owner != result.name and c.belongs_to(result)), None)
    if found is None:
        return None
    astray.remove(found)
    if found.owner:
        message = f"the call of {result.name} arrived with its account; {_KEPT_ACCOUNT}"
        taken[found.owner] = _Told(message, result.name)
    owner = found.owner or "an earlier case"
    message = f"its call arrived with the account of {owner}; {_KEPT_ACCOUNT}"
    return _Told(message, found.owner or _EARLIER)


def _extra(result: CaseResult, contract: Contract | None) -> Iterator[_Astray]:
    """The calls to the account of a case but its own: that with the result or input of the case."""
    if len(result.exchanges) > 1:
        own = _own_call(result, contract)
        others = (call for call in result.exchanges if call is not own)
        yield from (_Astray(call, result.name, contract) for call in others)


def _own_call(result: CaseResult, contract: Contract | None) -> Exchange | None:
    """The call with the result that a case reports, else that with its input."""
    reported = result.outcome.result if result.outcome else None
    calls = result.exchanges
    own = next((call for call in calls if _returns(reported, call, contract)), None)
    return own or next((call for call in calls if _sends(call, result.intended)), None)


def _returns(reported: Any, call: Exchange, contract: Contract | None) -> bool:
    """Whether a reported result is the one in the reply to a call."""
    return reported is not None and is_reported(reported, read_reply(call, contract))


def _sends(exchange: Exchange, intended: Any) -> bool:
    sent = read_request(exchange)
    return not sent.problem and same(sent.input, intended)


def _with_crosstalk(result: CaseResult, told: _Told | None) -> CaseResult:
    if told is None:
        return result
    kept = [finding for finding in result.findings if finding.rule.startswith("security.")]
    return replace(
        result,
        status="failed",
        findings=(Finding(CROSSTALK, "must", told.message, is_cause=True), *kept),
        reproduce=together_with(result.reproduce, told.needs),
        checked=tuple(dict.fromkeys((CROSSTALK, *result.checked))),
    )
