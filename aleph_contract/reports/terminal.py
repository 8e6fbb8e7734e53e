"""The report for a terminal or a log; the verdict is last, so that it stays on the screen."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TextIO

from aleph_contract.core.escaping import (
    escape_controls,
    escape_workflow_commands,
    join_first,
    one_line,
    pluralise,
    truncate,
)
from aleph_contract.core.results import Verification
from aleph_contract.reports.case_details import Detail, details_of, sent
from aleph_contract.reports.server_table import server_table
from aleph_contract.reports.summary import Problem, RuleRow, Summary, summarise

#: Maximum number of characters of a payload; the json report has it in full.
MAX_PAYLOAD = 400

#: Maximum number of characters of a command; a longer one is too long to copy from a terminal.
MAX_COMMAND = 4000

#: Maximum number of names in a list of untried constraints or faults.
MAX_NAMES = 8

#: Maximum number of causes that are shown of one rule.
MAX_CAUSES = 6

#: Width of a report that is not for a terminal: wider than any line.
UNWRAPPED = 1_000_000

#: SGR colour codes (ECMA-48).
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}

#: The words of a mode, where its name alone is not the command.
_MODES = {"server": "verify server"}

#: Where the calls of a mode are, if not on the fake.
_PLACES = {"server": "to the server", "judge": "in the recordings"}

_TONES = {"conforms": "green", "does-not-conform": "red", "not-checked": "yellow"}
_STATUS_TONES = {"broken": "red", "advice": "yellow", "expected": "yellow"}

#: Width of the column of labels.
_LABEL_WIDTH = 11


@dataclass(frozen=True, slots=True)
class Style:
    """The width of the report, and whether it has colours.

    Outside a terminal no line is wrapped, so that `grep` finds a whole sentence, URL or input.
    """

    width: int = UNWRAPPED
    colour: bool = False

    @classmethod
    def of(cls, stream: TextIO, environment: Mapping[str, str] = os.environ) -> Style:
        """The style for a stream; `FORCE_COLOR` adds colours to a pipe, `NO_COLOR` removes them."""
        terminal = stream.isatty() and environment.get("TERM") != "dumb"
        forced = environment.get("FORCE_COLOR", "") not in ("", "0")
        colour = (terminal or forced) and not environment.get("NO_COLOR")
        width = shutil.get_terminal_size((80, 24)).columns
        return cls(min(max(width, 40), 100) if terminal else UNWRAPPED, colour)

    def paint(self, text: str, *tones: str) -> str:
        """The text in these colours, or unchanged if the report has no colours."""
        codes = ";".join(_CODES[tone] for tone in tones if tone)
        return f"\x1b[{codes}m{text}\x1b[0m" if self.colour and codes else text


def render(verification: Verification, style: Style | None = None) -> str:
    """The report as text with a final line feed; unwrapped without colours if `style` is None."""
    style = style or Style()
    summary = summarise(verification)
    broken: dict[str, str] = {}
    advised: dict[str, str] = {}  # advice has its own evidence, for a reader who looks only there
    blocks = [
        _header(summary, style),
        _rules(summary, style),
        server_table(verification) if verification.mode == "server" else (),
        *(_problem(problem, style, broken) for problem in summary.broken),
        *(_advice(problem, style, advised) for problem in summary.advice),
        _reasons("expected to fail", summary.expected, style),
        _reasons("skipped", summary.skipped, style),
        _reasons("could not be run", summary.could_not_run, style),
        _known_failing(summary, style),
        _footer(summary, style),
    ]
    text = "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block)))
    return escape_workflow_commands(text) + "\n"


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


def _problem(problem: Problem, style: Style, shown: dict[str, str]) -> Iterator[str]:
    row = problem.rule
    yield from headed(f"BROKEN {row.id}", f" in {_share(row, problem)}", style, "bold", "red")
    yield from wrapped(f"The {row.subject} {row.sentence}." if row.sentence else "", style, "  ")
    yield ""
    yield from _evidence(problem, style, shown)


def _evidence(problem: Problem, style: Style, shown: dict[str, str]) -> Iterator[str]:
    """The evidence of the simplest case, then the other causes.

    Args:
        problem: The broken rule.
        style: The style.
        shown: Name of each case that was shown -> the rule under which; its details are not
            printed again.
    """
    example = problem.example
    yield from labelled(Detail("smallest", (example.name,)), style)
    yield from labelled(Detail("found", (problem.finding.message,)), style)
    before = shown.setdefault(example.name, problem.rule.id)
    if before != problem.rule.id:
        yield from labelled(Detail("details", (f"see {before}, above",)), style)
    else:
        for detail in details_of(example, problem.changes):
            yield from labelled(detail, style)
    yield from labelled(Detail("also in", (join_first(problem.others),)), style)
    yield from _other_causes(problem, style)


def _other_causes(problem: Problem, style: Style) -> Iterator[str]:
    """The further causes of a broken rule: one line of finding each, and a case that shows it."""
    for cause in problem.causes[1:MAX_CAUSES]:
        cases = pluralise(len(cause.names), "case")
        yield ""
        yield from labelled(Detail("also found", (cause.finding.message,)), style)
        changed = sent(cause.example, cause.changes) if cause.changes else ()
        yield from labelled(Detail("sent", changed, "exact"), style)
        yield from labelled(Detail("in", (f"{cases}, such as {cause.example.name}",)), style)
        yield from labelled(Detail("reproduce", (cause.example.reproduce,), "command"), style)
    if (left := len(problem.causes) - MAX_CAUSES) > 0:
        yield from wrapped(f"and {pluralise(left, 'more cause')}", style, "  ")


def _share(row: RuleRow, problem: Problem) -> str:
    return f"{len(problem.names):,} of {pluralise(row.examined, 'case')}"


def _advice(problem: Problem, style: Style, shown: dict[str, str]) -> Iterator[str]:
    row = problem.rule
    yield from headed(f"ADVICE {row.id}", f" in {_share(row, problem)}", style, "yellow")
    yield from _evidence(problem, style, shown)


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


def _coverage(summary: Summary, style: Style) -> Iterator[str]:
    """Coverage on one line; after `exec`, also the names of untried constraints and faults."""
    valid, violating, faults = (summary.coverage[name] for name in ("valid", "violating", "faults"))
    text = f"constraints tried: {valid} on the bound, {violating} outside"
    lists = [("on the bound", valid), ("outside", violating)]
    if summary.plays_faults:
        text += f"; faults played: {faults}"
        lists.append(("played", faults))
    yield from wrapped(text, style)
    if summary.verification.mode != "verify":
        for title, tried in lists:
            if tried.missing:
                never = f"never {title}: {join_first(tried.missing, MAX_NAMES)}"
                yield from wrapped(never, style, "  ")


def _footer(summary: Summary, style: Style) -> Iterator[str]:
    verification = summary.verification
    parts = [
        f"{count:,} {status.replace('-', ' ')}" for status, count in verification.counts.items()
    ]
    yield from wrapped(f"{pluralise(summary.total, 'case')} = {' + '.join(parts)}", style)
    if summary.total:
        yield from _traffic(summary, style)
    if verification.command_exit:
        yield f"the command exited with {verification.command_exit}"
    yield ""
    yield from _verdict(summary, style)


def render_verdict(verification: Verification, style: Style | None = None) -> str:
    """The verdict alone, for a run whose reports go elsewhere."""
    lines = _verdict(summarise(verification), style or Style())
    return escape_workflow_commands("\n".join(lines)) + "\n"


def _verdict(summary: Summary, style: Style) -> Iterator[str]:
    verdict, tone = summary.verdict, _TONES[summary.verdict.word]
    yield from headed(verdict.title.upper(), f": {verdict.sentence}", style, "bold", tone)
    if verdict.advice:
        yield from headed("ADVICE", f": {verdict.advice}", style, "yellow")


def _traffic(summary: Summary, style: Style) -> Iterator[str]:
    verification = summary.verification
    yield from _coverage(summary, style)
    calls = pluralise(summary.calls, "call")
    place = _PLACES.get(verification.mode, "to the fake")
    traffic = f"{calls} {place}, on the real service {summary.price}"
    phases = ", ".join(f"{name} {spent:.1f} s" for name, spent in verification.phases)
    yield from wrapped(
        f"{traffic}; {verification.elapsed:.1f} s{f' ({phases})' if phases else ''}", style
    )


def labelled(detail: Detail, style: Style) -> Iterator[str]:
    """The lines of a detail, after a column with its label."""
    head = f"  {detail.label:<{_LABEL_WIDTH - 1}} "
    for text in filter(None, detail.lines):
        for line in escape_controls(_SHORTEN[detail.kind](text)).split("\n"):
            for piece in _WRAP[detail.kind](line, style.width - len(head)):
                yield (style.paint(head, "dim") if head.strip() else head) + piece
                head = " " * len(head)


def _wrap_prose(text: str, width: int) -> list[str]:
    """Wrap at spaces; every line keeps the indent of the text."""
    indent = " " * (len(text) - len(text.lstrip()))
    lines = textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
    return lines or [""]


def _wrap_exact(text: str, width: int) -> list[str]:
    """Break after exactly `width` characters, so that joining the lines gives the text."""
    return [text[start : start + width] for start in range(0, len(text), width)] or [""]


def _no_wrap(text: str, _: int) -> list[str]:
    """A command stays on one line, so that it can be copied."""
    return [text]


def _shorten(text: str) -> str:
    return truncate(text, MAX_PAYLOAD)


def _shorten_command(text: str) -> str:
    if len(text) > MAX_COMMAND:
        return f"a command of {len(text):,} characters; the json report has it in full"
    return text


#: How to shorten and how to wrap each kind of detail.
_SHORTEN = {"prose": _shorten, "exact": _shorten, "command": _shorten_command}
_WRAP = {"prose": _wrap_prose, "exact": _wrap_exact, "command": _no_wrap}


def headed(head: str, rest: str, style: Style, *tones: str) -> Iterator[str]:
    """A line that starts with a coloured `head`, wrapped at the width of the style."""
    first, *more = wrapped(head + rest, style)
    cut = min(len(escape_controls(head)), len(first))
    yield style.paint(first[:cut], *tones) + first[cut:]
    yield from more


def wrapped(text: str, style: Style, indent: str = "") -> list[str]:
    """The lines of a text, wrapped at the width of the style."""
    return textwrap.wrap(
        escape_controls(text),
        style.width,
        initial_indent=indent,
        subsequent_indent=indent or "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
