"""Judge recorded traffic, such as the calls of a test suite under `exec`.

The intended input and the client's report are unknown, so only some rules apply: each call is
judged by the contract, and a repeated call by the call before it; `retry_grouping.py` says which
calls are repetitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import DOWNLOAD, Exchange
from aleph_contract.core.results import CaseResult, Finding
from aleph_contract.rules.downloads import judged_downloads
from aleph_contract.rules.evidence import Evidence
from aleph_contract.rules.judge import Judgement, judge
from aleph_contract.rules.other_routes import other_route
from aleph_contract.rules.parsed_exchange import read_request
from aleph_contract.rules.retry_grouping import LinkedRun, group
from aleph_contract.rules.suite import NO_SUITE, Suite

#: Rules about a call and its repetition: a finding is as certain as the link between the two.
LINK_RULES = frozenset({"error.not-retried", "billing.paid-once", "error.bounded"})


#: Outcomes of a call that a negative test may be about.
_REFUSED = frozenset({"invalid", "malformed", "unauthenticated", "forbidden", "unknown-model"})

#: Why a refused call is no finding.
NEGATIVE_TEST = "its test passed: the refusal is meant"


def judge_traffic(
    exchanges: Iterable[Exchange],
    contract: Contract | ContractSet,
    *,
    refusals_meant: bool = False,
    suite: Suite = NO_SUITE,
    hint: str = "",
) -> Iterator[CaseResult]:
    """Judge the calls of one account; a call and its repetitions make one case.

    Args:
        exchanges: The exchanges of the account, in order.
        contract: The contract that the calls are judged by, or the set: each call is judged by the
            contract of its model.
        refusals_meant: Whether the test suite sends violating inputs on purpose; findings about
            them are advice then.
        suite: The tests that made the calls, as far as they are known.
        hint: What the user can do if a refused call is meant; it ends the finding about it.
    """
    runs = group(filter(is_judged, judged_downloads(exchanges)), suite)
    for number, run in enumerate(runs, start=1):
        first = run.calls[0]
        meant = refusals_meant and first.outcome == "invalid"
        judgement = _judged(run, contract, advice=meant)
        negative = _is_negative_test(run, suite)
        if negative:
            judgement = _without_request_rules(judgement)
        elif first.outcome == "invalid" and hint and not meant:
            judgement = _hinted(judgement, hint)
        reason = NEGATIVE_TEST if negative else ""
        yield replace(_case(run, _name(run, number), judgement), reason=reason)


def is_judged(exchange: Exchange) -> bool:
    """Whether a call is one of a model: the routes beside the run route are not judged."""
    return exchange.outcome != DOWNLOAD and not other_route(exchange)


def judge_run(run: LinkedRun, name: str, contract: Contract | ContractSet) -> CaseResult:
    """Judge the calls of one run by the rules of a client."""
    return _case(run, name, _judged(run, contract))


def _case(run: LinkedRun, name: str, judgement: Judgement) -> CaseResult:
    calls = tuple(run.calls)
    broken = any(finding.level == "must" for finding in judgement.findings)
    return CaseResult(
        name=name,
        phase="traffic",
        status="failed" if broken else "passed",
        intended=read_request(calls[0]).input,
        checked=judgement.checked,
        findings=judgement.findings,
        exchanges=calls,
        fault=calls[0].fault,
        elapsed=sum(x.elapsed for x in calls),
    )


def judge_exchange(
    exchange: Exchange,
    earlier: Sequence[Exchange],
    contract: Contract | ContractSet,
    suite: Suite = NO_SUITE,
) -> tuple[Finding, ...]:
    """The findings about one exchange alone, and about its repetition of an earlier call.

    Args:
        exchange: The exchange.
        earlier: The exchanges of its account before it, in order.
        contract: The contract to judge it by, or the set.
        suite: The tests that made the calls, as far as they are known.
    """
    *before, exchange = judged_downloads((*earlier, exchange))
    if not is_judged(exchange):
        return ()
    run = next(run for run in group((*before, exchange), suite) if exchange in run.calls)
    single = LinkedRun([exchange], run.span)
    alone = _judged(single, contract)
    if _is_negative_test(single, suite):
        alone = _without_request_rules(alone)
    pair = _judged(LinkedRun(run.calls[-2:], run.span, run.doubt), contract)
    linked = [finding for finding in pair.findings if finding.rule in LINK_RULES]
    return (*(f for f in alone.findings if f.rule not in LINK_RULES), *linked)


def contract_of(exchange: Exchange, contracts: Contract | ContractSet) -> Contract:
    """The contract to judge a call by: that of its model, the default one if it names none."""
    if isinstance(contracts, Contract):
        return contracts
    return contracts.find(read_request(exchange).model) or contracts.default


def _judged(
    run: LinkedRun, contracts: Contract | ContractSet, *, advice: bool = False
) -> Judgement:
    """The judgement on the calls of a run; what rests on a guess is advice and says so."""
    contract = contract_of(run.calls[0], contracts)
    judgement = judge(Evidence(contract, None, tuple(run.calls), advice=advice))
    if not run.doubt:
        return judgement
    return replace(judgement, findings=tuple(_guessed(f, run) for f in judgement.findings))


def _guessed(finding: Finding, run: LinkedRun) -> Finding:
    if finding.rule not in LINK_RULES:
        return finding
    why = (
        "that the calls belong to one run is a guess from the same account, token and body: "
        f"{run.doubt}"
    )
    return replace(finding, level="advice", message=f"{finding.message}; {why}")


def _is_negative_test(run: LinkedRun, suite: Suite) -> bool:
    """Whether the calls were refused, as their test expects: it passed.

    A call to an unknown route is meant only if its test completed no run: a client may call a
    wrong route beside the right one, and ignore the refusal.
    """
    if run.span is None or run.span.test.outcome != "passed":
        return False
    outcomes = {call.outcome for call in run.calls}
    allowed = _REFUSED if run.span in suite.completed else _REFUSED | {"no-route"}
    return outcomes <= allowed


def _without_request_rules(judgement: Judgement) -> Judgement:
    """The judgement without the rules about the request."""
    return Judgement(
        tuple(rule for rule in judgement.checked if not rule.startswith("request.")),
        tuple(f for f in judgement.findings if not f.rule.startswith("request.")),
    )


def _hinted(judgement: Judgement, hint: str) -> Judgement:
    findings = tuple(
        replace(f, message=f"{f.message}; {hint}") if f.rule == "request.valid" else f
        for f in judgement.findings
    )
    return replace(judgement, findings=findings)


def _name(run: LinkedRun, number: int) -> str:
    if run.span is not None:
        return f"{run.span.test.name}, call {number}"
    return f"call/{run.calls[0].account[:8] or 'no-account'}/{number:04}"
