"""The data of the HTML page that the summary does not have: squares, findings, rows of cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from aleph_contract.core.results import CaseResult, Finding, Level
from aleph_contract.reports.causes import Cause
from aleph_contract.reports.issue import anchor, markdown
from aleph_contract.reports.summary import Problem, RuleRow, Summary
from aleph_contract.rules.coverage import POLARITIES, RIGHT, Row

#: The outcomes of cases that the page can show alone; `advice` is a case that passed with advice.
OUTCOMES = ("failed", "advice", "passed", "expected", "skipped", "could-not-run")


@dataclass(frozen=True, slots=True)
class Square:
    """One square of the coverage picture.

    Args:
        id: Its id in the page.
        constraint: Key of the constraint.
        polarity: `valid` or `violating`.
        state: `right`, `wrong`, `unknown` or `never`: the observations taken together.
        rows: The observations.
    """

    id: str
    constraint: str
    polarity: str
    state: str
    rows: tuple[Row, ...]

    @property
    def words(self) -> str:
        """The observations in words."""
        return ", ".join(f"{r.observed} {r.count}" if r.count else r.observed for r in self.rows)

    @property
    def title(self) -> str:
        """The constraint, the polarity and the observations."""
        return f"{self.constraint}, {self.polarity}: {self.words}"


@dataclass(frozen=True, slots=True)
class Group:
    """The squares of one property: for each constraint a pair, valid and violating."""

    title: str
    pairs: tuple[tuple[Square, ...], ...]


@dataclass(frozen=True, slots=True)
class FindingView:
    """One cause of a broken rule.

    Args:
        id: Its stable id in the page.
        rule: The rule.
        cause: The cause.
        issue: The finding as Markdown.
    """

    id: str
    rule: RuleRow
    cause: Cause
    issue: str


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line of the table of cases.

    Args:
        case: The case.
        outcome: One of `OUTCOMES`.
        findings: Its findings, each with the id of the finding that shows its cause.
        squares: Ids of the squares that the case is counted in.
    """

    case: CaseResult
    outcome: str
    findings: tuple[tuple[Finding, str], ...]
    squares: tuple[str, ...]

    @property
    def rules(self) -> str:
        """Ids of the rules of its findings, with a space between."""
        return " ".join(dict.fromkeys(finding.rule for finding, _ in self.findings))


def findings_of(summary: Summary, problem: Problem, level: Level) -> tuple[FindingView, ...]:
    """The causes of one broken rule."""
    rule = problem.rule
    return tuple(
        FindingView(
            anchor(level, rule.id, cause.example.name), rule, cause, markdown(summary, rule, cause)
        )
        for cause in problem.causes
    )


def case_rows(
    summary: Summary, groups: Iterable[Group], findings: Iterable[tuple[Level, FindingView]]
) -> Iterator[CaseRow]:
    """The cases, those with findings first."""
    links = {
        (level, view.rule.id, name): view.id
        for level, view in findings
        for name in view.cause.names
    }
    squares: dict[str, dict[str, None]] = {}
    for square in (square for group in groups for pair in group.pairs for square in pair):
        for name in (name for row in square.rows for name in row.cases):
            squares.setdefault(name, {})[square.id] = None
    rows = [_case_row(case, links, squares) for case in summary.verification.results]
    yield from sorted(rows, key=lambda row: not row.findings)


def _case_row(
    case: CaseResult,
    links: Mapping[tuple[Level, str, str], str],
    squares: Mapping[str, Mapping[str, None]],
) -> CaseRow:
    advised = case.status == "passed" and case.findings
    linked = ((f, links.get((f.level, f.rule, case.name), "")) for f in case.findings)
    return CaseRow(
        case,
        "advice" if advised else case.status,
        tuple(linked),
        tuple(squares.get(case.name, ())),
    )


def groups_of(rows: Iterable[Row]) -> Iterator[Group]:
    """The constraints grouped by model and property; for each constraint a square per polarity."""
    keys: dict[tuple[str, str], dict[str, list[Row]]] = {}
    for row in rows:
        keys.setdefault((row.model, row.constraint), {}).setdefault(row.polarity, []).append(row)
    several = len({model for model, _ in keys}) > 1

    def name(item: tuple[int, tuple[tuple[str, str], Any]]) -> str:
        _, ((model, key), _) = item
        return f"{model}: {_property(key)}" if several else _property(key)

    for title, group in groupby(enumerate(keys.items(), 1), name):
        pairs = (
            tuple(_square(f"c{n}-{p}", key, p, seen.get(p, [])) for p in POLARITIES)
            for n, ((_, key), seen) in group
        )
        yield Group(title, tuple(pairs))


def _property(key: str) -> str:
    head, slash, _ = key.partition("/")
    return head if slash else "whole input"


def _square(name: str, key: str, polarity: str, rows: list[Row]) -> Square:
    words = {row.observed for row in rows} - {"never", "not-run", "other"}
    if words:
        state = "right" if words <= set(RIGHT[polarity]) else "wrong"
    else:
        tried = any(row.observed != "never" for row in rows)
        state = "unknown" if tried else "never"
    return Square(name, key, polarity, state, tuple(rows))
