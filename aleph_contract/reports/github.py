"""The report for GitHub Actions: annotations, and a step summary in Markdown."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from aleph_contract.core.escaping import escape_controls, one_line, pluralise, truncate
from aleph_contract.core.results import Verification
from aleph_contract.reports.case_details import details_of
from aleph_contract.reports.files import check_writable, writing
from aleph_contract.reports.summary import Problem, Summary, summarise

#: GitHub shows 10 annotations of each level per step, and drops the others without a message.
MAX_ANNOTATIONS = 10

#: Maximum length of a line of details; GitHub accepts a step summary of up to 1 MiB.
MAX_DETAIL_LINE = 2000

#: The environment variable that names the file of the step summary.
SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def render(verification: Verification) -> str:
    """The annotations, one workflow command per line: the verdict, then each broken rule once."""
    summary = summarise(verification)
    level = "notice" if summary.verdict.word == "conforms" else "error"
    words = f"{summary.verdict.sentence}\n{summary.client_name}, {summary.settings}"
    errors = [workflow_command(level, summary.verdict.title, words)]
    errors += [_annotation("error", problem) for problem in summary.broken]
    errors += [
        workflow_command("error", "Unexpected pass", n) for n in verification.unexpected_passes
    ]
    errors += [
        workflow_command("error", "Stale known failure", line) for line in verification.stale
    ]
    warnings = [_annotation("warning", problem) for problem in summary.advice]
    return "".join(f"{line}\n" for line in (*capped(errors), *capped(warnings)))


def step_summary(verification: Verification) -> str:
    """The step summary in GitHub's Markdown: verdict, numbers, rules, each broken rule."""
    return "\n".join(_summary_lines(summarise(verification))) + "\n"


def append_step_summary(text: str, environment: Mapping[str, str] = os.environ) -> None:
    """Append Markdown to the file that GitHub names, if it names one.

    Raises:
        ArgumentError: The file cannot be written.
    """
    path = _summary_path(environment)
    if path is not None:
        with writing(path, SUMMARY_VARIABLE), path.open("a", encoding="utf-8") as file:
            file.write(text)


def check_step_summary(environment: Mapping[str, str] = os.environ) -> None:
    """Check, before the run, that the step summary can be written.

    Raises:
        ArgumentError: The file that GitHub names cannot be written.
    """
    path = _summary_path(environment)
    if path is not None:
        check_writable(path, SUMMARY_VARIABLE)


def _summary_path(environment: Mapping[str, str]) -> Path | None:
    named = environment.get(SUMMARY_VARIABLE)
    return Path(named) if named else None


def _annotation(level: str, problem: Problem) -> str:
    cases = f"{len(problem.names):,} of {pluralise(problem.rule.examined, 'case')}"
    lines = (
        f"The {problem.rule.subject} {problem.rule.sentence}." if problem.rule.sentence else "",
        f"Broken in {cases}; smallest: {problem.example.name}",
        problem.finding.message,
        problem.example.reproduce,
    )
    return workflow_command(level, problem.rule.id, "\n".join(filter(None, lines)))


def workflow_command(level: str, title: str, message: str) -> str:
    """A workflow command; characters that would end it early are percent-encoded."""
    data = escape_controls(message).replace("%", "%25").replace("\n", "%0A")
    name = one_line(title).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={name}::{data}"


def capped(commands: list[str]) -> list[str]:
    """The commands of one level; the last one says how many were left out, if some were."""
    left = len(commands) - MAX_ANNOTATIONS
    if left <= 0:
        return commands
    level = commands[-1].split()[0].strip(":")
    more = workflow_command(
        level, "And more", f"{left + 1:,} more; the step summary lists all of them"
    )
    return [*commands[: MAX_ANNOTATIONS - 1], more]


def _summary_lines(summary: Summary) -> Iterator[str]:
    verification = summary.verification
    yield f"## {plain(summary.verdict.title)}: {plain(summary.client_name)}\n"
    yield f"{plain(summary.verdict.sentence)}.\n"
    yield "| contract | profile | seed | calls | on the real service |"
    yield "| --- | --- | --- | --- | --- |"
    facts = (
        f"{verification.model} {verification.contract_version}",
        verification.profile,
        str(verification.seed),
    )
    yield table_row(*facts, f"{summary.calls:,}", summary.price)
    yield f"\n{pluralise(summary.total, 'case')} = {_sum(verification)}\n"
    faults = f"; faults played: {summary.coverage['faults']}" if summary.plays_faults else ""
    yield (
        f"Constraints tried: {summary.coverage['valid']} on the bound, "
        f"{summary.coverage['violating']} outside{faults}\n"
    )
    yield "| rule | cases | broken by | |"
    yield "| --- | --: | --: | --- |"
    for row in summary.rules:
        broken = row.broken or row.advised or row.expected
        status = f"**{row.status}**" if row.broken else row.status
        yield table_row(row.id, f"{row.examined or '-'}", f"{broken or '-'}")[:-1] + f"| {status} |"
    for problem in summary.broken:
        yield from _details(problem)
    for title, texts in (
        ("Advice", [f"{p.rule.id}: {p.finding.message}" for p in summary.advice]),
        ("Unexpected passes", verification.unexpected_passes),
        ("Stale lines in the known-failing file", verification.stale),
        ("Notes", verification.notes),
    ):
        if texts:
            yield f"\n### {title}\n"
            yield from (f"- {plain(text)}" for text in texts)


def _details(problem: Problem) -> Iterator[str]:
    """One broken rule, collapsed; `pre` keeps its text from being read as Markdown."""
    cases = f"{len(problem.names):,} of {pluralise(problem.rule.examined, 'case')}"
    yield f"\n<details><summary><b>{plain(problem.rule.id)}</b>: {cases}</summary>\n"
    yield f"The {problem.rule.subject} {plain(problem.rule.sentence)}.\n"
    yield "<pre>"
    yield f"smallest: {preformatted(problem.example.name)}"
    yield f"found: {preformatted(problem.finding.message)}"
    for detail in details_of(problem.example, problem.changes):
        yield f"{detail.label}:"
        yield from (f"  {preformatted(line)}" for line in detail.lines)
    yield "</pre>\n</details>"


def _sum(verification: Verification) -> str:
    return " + ".join(
        f"{n:,} {status.replace('-', ' ')}" for status, n in verification.counts.items()
    )


def table_row(*cells: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(map(plain, cells))} |"


def plain(text: str) -> str:
    """Text with all punctuation as character references, so that it is not read as Markdown."""
    return _PUNCTUATION.sub(lambda match: f"&#{ord(match[0])};", one_line(text))


def preformatted(text: str) -> str:
    """A text for a `pre` element."""
    return html.escape(escape_controls(truncate(text, MAX_DETAIL_LINE)), quote=False)
