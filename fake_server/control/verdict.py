"""The verdict on an account's traffic, and what all traffic has covered.

The judge is `aleph_contract.rules.traffic`. This module is imported with the control API, which is
loaded on its first call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange, decimal
from aleph_contract.core.results import CaseResult
from aleph_contract.rules.coverage import coverage as count_coverage
from aleph_contract.rules.traffic import judge_traffic
from fake_server.control import schemas
from fake_server.replies import faults


def verdict(
    account: str, exchanges: Sequence[Exchange], contract: Contract
) -> schemas.VerdictModel:
    """Judge the exchanges of one account by the wire alone."""
    results = _judged(exchanges, contract)
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


def coverage(exchanges: Sequence[Exchange], contract: Contract) -> schemas.CoverageModel:
    """Count what the exchanges of all accounts have tried."""
    accounts = {exchange.account for exchange in exchanges}
    results = [
        result
        for account in accounts
        for result in _judged([e for e in exchanges if e.account == account], contract)
    ]
    rows = count_coverage(results, contract)
    played = Counter(exchange.fault for exchange in exchanges)
    return schemas.CoverageModel(
        constraints=[schemas.ConstraintRowModel.model_validate(row) for row in rows],
        faults=[schemas.FaultRowModel(fault=name, played=played[name]) for name in faults.FAULTS],
    )


def _judged(exchanges: Sequence[Exchange], contract: Contract) -> list[CaseResult]:
    return list(judge_traffic(exchanges, contract))
