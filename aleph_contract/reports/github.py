"""The report for GitHub Actions: annotations on the run, and a page as the step's summary."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from aleph_contract.core.escaping import escape_controls, one_line, pluralise, truncate
from aleph_contract.core.results import Verification
from aleph_contract.reports.case_details import evidence
from aleph_contract.reports.files import check_writable, writing
from aleph_contract.reports.summary import Problem, Summary, summarise

#: GitHub shows this many annotations of each level for a step, and drops the others silently.
MOST_ANNOTATIONS = 10

#: Longest line of evidence in the summary; a step's summary may have 1 MiB in all.
MOST = 2000

#: The variable that names the file a summary is appended to.
SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def render(run: Verification) -> str:
    """The annotations, a workflow command a line: each broken rule once, the verdict first."""
    told = summarise(run)
    level = "notice" if told.verdict.word == "conforms" else "error"
    facts = f"contract {run.contract_version}, profile {run.profile}, seed {run.seed}"
    words = f"{told.verdict.sentence}\n{told.who}, {run.model}, {facts}"
    errors = [_command(level, told.verdict.title, words)]
    errors += [_annotation("error", problem) for problem in told.broken]
    errors += [_command("error", "Passed against expectation", n) for n in run.unexpected_passes]
    errors += [_command("error", "Stale known failure", line) for line in run.stale]
    warnings = [_annotation("warning", problem) for problem in told.advice]
    return "".join(f"{line}\n" for line in (*_capped(errors), *_capped(warnings)))


def summary(run: Verification) -> str:
    """The step's summary in GitHub's Markdown: verdict, numbers, rules, each broken rule."""
    return "\n".join(_summary(summarise(run))) + "\n"


def write_summary(run: Verification, environment: Mapping[str, str] = os.environ) -> None:
    """Append the summary to the file that GitHub names, if it names one.

    Raises:
        ArgumentError: The file cannot be written.
    """
    path = _summary_path(environment)
    if path is not None:
        with writing(path, SUMMARY_VARIABLE), path.open("a", encoding="utf-8") as file:
            file.write(summary(run))


def check_summary(environment: Mapping[str, str] = os.environ) -> None:
    """Make sure, before the run, that the summary can be written.

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
        f"The client {problem.rule.sentence}." if problem.rule.sentence else "",
        f"Broken in {cases}; smallest: {problem.example.name}",
        problem.finding.message,
        problem.example.reproduce,
    )
    return _command(level, problem.rule.id, "\n".join(filter(None, lines)))


def _command(level: str, title: str, message: str) -> str:
    """A workflow command; what could end it early is percent-encoded, as GitHub decodes it."""
    data = escape_controls(message).replace("%", "%25").replace("\n", "%0A")
    name = one_line(title).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={name}::{data}"


def _capped(commands: list[str]) -> list[str]:
    left = len(commands) - MOST_ANNOTATIONS
    if left <= 0:
        return commands
    level = commands[-1].split()[0].strip(":")
    more = _command(level, "And more", f"{left + 1:,} more; the step's summary has them all")
    return [*commands[: MOST_ANNOTATIONS - 1], more]


def _summary(told: Summary) -> Iterator[str]:
    run = told.run
    yield f"## {_plain(told.verdict.title)}: {_plain(told.who)}\n"
    yield f"{_plain(told.verdict.sentence)}.\n"
    yield "| contract | profile | seed | calls | on the real service |"
    yield "| --- | --- | --- | --- | --- |"
    facts = (f"{run.model} {run.contract_version}", run.profile, str(run.seed))
    yield _row(*facts, f"{told.calls:,}", told.price)
    yield f"\n{pluralise(told.total, 'case')} = {_sum(run)}\n"
    yield (
        f"Constraints tried: {told.reached['valid']} on the bound, "
        f"{told.reached['violating']} outside; faults played: {told.reached['faults']}\n"
    )
    yield "| rule | cases | broken by | |"
    yield "| --- | --: | --: | --- |"
    for row in told.rules:
        broken = row.broken or row.advised or row.expected
        status = f"**{row.status}**" if row.broken else row.status
        yield _row(row.id, f"{row.examined or '-'}", f"{broken or '-'}")[:-1] + f"| {status} |"
    for problem in told.broken:
        yield from _details(problem)
    for title, texts in (
        ("Advice", [f"{p.rule.id}: {p.finding.message}" for p in told.advice]),
        ("Passed against expectation", run.unexpected_passes),
        ("Stale lines of known failures", run.stale),
        ("Notes", run.notes),
    ):
        if texts:
            yield f"\n### {title}\n"
            yield from (f"- {_plain(text)}" for text in texts)


def _details(problem: Problem) -> Iterator[str]:
    """One broken rule, folded away; in `pre` nothing is Markdown."""
    cases = f"{len(problem.names):,} of {pluralise(problem.rule.examined, 'case')}"
    yield f"\n<details><summary><b>{_plain(problem.rule.id)}</b>: {cases}</summary>\n"
    yield f"The client {_plain(problem.rule.sentence)}.\n"
    yield "<pre>"
    yield f"smallest: {_pre(problem.example.name)}"
    yield f"found: {_pre(problem.finding.message)}"
    for item in evidence(problem.example, problem.changes):
        yield f"{item.label}:"
        yield from (f"  {_pre(line)}" for line in item.lines)
    yield "</pre>\n</details>"


def _sum(run: Verification) -> str:
    return " + ".join(f"{n:,} {status.replace('-', ' ')}" for status, n in run.counts.items())


def _row(*cells: str) -> str:
    return f"| {' | '.join(map(_plain, cells))} |"


def _plain(text: str) -> str:
    """Text that stays text: every sign that Markdown or HTML could read stands as a reference."""
    return _PUNCTUATION.sub(lambda match: f"&#{ord(match[0])};", one_line(text))


def _pre(text: str) -> str:
    return html.escape(escape_controls(truncate(text, MOST)), quote=False)
