"""The verdict on the traffic of one account, and the coverage of all traffic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import Exchange, decimal
from aleph_contract.core.results import CaseResult, Finding
from aleph_contract.rules.coverage import coverage_by_model
from aleph_contract.rules.server import judge_server
from aleph_contract.rules.server_table import SERVER_RULES
from aleph_contract.rules.suite import NO_SUITE, Suite
from aleph_contract.rules.traffic import contract_of, judge_traffic
from fake_server.control import verdict_schemas
from fake_server.journal.base import Journal, Tally
from fake_server.replies import faults

#: Outcomes of a run that a reply of the upstream has; the fake itself gives every other one.
_FROM_UPSTREAM = frozenset({"completed", "invalid", "malformed", "unknown-model", "fault"})


@dataclass(slots=True)
class Judged:
    """What earlier verdicts found in one account.

    Args:
        tally: The account's tally at the last verdict.
        unjudged: Exchanges that the journal dropped before a verdict judged them.
        findings: Findings by the number of the last exchange of their call.
    """

    tally: Tally = field(default_factory=Tally)
    unjudged: int = 0
    findings: dict[int, list[verdict_schemas.FindingModel]] = field(default_factory=dict)


class JudgedStore(Protocol):
    """Where the ledger keeps what earlier verdicts found."""

    def entry(self, account: str) -> AbstractContextManager[Judged]:
        """What was found in an account, to read and change; no other thread has it meanwhile."""

    def forget(self, account: str) -> None:
        """Forget what was found in an account."""


class JudgedInMemory:
    """See `JudgedStore`."""

    def __init__(self) -> None:
        self._accounts: dict[str, Judged] = {}
        self._lock = Lock()

    @contextmanager
    def entry(self, account: str) -> Iterator[Judged]:
        """See `JudgedStore`."""
        with self._lock:
            yield self._accounts.setdefault(account, Judged())

    def forget(self, account: str) -> None:
        """See `JudgedStore`."""
        with self._lock:
            self._accounts.pop(account, None)


class VerdictLedger:
    """Keeps findings of exchanges that the journal drops after a verdict judged them.

    The journal is bounded, a verdict is not: a violation stays found, and exchanges that were
    dropped before any verdict make the account *not checked*. Example: one violating run, a
    verdict, then 10,050 good runs that displace it; the account still does not conform.

    Args:
        store: Keeps the findings; in memory if `None`.
        forwards: Whether an upstream answers the runs, so that it is judged too.
    """

    def __init__(self, store: JudgedStore | None = None, *, forwards: bool = False) -> None:
        self._store = JudgedInMemory() if store is None else store
        self._forwards = forwards

    def verdict(
        self,
        account: str,
        journal: Journal,
        contract: Contract | ContractSet,
        suite: Suite = NO_SUITE,
    ) -> verdict_schemas.VerdictModel:
        """Judge an account by its exchanges in the journal and by earlier verdicts."""
        with self._store.entry(account) as judged:
            tally = journal.tally(account)
            exchanges = journal.exchanges(account)
            before = max(judged.tally.total, judged.tally.dropped)
            judged.unjudged += max(0, tally.dropped - before)
            judged.tally = tally
            found = account_verdict(account, exchanges, contract, suite, forwards=self._forwards)
            held = {exchange.number for exchange in exchanges}
            kept = [
                finding
                for number, findings in judged.findings.items()
                if number not in held
                for finding in findings
            ]
            new = [*found.findings, *(found.server.findings if found.server else ())]
            for finding in new:
                judged.findings[finding.exchanges[-1]] = []
            for finding in new:
                judged.findings[finding.exchanges[-1]].append(finding)
        client = [finding for finding in kept if finding.rule not in SERVER_RULES]
        findings = [*client, *found.findings]
        server = found.server
        if server is not None:
            about_server = [finding for finding in kept if finding.rule in SERVER_RULES]
            server = _server_verdict([*about_server, *server.findings], server.exchanges)
        return found.model_copy(
            update={
                "conformant": _conformant(findings, tally.total, judged.unjudged),
                "exchanges": tally.total,
                "not_judged": judged.unjudged,
                "findings": findings,
                "server": server,
            }
        )

    def forget(self, account: str) -> None:
        """Forget the findings of an account whose exchanges are deleted."""
        self._store.forget(account)


def _conformant(
    findings: Sequence[verdict_schemas.FindingModel], exchanges: int, unjudged: int
) -> bool | None:
    """`False` with a broken rule; `None` if nothing, or not everything, was judged."""
    if any(finding.level == "must" for finding in findings):
        return False
    return None if unjudged or not exchanges else True


def account_verdict(
    account: str,
    exchanges: Sequence[Exchange],
    contract: Contract | ContractSet,
    suite: Suite = NO_SUITE,
    *,
    forwards: bool = False,
) -> verdict_schemas.VerdictModel:
    """Judge the exchanges of one account by the rules that can be checked from the wire alone.

    Args:
        account: Its id.
        exchanges: Its exchanges, in order.
        contract: The contract, or the set, to judge by.
        suite: The tests that made the calls, as far as they are known.
        forwards: Whether an upstream answered the runs, so that it is judged too.
    """
    results = list(judge_traffic(exchanges, contract, suite=suite))
    findings = [
        _finding(result.name, finding, *result.exchanges)
        for result in results
        for finding in result.findings
    ]
    return verdict_schemas.VerdictModel(
        account=account,
        conformant=_conformant(findings, len(exchanges), 0),
        calls=len(results),
        exchanges=len(exchanges),
        not_judged=0,
        findings=findings,
        server=_upstream_verdict(exchanges, contract) if forwards else None,
    )


def of_upstream(exchange: Exchange) -> bool:
    """Whether the upstream made the reply, not the fake in front of it."""
    return (
        exchange.outcome in _FROM_UPSTREAM
        and exchange.fault is None
        and exchange.request_complete
        and exchange.status is not None
    )


def _upstream_verdict(
    exchanges: Sequence[Exchange], contract: Contract | ContractSet
) -> verdict_schemas.ServerVerdictModel:
    judged = [exchange for exchange in exchanges if of_upstream(exchange)]
    found = [
        _finding(f"exchange {exchange.number}", finding, exchange)
        for exchange in judged
        for finding in judge_server(exchange, None, contract_of(exchange, contract)).findings
    ]
    return _server_verdict(found, len(judged))


def _server_verdict(
    findings: list[verdict_schemas.FindingModel], exchanges: int
) -> verdict_schemas.ServerVerdictModel:
    return verdict_schemas.ServerVerdictModel(
        conformant=_conformant(findings, exchanges, 0), exchanges=exchanges, findings=findings
    )


def _finding(call: str, finding: Finding, *exchanges: Exchange) -> verdict_schemas.FindingModel:
    return verdict_schemas.FindingModel(
        call=call,
        exchanges=[exchange.number for exchange in exchanges],
        rule=finding.rule,
        level=finding.level,
        message=finding.message,
        cost_usd=decimal(finding.cost),
    )


def traffic_coverage(
    exchanges: Sequence[Exchange], contracts: ContractSet, suite: Suite = NO_SUITE
) -> verdict_schemas.CoverageModel:
    """Count the constraints of each called model, and the faults, that all traffic exercised."""
    by_account: dict[str, list[Exchange]] = {}
    for exchange in exchanges:
        by_account.setdefault(exchange.account, []).append(exchange)
    results: list[CaseResult] = []
    for own in by_account.values():
        results += judge_traffic(own, contracts, suite=suite)
    played = Counter(exchange.fault for exchange in exchanges)
    return verdict_schemas.CoverageModel(
        constraints=[
            verdict_schemas.ConstraintRowModel.model_validate(row)
            for row in coverage_by_model(results, contracts)[1]
        ],
        faults=[
            verdict_schemas.FaultRowModel(fault=name, played=played[name]) for name in faults.FAULTS
        ],
    )
