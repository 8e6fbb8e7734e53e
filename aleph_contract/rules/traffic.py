"""Judge recorded traffic, such as the calls of a test suite under `exec`.

The intended input and the client's report are unknown, so only some rules apply: each call is
judged by the contract, and a repeated call by the call before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.results import CaseResult
from aleph_contract.rules.evidence import Evidence
from aleph_contract.rules.judge import judge
from aleph_contract.rules.parsed_exchange import read_request


def judge_traffic(
    exchanges: Iterable[Exchange], contract: Contract, *, refusals_meant: bool = False
) -> Iterator[CaseResult]:
    """Judge the calls of one account; a call and its repetitions make one case.

    Args:
        exchanges: The exchanges of the account, in order.
        contract: The contract that the calls are judged by.
        refusals_meant: Whether the test suite sends violating inputs on purpose; findings about
            them are advice then.
    """
    for number, calls in enumerate(_runs(exchanges), start=1):
        first = calls[0]
        violating = refusals_meant and first.outcome == "invalid"
        evidence = Evidence(contract, None, calls, portable=not violating)
        judgement = judge(evidence)
        broken = any(finding.level == "must" for finding in judgement.findings)
        yield CaseResult(
            name=f"call/{first.account[:8] or 'no-account'}/{number:04}",
            phase="traffic",
            status="failed" if broken else "passed",
            intended=read_request(first).input,
            checked=judgement.checked,
            findings=judgement.findings,
            exchanges=calls,
            fault=first.fault,
            elapsed=sum(x.elapsed for x in calls),
        )


def _runs(exchanges: Iterable[Exchange]) -> Iterator[tuple[Exchange, ...]]:
    """Group exchanges into runs: repeats and redirects of a failed call belong to its run."""
    open_runs: dict[bytes, list[Exchange]] = {}
    order: list[list[Exchange]] = []
    for exchange in exchanges:
        run = open_runs.get(exchange.request_body)
        if exchange.outcome == "elsewhere" and order:
            order[-1].append(exchange)
        elif run is None or run[-1].outcome == "completed":
            open_runs[exchange.request_body] = [exchange]
            order.append(open_runs[exchange.request_body])
        else:
            run.append(exchange)
    return iter(tuple(run) for run in order)
