"""The verdict on an account's traffic, and what all traffic has covered.

The judge is `aleph_contract.passive`. It is built on what the fake records, not the fake on it:
so it is looked up by name, and only when somebody asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.exchange import Exchange, decimal
from fake_server import faults, views


def verdict(account: str, exchanges: Sequence[Exchange], contract: Contract) -> views.Verdict:
    """Judge the exchanges of one account by the wire alone."""
    results = _judged(exchanges, contract)
    findings = [
        views.FindingView(
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
    return views.Verdict(
        account=account,
        conformant=not any(finding.level == "must" for finding in findings),
        calls=len(results),
        exchanges=len(exchanges),
        findings=findings,
    )


def coverage(exchanges: Sequence[Exchange], contract: Contract) -> views.Coverage:
    """Count what the exchanges of all accounts have tried."""
    accounts = {exchange.account for exchange in exchanges}
    results = [
        result
        for account in accounts
        for result in _judged([e for e in exchanges if e.account == account], contract)
    ]
    rows = import_module("aleph_contract.coverage").coverage(results, contract)
    played = Counter(exchange.fault for exchange in exchanges)
    return views.Coverage(
        constraints=[views.ConstraintRow.model_validate(row) for row in rows],
        faults=[views.FaultRow(fault=name, played=played[name]) for name in faults.FAULTS],
    )


def _judged(exchanges: Sequence[Exchange], contract: Contract) -> list[Any]:
    judge = import_module("aleph_contract.passive").judge_traffic
    return list(judge(exchanges, contract))
