"""What every report tells of a run, worked out once: verdict, rules, problems, numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from aleph_contract.core.escaping import one_line
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.results import CaseResult, Finding, Level, Verification, smallest
from aleph_contract.reports.case_details import price, unpriced
from aleph_contract.reports.verdict import Verdict, verdict
from aleph_contract.rules import RULES
from aleph_contract.rules.coverage import POLARITIES, FaultRow, fault_coverage
from aleph_contract.rules.diff import Change, diff_exchange

RuleStatus = Literal["broken", "expected", "advice", "kept", "not examined"]


#: Seconds of video beyond which a call's cost is left out of the sum: a duration has no upper
#: bound in the contract, and the largest double would drown all other calls.
DAY = 86_400


@dataclass(frozen=True, slots=True)
class RuleRow:
    """How one rule came off.

    Args:
        id: Id of the rule.
        sentence: What the client has to do; reads after "the client".
        provenance: What the rule rests on.
        level: Whether its findings fail the client.
        examined: Cases that could have broken it.
        broken: Cases that broke it and fail the client.
        advised: Cases that broke it as advice.
        expected: Cases that broke it as expected.
    """

    id: str
    sentence: str
    provenance: str
    level: Level
    examined: int
    broken: int
    advised: int
    expected: int

    @property
    def status(self) -> RuleStatus:
        """The weightiest thing to say of it."""
        if self.broken:
            return "broken"
        if self.expected:
            return "expected"
        if self.advised:
            return "advice"
        return "kept" if self.examined else "not examined"


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule, with the smallest input that shows it.

    Args:
        rule: The rule.
        names: The cases that break it, in order.
        example: The smallest of them.
        finding: What the example shows of the rule.
        changes: How the example's bytes differ from its input, at the first call that differs.
    """

    rule: RuleRow
    names: tuple[str, ...]
    example: CaseResult
    finding: Finding
    changes: tuple[Change, ...]

    @property
    def others(self) -> tuple[str, ...]:
        """The cases that break it besides the example."""
        return tuple(name for name in self.names if name != self.example.name)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of something a run reached: how many of how many, and what it never tried."""

    count: int
    total: int
    missing: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.count:,} of {self.total:,}"

    @classmethod
    def of(cls, tried: Mapping[str, bool]) -> Coverage:
        """Count what was tried."""
        missing = tuple(name for name, done in tried.items() if not done)
        return cls(len(tried) - len(missing), len(tried), missing)


@dataclass(frozen=True, slots=True)
class Summary:
    """A run, ready to be told.

    Args:
        run: The run.
        verdict: Its verdict.
        rules: Every rule, in the order of the table.
        broken: The rules that fail the client, in that order.
        advice: The rules with advice.
        expected: Reasons of expected failures, each with its cases.
        skipped: Reasons of skipped cases, each with its cases.
        unrun: Reasons why cases could not be run, each with its cases.
        faults: Fault coverage.
        reached: How many constraints were kept (`valid`) and broken (`violating`), and how many
            `faults` were played.
        calls: Requests that reached the fake.
        billed: Those of them that the real service may have charged for.
        cost: USD that they would have cost, without calls that state more than a `DAY` of video.
        unpriced: Billed calls that state no duration, so that nobody knows their cost.
        price: Both in words.
    """

    run: Verification
    verdict: Verdict
    rules: tuple[RuleRow, ...]
    broken: tuple[Problem, ...]
    advice: tuple[Problem, ...]
    expected: dict[str, tuple[str, ...]]
    skipped: dict[str, tuple[str, ...]]
    unrun: dict[str, tuple[str, ...]]
    faults: tuple[FaultRow, ...]
    reached: Mapping[str, Coverage]
    calls: int
    billed: int
    cost: Decimal
    unpriced: int
    price: str

    @property
    def total(self) -> int:
        """How many cases there are; the counts of all statuses add up to it."""
        return len(self.run.results)

    @property
    def who(self) -> str:
        """The client as it calls itself."""
        client = self.run.client
        language = f"({client.language})" if client.language else ""
        return one_line(" ".join(filter(None, (client.name, client.version, language))))


def summarise(run: Verification) -> Summary:
    """Work out what every report tells."""
    rows = _rows(run.results)
    exchanges = [exchange for result in run.results for exchange in result.exchanges]
    faults = fault_coverage(exchanges, _fault_names())
    broken = _problems(rows, [r for r in run.results if r.status == "failed"], "must")
    advice = _problems(rows, run.results, "advice")
    return Summary(
        run=run,
        verdict=verdict(run, broken=len(broken), advised=len(advice)),
        rules=rows,
        broken=broken,
        advice=advice,
        expected=_by_reason(run.results, "expected"),
        skipped=_by_reason(run.results, "skipped"),
        unrun=_by_reason(run.results, "could-not-run"),
        faults=faults,
        reached=_reached(run, faults),
        calls=len(exchanges),
        billed=sum(exchange.billed for exchange in exchanges),
        price=price([x for x in exchanges if (x.billed_seconds or 0) <= DAY]),
        cost=sum((x.cost for x in exchanges if (x.billed_seconds or 0) <= DAY), Decimal(0)),
        unpriced=sum(map(unpriced, exchanges)),
    )


def changes_of(result: CaseResult) -> tuple[Change, ...]:
    """How the bytes of a case differ from its input, at the first call that differs."""
    return next(filter(None, (_changes(result, call) for call in result.exchanges)), ())


def _changes(result: CaseResult, exchange: Exchange) -> tuple[Change, ...]:
    reached = exchange.outcome not in ("elsewhere", "no-route") and exchange.method == "POST"
    return diff_exchange(result.intended, exchange) if reached else ()


def _rows(results: Sequence[CaseResult]) -> tuple[RuleRow, ...]:
    examined = Counter(rule for result in results for rule in set(result.checked))
    broken, advised, expected = Counter[str](), Counter[str](), Counter[str]()
    for result in results:
        must = {finding.rule for finding in result.broken}
        (expected if result.status == "expected" else broken).update(must)
        advised.update({f.rule for f in result.findings if f.level == "advice"} - must)
    unlisted = dict.fromkeys((*examined, *broken, *advised, *expected))
    return tuple(
        _row(rule, examined[rule], broken[rule], advised[rule], expected[rule])
        for rule in dict.fromkeys((*RULES, *sorted(unlisted)))
    )


def _row(rule_id: str, examined: int, broken: int, advised: int, expected: int) -> RuleRow:
    rule = RULES.get(rule_id)
    sentence, provenance, level = (
        (rule.sentence, rule.provenance, rule.level) if rule else ("", "assumed", "must")
    )
    return RuleRow(rule_id, sentence, provenance, level, examined, broken, advised, expected)


def _problems(
    rows: Iterable[RuleRow], results: Iterable[CaseResult], level: Level
) -> tuple[Problem, ...]:
    found: dict[str, list[CaseResult]] = {}
    for result in results:
        for rule in dict.fromkeys(f.rule for f in result.findings if f.level == level):
            found.setdefault(rule, []).append(result)
    return tuple(_problem(row, found[row.id], level) for row in rows if row.id in found)


def _problem(row: RuleRow, breaking: list[CaseResult], level: Level) -> Problem:
    example = smallest(breaking, row.id) or breaking[0]
    finding = next(f for f in example.findings if f.rule == row.id and f.level == level)
    names = tuple(result.name for result in breaking)
    return Problem(row, names, example, finding, changes_of(example))


def _by_reason(results: Iterable[CaseResult], status: str) -> dict[str, tuple[str, ...]]:
    reasons: dict[str, list[str]] = {}
    for result in results:
        if result.status == status:
            reasons.setdefault(one_line(result.reason) or "no reason given", []).append(result.name)
    return {reason: tuple(names) for reason, names in reasons.items()}


def _reached(run: Verification, faults: Iterable[FaultRow]) -> dict[str, Coverage]:
    tried: dict[str, dict[str, bool]] = {polarity: {} for polarity in POLARITIES}
    for row in run.coverage:
        done = tried[row.polarity]
        done[row.constraint] = done.get(row.constraint, False) or row.observed != "never"
    tried["faults"] = {row.fault: row.played > 0 for row in faults}
    return {name: Coverage.of(done) for name, done in tried.items()}


def _fault_names() -> tuple[str, ...]:
    from fake_server.replies.faults import FAULTS

    return tuple(FAULTS)
