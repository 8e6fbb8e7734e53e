"""The report for a terminal or a log: what is broken, cause by cause, then one screen of summary.

With `-v` it also has the table of all rules, and every detail of each smallest example.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aleph_contract.core.escaping import (
    escape_workflow_commands,
    join_first,
    one_line,
    pluralise,
)
from aleph_contract.core.results import Verification
from aleph_contract.reports.case_details import Detail, details_of
from aleph_contract.reports.causes import Cause
from aleph_contract.reports.example import example_of
from aleph_contract.reports.last_screen import last_screen, verdict_lines
from aleph_contract.reports.server_table import server_table
from aleph_contract.reports.summary import Problem, RuleRow, Summary, summarise
from aleph_contract.reports.text import Style, headed, labelled, wrapped

#: Maximum number of causes that are shown of one rule.
MAX_CAUSES = 6

#: The words of a mode, where its name alone is not the command.
_MODES = {"server": "verify server"}

_STATUS_TONES = {"broken": "red", "advice": "yellow", "expected": "yellow"}


def render(verification: Verification, style: Style | None = None) -> str:
    """The report as text with a final line feed; unwrapped without colours if `style` is None."""
    style = style or Style()
    summary = summarise(verification)
    detailed: dict[str, str] = {}
    blocks = [
        _header(summary, style),
        _rules(summary, style) if style.verbose else (),
        server_table(verification, style) if verification.mode == "server" else (),
        *(_problem("BROKEN", problem, style, detailed) for problem in summary.broken),
        *(_advice(problem, summary, style, detailed) for problem in summary.advice),
        _reasons("expected to fail", summary.expected, style),
        _reasons("skipped", summary.skipped, style),
        _reasons("could not be run", summary.could_not_run, style),
        _known_failing(summary, style),
        last_screen(summary, style),
    ]
    text = "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block)))
    return escape_workflow_commands(text) + "\n"


def render_verdict(verification: Verification, style: Style | None = None) -> str:
    """The verdict alone: for `-q`, and for a run whose reports go elsewhere."""
    lines = verdict_lines(summarise(verification), style or Style())
    return escape_workflow_commands("\n".join(lines)) + "\n"


def _header(summary: Summary, style: Style) -> Iterator[str]:
    verification = summary.verification
    yield from headed(
        f"aleph-contract {_MODES.get(verification.mode, verification.mode)}: {summary.client_name}",
        "",
        style,
        "bold",
    )
    yield from wrapped(summary.settings, style)
    yield from (
        line for note in verification.notes for line in wrapped(f"note: {one_line(note)}", style)
    )


def _rules(summary: Summary, style: Style) -> Iterator[str]:
    examined = [row for row in summary.rules if row.status != "not examined"]
    others = [row.id for row in summary.rules if row not in examined]
    width = max((len(row.id) for row in examined), default=0)
    if examined:
        yield style.paint(f"{'rule':<{width}}  {'cases':>6}  {'broken by':>9}", "dim")
    for row in examined:
        broken = row.broken or row.advised or row.expected
        status = "" if row.status == "kept" else row.status
        line = f"{row.id:<{width}}  {row.examined:>6}  {broken or '-':>9}  {status}"
        yield style.paint(line.rstrip(), _STATUS_TONES.get(row.status, ""))
    if others and summary.total:
        yield from wrapped(f"not examined: {', '.join(others)}", style)


def _problem(word: str, problem: Problem, style: Style, detailed: dict[str, str]) -> Iterator[str]:
    """A broken rule: its sentence, its usual mistake and remedy, then its causes.

    Args:
        word: `BROKEN` or `ADVICE`.
        problem: The broken rule.
        style: The style.
        detailed: Name of each case whose details were printed -> the rule under which; they are
            not printed again.
    """
    row = problem.rule
    tones = ("bold", "red") if word == "BROKEN" else ("yellow",)
    yield from headed(f"{word} {row.id}", f" in {_share(row, problem)}", style, *tones)
    yield from wrapped(f"The {row.subject} {row.sentence}." if row.sentence else "", style, "  ")
    if row.cause and (style.verbose or not _is_explained(problem)):
        yield from wrapped(f"Usual mistake: {row.cause}", style, "  ")
    yield from wrapped(f"Remedy: {row.fix}" if row.fix else "", style, "  ")
    for cause in problem.causes[:MAX_CAUSES]:
        yield ""
        yield from _example(row, cause, style)
        if style.verbose:
            yield from _details(row, cause, style, detailed)
    if (left := len(problem.causes) - MAX_CAUSES) > 0:
        yield ""
        yield from wrapped(f"and {pluralise(left, 'more cause')}", style, "  ")


def _advice(
    problem: Problem, summary: Summary, style: Style, detailed: dict[str, str]
) -> Iterator[str]:
    if summary.repeats(problem) and not style.verbose:
        row = problem.rule
        rest = f" in {_share(row, problem)}, found as under BROKEN {row.id}"
        yield from headed(f"ADVICE {row.id}", rest, style, "yellow")
    else:
        yield from _problem("ADVICE", problem, style, detailed)


def _example(row: RuleRow, cause: Cause, style: Style) -> Iterator[str]:
    """The name of the smallest case with this cause, and its six facts."""
    yield from headed(f"  {one_line(cause.example.name)}", cause.share, style, "bold")
    for detail in example_of(row, cause):
        yield from labelled(detail, style, indent="    ")


def _details(row: RuleRow, cause: Cause, style: Style, detailed: dict[str, str]) -> Iterator[str]:
    """The evidence of the example that its six facts leave out, and the other cases."""
    example = cause.example
    before = detailed.setdefault(example.name, row.id)
    if before != row.id:
        yield from labelled(Detail("details", (f"see {before}, above",)), style, indent="    ")
    else:
        said = {detail.lines for detail in example_of(row, cause)}
        for detail in details_of(example, cause.changes):
            if detail.lines not in said:
                yield from labelled(detail, style, indent="    ")
    names = tuple(name for name in cause.names if name != example.name)
    yield from labelled(Detail("also in", (join_first(names),)), style, indent="    ")


def _is_explained(problem: Problem) -> bool:
    """Whether the likely mistake is known from the inputs that were sent."""
    return any(change.note for cause in problem.causes for change in cause.changes)


def _share(row: RuleRow, problem: Problem) -> str:
    return f"{len(problem.names):,} of {pluralise(row.examined, 'case')}"


def _reasons(title: str, reasons: Mapping[str, tuple[str, ...]], style: Style) -> Iterator[str]:
    for reason, names in reasons.items():
        head = f"{pluralise(len(names), 'case')} {title}: {reason}"
        yield from wrapped(head, style)
        yield from wrapped(join_first(names), style, "  ")


def _known_failing(summary: Summary, style: Style) -> Iterator[str]:
    """The lines of the known-failing file that must be removed."""
    verification = summary.verification
    for name in verification.unexpected_passes:
        text = f", remove its line from the known-failing file: {one_line(name)}"
        yield from headed("UNEXPECTED PASS", text, style, "red")
    for pattern in verification.stale:
        text = f" in the known-failing file, matches no case: {one_line(pattern)}"
        yield from headed("STALE LINE", text, style, "red")
