"""Judge one case: evidence in, findings out, and nothing else touched."""

from __future__ import annotations

from dataclasses import dataclass

from aleph_contract.core.results import Finding, Level
from aleph_contract.rules import RULES
from aleph_contract.rules.checks import CHECKS
from aleph_contract.rules.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Judgement:
    """The rules that a case could have broken, and those that it did."""

    checked: tuple[str, ...]
    findings: tuple[Finding, ...]


def judge(evidence: Evidence) -> Judgement:
    """Hold one case against every rule."""
    verdicts = {rule: check(evidence) for rule, check in CHECKS.items()}
    return Judgement(
        checked=tuple(rule for rule, verdict in verdicts.items() if verdict is not None),
        findings=tuple(
            Finding(rule, _level(rule, evidence), verdict, evidence.cost)
            for rule, verdict in verdicts.items()
            if verdict
        ),
    )


def _level(rule: str, evidence: Evidence) -> Level:
    """Advice where careful clients differ: gray inputs, gray replies, the other profile."""
    gray = rule == "response.malformed" and evidence.last is not None and evidence.last.gray
    soft = evidence.advice or not evidence.portable or gray
    return "advice" if soft else RULES[rule].level
