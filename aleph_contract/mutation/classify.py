"""Decide the class of a mutant from what its tests and its calls did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import Exchange
from aleph_contract.mutation.records import REPEATED_AGAINST, Mutant, MutantResult
from aleph_contract.rules.suite import NO_SUITE, Suite
from aleph_contract.rules.traffic import LINK_RULES, judge_traffic
from fake_server.replies.faults import FAULTS, Fault


@dataclass(frozen=True, slots=True)
class Attempt:
    """The tests of a mutant, run once with it.

    Args:
        failed: The test that failed; empty if all passed.
        why: How it failed, if not by an assertion.
        trouble: Why nothing is known; else empty.
        exchanges: The exchanges.
        suite: The borders of the tests.
        applied: Number of calls that the mutation changed.
        elapsed: Seconds.
    """

    failed: str = ""
    why: str = ""
    trouble: str = ""
    exchanges: tuple[Exchange, ...] = ()
    suite: Suite = NO_SUITE
    applied: int = 0
    elapsed: float = 0.0


def classify(mutant: Mutant, attempts: Sequence[Attempt], contracts: ContractSet) -> MutantResult:
    """The result of a mutant.

    Args:
        mutant: The mutant.
        attempts: Its runs; the last one is the one that a test noticed, if one did.
        contracts: The contracts that the calls are judged by.
    """
    elapsed = sum(attempt.elapsed for attempt in attempts)
    last = attempts[-1]
    if last.failed:
        return MutantResult(mutant, "noticed", last.failed, last.why, elapsed=elapsed)
    applied = [attempt for attempt in attempts if attempt.applied]
    if not applied:
        reason = last.trouble or "the tests did not make the call again"
        return MutantResult(mutant, "could-not-run", reason=reason, elapsed=elapsed)
    found = [_unnoticed(mutant, attempt, contracts) for attempt in applied]
    worst = min(found, key=lambda result: _ORDER.index(result.kind))
    return MutantResult(mutant, worst.kind, "", worst.reason, worst.cost, elapsed)


_ORDER = ("paid-twice", "unnoticed", "tolerated")


def _unnoticed(mutant: Mutant, attempt: Attempt, contracts: ContractSet) -> MutantResult:
    """The class of a mutant whose tests passed."""
    cost = mutant.calls[0].exchange.cost
    if mutant.change.twice:
        return MutantResult(mutant, "paid-twice", reason="the tests passed", cost=cost)
    fault = FAULTS.get(mutant.change.fault or "")
    repeated = fault is not None and _repeated(attempt.exchanges, fault)
    if fault is None or not repeated or mutant.mutation.id != "conduct/fault":
        return MutantResult(mutant, "unnoticed", reason="the tests passed")
    broken = _broken(attempt, fault, contracts)
    if fault.billed_maybe:
        reason = "the client repeated a call that may have been billed"
        return MutantResult(mutant, "paid-twice", reason=reason, cost=cost)
    if broken:
        reason = f"{REPEATED_AGAINST} {', '.join(sorted(broken))}"
        return MutantResult(mutant, "unnoticed", reason=reason)
    reason = "the client repeated the call, as it may, and got its result"
    return MutantResult(mutant, "tolerated", reason=reason)


def _repeated(exchanges: Sequence[Exchange], fault: Fault) -> bool:
    """Whether every call that got the fault was repeated until it completed."""
    played = [index for index, x in enumerate(exchanges) if x.fault == fault.name]
    return bool(played) and all(
        any(
            x.outcome == "completed" and x.request_body == exchanges[index].request_body
            for x in exchanges[index + 1 :]
        )
        for index in played
    )


def _broken(attempt: Attempt, fault: Fault, contracts: ContractSet) -> set[str]:
    """The rules about repetitions that the client broke after the fault."""
    accounts = {x.account for x in attempt.exchanges if x.fault == fault.name}
    found: set[str] = set()
    for account in accounts:
        own = [x for x in attempt.exchanges if x.account == account]
        for case in judge_traffic(own, contracts, suite=attempt.suite):
            if any(x.fault == fault.name for x in case.exchanges):
                found |= {f.rule for f in case.findings if f.rule in LINK_RULES}
    return found - {"billing.paid-once"}
