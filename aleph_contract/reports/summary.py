"""The summary that all reports show: verdict, rules, problems, coverage, price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from aleph_contract.core.escaping import one_line
from aleph_contract.core.results import CaseResult, Finding, Level, Traffic, Verification
from aleph_contract.reports.case_details import total_price
from aleph_contract.reports.causes import Cause, causes_of
from aleph_contract.reports.verdict import Verdict, verdict
from aleph_contract.rules import RULES, Rule
from aleph_contract.rules.coverage import POLARITIES, UNTRIED, FaultRow, fault_coverage
from aleph_contract.rules.diff import Change
from aleph_contract.rules.server_table import SERVER_RULES

#: The rule that is reported first: a client that breaks it may break any other rule too.
_FIRST = "concurrency.no-crosstalk"

#: The rules of a mode, if not those of a client.
_TABLES = {"server": tuple(SERVER_RULES), "judge": (*RULES, *SERVER_RULES)}

RuleStatus = Literal["broken", "expected", "advice", "kept", "not examined"]


@dataclass(frozen=True, slots=True)
class RuleRow:
    """The result of one rule.

    Args:
        id: Id of the rule.
        sentence: The duty of the client; continues "the client …".
        why: The damage when the rule is broken.
        cause: The usual mistakes in code that break it.
        fix: The remedy.
        provenance: The source of the rule.
        level: Whether its findings fail the client.
        examined: Number of cases that could have broken the rule.
        broken: Number of cases that broke it and fail the client.
        advised: Number of cases with advice.
        expected: Number of cases that broke it and were expected to.
    """

    id: str
    sentence: str
    why: str
    cause: str
    fix: str
    provenance: str
    level: Level
    examined: int
    broken: int
    advised: int
    expected: int

    @property
    def subject(self) -> str:
        """The side that the rule judges: `client` or `server`."""
        return "server" if self.id in SERVER_RULES else "client"

    @property
    def status(self) -> RuleStatus:
        """The most severe status among its cases."""
        if self.broken:
            return "broken"
        if self.expected:
            return "expected"
        if self.advised:
            return "advice"
        return "kept" if self.examined else "not examined"


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule, with the causes of its findings.

    Args:
        rule: The rule.
        names: Names of the cases that break it, in order.
        causes: The causes, that of the simplest example first; at least one.
    """

    rule: RuleRow
    names: tuple[str, ...]
    causes: tuple[Cause, ...]

    @property
    def example(self) -> CaseResult:
        """The simplest case that breaks the rule."""
        return self.causes[0].example

    @property
    def finding(self) -> Finding:
        """The finding of the example."""
        return self.causes[0].finding

    @property
    def changes(self) -> tuple[Change, ...]:
        """Differences between the intended and the sent input of the example."""
        return self.causes[0].changes

    @property
    def others(self) -> tuple[str, ...]:
        """Names of the other cases with the cause of the example."""
        return tuple(name for name in self.causes[0].names if name != self.example.name)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of a set of names were tried, and the names that were not."""

    count: int
    total: int
    missing: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.count:,} of {self.total:,}"

    @classmethod
    def of(cls, tried: Mapping[str, bool]) -> Coverage:
        """Count the names that were tried."""
        missing = tuple(name for name, done in tried.items() if not done)
        return cls(len(tried) - len(missing), len(tried), missing)


@dataclass(frozen=True, slots=True)
class Summary:
    """The results of a verification, ready for a report.

    Args:
        verification: The verification.
        verdict: Its verdict.
        rules: Every rule, in the order of the table.
        broken: The rules that fail the client, in that order.
        advice: The rules with advice.
        expected: Reasons of expected failures, each with its cases.
        skipped: Reasons of skipped cases, each with its cases.
        could_not_run: Reasons why cases could not be run, each with its cases.
        faults: Number of times that each fault was played.
        coverage: Constraints tried on the bound (`valid`) and outside (`violating`), and `faults`
            played.
        calls: Number of calls, to the fake or in the recording.
        billed: Number of them that the real service may have billed.
        cost: Their price in USD, without calls of more than `MAX_PRICED_SECONDS` of video.
        unpriced: Number of billed calls without a duration, whose price is unknown.
        price: `cost` and `unpriced` in words.
    """

    verification: Verification
    verdict: Verdict
    rules: tuple[RuleRow, ...]
    broken: tuple[Problem, ...]
    advice: tuple[Problem, ...]
    expected: dict[str, tuple[str, ...]]
    skipped: dict[str, tuple[str, ...]]
    could_not_run: dict[str, tuple[str, ...]]
    faults: tuple[FaultRow, ...]
    coverage: Mapping[str, Coverage]
    calls: int
    billed: int
    cost: Decimal
    unpriced: int
    price: str

    @property
    def plays_faults(self) -> bool:
        """Whether faults were scripted: a server has none, and a recording only if it shows one."""
        mode = self.verification.mode
        return mode in ("verify", "exec") or (mode == "judge" and self.coverage["faults"].count > 0)

    def repeats(self, advice: Problem) -> bool:
        """Whether all findings of an advice are findings of the same broken rule too.

        Example: a client with a wrong route also breaks it in the cases of the other profile.
        """
        same = (p for p in self.broken if p.rule.id == advice.rule.id)
        told = {cause.finding.message for problem in same for cause in problem.causes}
        return {cause.finding.message for cause in advice.causes} <= told

    @property
    def total(self) -> int:
        """The number of cases; the counts of all statuses add up to it."""
        return len(self.verification.results)

    @property
    def client_name(self) -> str:
        """Name, version and language of the client, as it states them."""
        client = self.verification.client
        language = f"({client.language})" if client.language else ""
        return one_line(" ".join(filter(None, (client.name, client.version, language))))

    @property
    def settings(self) -> str:
        """The model, the contract version, the profile and the seed."""
        run = self.verification
        contract = f"{run.model}, contract {run.contract_version}"
        return f"{contract}, profile {run.profile}, seed {run.seed}"


def summarise(verification: Verification) -> Summary:
    """Compute the summary of a verification."""
    rows = _rows(verification)
    traffic = _traffic(verification)
    faults = fault_coverage(traffic.faults, _fault_names())
    broken = _problems(rows, [r for r in verification.results if r.status == "failed"], "must")
    advice = _problems(rows, verification.results, "advice")
    return Summary(
        verification=verification,
        verdict=verdict(verification, broken=len(broken), advised=len(advice)),
        rules=rows,
        broken=broken,
        advice=advice,
        expected=_by_reason(verification.results, "expected"),
        skipped=_by_reason(verification.results, "skipped"),
        could_not_run=_by_reason(verification.results, "could-not-run"),
        faults=faults,
        coverage=_coverage(verification, faults),
        calls=traffic.calls,
        billed=traffic.billed,
        cost=traffic.cost,
        unpriced=traffic.unpriced,
        price=total_price(
            traffic.cost,
            traffic.unpriced,
            others=traffic.calls - traffic.unpriced,
            any_known=traffic.priced > 0,
        ),
    )


def _traffic(verification: Verification) -> Traffic:
    """The totals of all calls: of those in the results, and of those left out of them."""
    total = replace(verification.left_out, faults=verification.left_out.faults.copy())
    for result in verification.results:
        total.add(result.exchanges)
    return total


def _rows(verification: Verification) -> tuple[RuleRow, ...]:
    results = verification.results
    table = _TABLES.get(verification.mode, tuple(RULES))
    examined = Counter(rule for result in results for rule in set(result.checked))
    broken, advised, expected = Counter[str](), Counter[str](), Counter[str]()
    for result in results:
        must = {finding.rule for finding in result.broken}
        (expected if result.status == "expected" else broken).update(must)
        advised.update({f.rule for f in result.findings if f.level == "advice"} - must)
    unlisted = dict.fromkeys((*examined, *broken, *advised, *expected))
    return tuple(
        _row(rule, examined[rule], broken[rule], advised[rule], expected[rule])
        for rule in dict.fromkeys((*table, *sorted(unlisted)))
    )


def _row(rule_id: str, examined: int, broken: int, advised: int, expected: int) -> RuleRow:
    rule = RULES.get(rule_id) or SERVER_RULES.get(rule_id) or _unlisted(rule_id)
    return RuleRow(
        id=rule_id,
        sentence=rule.sentence,
        why=rule.why,
        cause=rule.cause,
        fix=rule.fix,
        provenance=rule.provenance,
        level=rule.level,
        examined=examined,
        broken=broken,
        advised=advised,
        expected=expected,
    )


def _unlisted(rule_id: str) -> Rule:
    """A rule of another version, in a verification that was saved."""
    return Rule(rule_id, "", "assumed", "must", why="", cause="", fix="")


def _problems(
    rows: Iterable[RuleRow], results: Iterable[CaseResult], level: Level
) -> tuple[Problem, ...]:
    found: dict[str, list[CaseResult]] = {}
    for result in results:
        for rule in dict.fromkeys(f.rule for f in result.findings if f.level == level):
            found.setdefault(rule, []).append(result)
    causes = {f.rule for rs in found.values() for r in rs for f in r.findings if f.is_cause}
    broken = (row for row in rows if row.id in found)
    first = sorted(
        broken, key=lambda row: (row.id != _FIRST, row.id not in causes, -len(found[row.id]))
    )
    return tuple(_problem(row, found[row.id], level) for row in first)


def _problem(row: RuleRow, breaking: list[CaseResult], level: Level) -> Problem:
    names = tuple(result.name for result in breaking)
    return Problem(row, names, causes_of(row.id, level, breaking))


def _by_reason(results: Iterable[CaseResult], status: str) -> dict[str, tuple[str, ...]]:
    reasons: dict[str, list[str]] = {}
    for result in results:
        if result.status == status:
            reasons.setdefault(one_line(result.reason) or "no reason given", []).append(result.name)
    return {reason: tuple(names) for reason, names in reasons.items()}


def _coverage(verification: Verification, faults: Iterable[FaultRow]) -> dict[str, Coverage]:
    tried: dict[str, dict[str, bool]] = {polarity: {} for polarity in POLARITIES}
    several = len({row.model for row in verification.coverage}) > 1
    for row in verification.coverage:
        done, key = tried[row.polarity], row.constraint
        key = f"{row.model}: {key}" if several else key
        done[key] = done.get(key, False) or row.observed not in UNTRIED
    tried["faults"] = {row.fault: row.played > 0 for row in faults}
    return {name: Coverage.of(done) for name, done in tried.items()}


def _fault_names() -> tuple[str, ...]:
    from fake_server.replies.faults import FAULTS

    return tuple(FAULTS)
