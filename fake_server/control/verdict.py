"""The verdict on the traffic of one account, and the coverage of all traffic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange, decimal
from aleph_contract.core.results import CaseResult
from aleph_contract.rules.coverage import coverage
from aleph_contract.rules.traffic import judge_traffic
from fake_server.control import schemas
from fake_server.replies import faults


def account_verdict(
    account: str, exchanges: Sequence[Exchange], contract: Contract
) -> schemas.VerdictModel:
    """Judge the exchanges of one account by the rules that can be checked from the wire alone."""
    results = list(judge_traffic(exchanges, contract))
    findings = [
        schemas.FindingModel(
            call=result.name,
            exchanges=[exchange.number for exchange in result.exchanges],
            rule=finding.rule,
            level=finding.level,
            message=finding.message,
            cost_usd=decimal(finding.cost),
        )
        for result in results
        for finding in result.findings
    ]
    return schemas.VerdictModel(
        account=account,
        conformant=not any(finding.level == "must" for finding in findings),
        calls=len(results),
        exchanges=len(exchanges),
        findings=findings,
    )


def traffic_coverage(exchanges: Sequence[Exchange], contract: Contract) -> schemas.CoverageModel:
    """Count the constraints and faults that the exchanges of all accounts have exercised."""
    by_account: dict[str, list[Exchange]] = {}
    for exchange in exchanges:
        by_account.setdefault(exchange.account, []).append(exchange)
    results: list[CaseResult] = []
    for own in by_account.values():
        results += judge_traffic(own, contract)
    played = Counter(exchange.fault for exchange in exchanges)
    return schemas.CoverageModel(
        constraints=[
            schemas.ConstraintRowModel.model_validate(row) for row in coverage(results, contract)
        ],
        faults=[schemas.FaultRowModel(fault=name, played=played[name]) for name in faults.FAULTS],
    )
