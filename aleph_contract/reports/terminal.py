"""The report for a person at a terminal or in a log; the verdict stands last, where the eye is."""

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
from aleph_contract.reports.case_details import Detail, evidence
from aleph_contract.reports.summary import Problem, RuleRow, Summary, summarise

#: Longest payload, in characters, that is shown whole; the json report has them all.
MOST = 400

#: Longest command that is shown; a longer one helps nobody in a terminal.
MOST_COMMAND = 4000

#: Most names in a list of what was never tried.
MOST_NAMES = 8

#: SGR codes of ECMA-48, which every terminal knows.
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}

_TONES = {"conforms": "green", "does-not-conform": "red", "not-checked": "yellow"}
_STATUS_TONES = {"broken": "red", "advice": "yellow", "expected": "yellow"}

#: Width of the labels of a finding.
_LABEL = 11


@dataclass(frozen=True, slots=True)
class Style:
    """How wide to write, and whether in colour."""

    width: int = 80
    colour: bool = False

    @classmethod
    def of(cls, stream: TextIO, environment: Mapping[str, str] = os.environ) -> Style:
        """What suits a stream; `FORCE_COLOR` colours a pipe too, `NO_COLOR` nothing."""
        terminal = stream.isatty() and environment.get("TERM") != "dumb"
        forced = environment.get("FORCE_COLOR", "") not in ("", "0")
        colour = (terminal or forced) and not environment.get("NO_COLOR")
        width = shutil.get_terminal_size((80, 24)).columns if terminal else 80
        return cls(min(max(width, 40), 100), colour)

    def paint(self, text: str, *tones: str) -> str:
        """The text in tones, if in colour."""
        codes = ";".join(_CODES[tone] for tone in tones if tone)
        return f"\x1b[{codes}m{text}\x1b[0m" if self.colour and codes else text


def render(run: Verification, style: Style | None = None) -> str:
    """The report as text with a final line feed; plain and 80 columns wide unless styled."""
    style = style or Style()
    told = summarise(run)
    blocks = [
        _head(told, style),
        _rules(told, style),
        *(_problem(problem, style) for problem in told.broken),
        _advice(told, style),
        _reasons("expected to fail", told.expected, style),
        _reasons("skipped", told.skipped, style),
        _reasons("could not be run", told.unrun, style),
        _books(told, style),
        _foot(told, style),
    ]
    text = "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block)))
    return escape_workflow_commands(text) + "\n"


def _head(told: Summary, style: Style) -> Iterator[str]:
    run = told.run
    yield from _headed(f"aleph-contract {run.mode}: {told.who}", "", style, "bold")
    facts = f"{run.model}, contract {run.contract_version}, profile {run.profile}, seed {run.seed}"
    yield from _wrapped(facts, style)
    yield from (line for note in run.notes for line in _wrapped(f"note: {one_line(note)}", style))


def _rules(told: Summary, style: Style) -> Iterator[str]:
    examined = [row for row in told.rules if row.status != "not examined"]
    others = [row.id for row in told.rules if row not in examined]
    width = max((len(row.id) for row in examined), default=0)
    if examined:
        yield style.paint(f"{'rule':<{width}}  {'cases':>6}  {'broken by':>9}", "dim")
    for row in examined:
        broken = row.broken or row.advised or row.expected
        status = "" if row.status == "kept" else row.status
        line = f"{row.id:<{width}}  {row.examined:>6}  {broken or '-':>9}  {status}"
        yield style.paint(line.rstrip(), _STATUS_TONES.get(row.status, ""))
    if others and told.total:
        yield from _wrapped(f"not examined: {', '.join(others)}", style)


def _problem(problem: Problem, style: Style) -> Iterator[str]:
    row, example = problem.rule, problem.example
    yield from _headed(f"BROKEN {row.id}", f" in {_share(row, problem)}", style, "bold", "red")
    yield from _wrapped(f"The client {row.sentence}." if row.sentence else "", style, "  ")
    yield ""
    yield from _labelled(Detail("smallest", (example.name,)), style)
    yield from _labelled(Detail("found", (problem.finding.message,)), style)
    for item in evidence(example, problem.changes):
        yield from _labelled(item, style)
    yield from _labelled(Detail("also in", (join_first(problem.others),)), style)


def _share(row: RuleRow, problem: Problem) -> str:
    return f"{len(problem.names):,} of {pluralise(row.examined, 'case')}"


def _advice(told: Summary, style: Style) -> Iterator[str]:
    for problem in told.advice:
        row = problem.rule
        yield from _headed(f"ADVICE {row.id}", f" in {_share(row, problem)}", style, "yellow")
        yield from _wrapped(problem.finding.message, style, "  ")
        again = problem.example.reproduce or problem.example.name
        yield from _labelled(Detail("again", (again,), "command"), style)


def _reasons(title: str, reasons: Mapping[str, tuple[str, ...]], style: Style) -> Iterator[str]:
    for reason, names in reasons.items():
        head = f"{pluralise(len(names), 'case')} {title}: {reason}"
        yield from _wrapped(head, style)
        yield from _wrapped(join_first(names), style, "  ")


def _books(told: Summary, style: Style) -> Iterator[str]:
    """The known-failing file against what happened."""
    run = told.run
    for name in run.unexpected_passes:
        text = f" against expectation, take its line out: {one_line(name)}"
        yield from _headed("PASSED", text, style, "red")
    for pattern in run.stale:
        text = f" line, it means no case: {one_line(pattern)}"
        yield from _headed("STALE", text, style, "red")


def _reach(told: Summary, style: Style) -> Iterator[str]:
    """Coverage in a line; what somebody's own tests never tried is named, ours leave little."""
    kept, broken, faults = (told.reached[name] for name in ("valid", "violating", "faults"))
    text = f"constraints tried: {kept} on the bound, {broken} outside; faults played: {faults}"
    yield from _wrapped(text, style)
    if told.run.mode == "exec":
        for title, reached in (("on the bound", kept), ("outside", broken), ("played", faults)):
            if reached.missing:
                never = f"never {title}: {join_first(reached.missing, MOST_NAMES)}"
                yield from _wrapped(never, style, "  ")


def _foot(told: Summary, style: Style) -> Iterator[str]:
    run = told.run
    parts = [f"{count:,} {status.replace('-', ' ')}" for status, count in run.counts.items()]
    yield from _wrapped(f"{pluralise(told.total, 'case')} = {' + '.join(parts)}", style)
    if told.total:
        yield from _traffic(told, style)
    if run.command_exit:
        yield f"the command exited with {run.command_exit}"
    yield ""
    verdict, tone = told.verdict, _TONES[told.verdict.word]
    yield from _headed(verdict.title.upper(), f": {verdict.sentence}", style, "bold", tone)


def _traffic(told: Summary, style: Style) -> Iterator[str]:
    run = told.run
    yield from _reach(told, style)
    traffic = f"{pluralise(told.calls, 'call')} to the fake, on the real service {told.price}"
    phases = ", ".join(f"{name} {spent:.1f} s" for name, spent in run.phases)
    yield from _wrapped(f"{traffic}; {run.elapsed:.1f} s{f' ({phases})' if phases else ''}", style)


def _labelled(item: Detail, style: Style) -> Iterator[str]:
    head = f"  {item.label:<{_LABEL}}"
    for text in filter(None, item.lines):
        for line in escape_controls(_CLIPS[item.kind](text)).split("\n"):
            for piece in _FOLDS[item.kind](line, style.width - len(head)):
                yield (style.paint(head, "dim") if head.strip() else head) + piece
                head = " " * len(head)


def _fold(text: str, width: int) -> list[str]:
    """Fold at spaces where there are some; what the text starts with stays in its column."""
    margin = " " * (len(text) - len(text.lstrip()))
    folded = textwrap.wrap(
        text, width, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
    )
    return folded or [""]


def _chunk(text: str, width: int) -> list[str]:
    return [text[start : start + width] for start in range(0, len(text), width)] or [""]


def _whole(text: str, _: int) -> list[str]:
    """A command is there to be copied: one line, however long."""
    return [text]


def _clip(text: str) -> str:
    return truncate(text, MOST)


def _clip_command(text: str) -> str:
    if len(text) > MOST_COMMAND:
        return f"a command of {len(text):,} characters; the json report has it"
    return text


#: How to shorten, and how to fold, each kind of evidence.
_CLIPS = {"prose": _clip, "exact": _clip, "command": _clip_command}
_FOLDS = {"prose": _fold, "exact": _chunk, "command": _whole}


def _headed(head: str, rest: str, style: Style, *tones: str) -> Iterator[str]:
    """A line that starts with words in tones, folded where it is too long."""
    first, *more = _wrapped(head + rest, style)
    cut = min(len(escape_controls(head)), len(first))
    yield style.paint(first[:cut], *tones) + first[cut:]
    yield from more


def _wrapped(text: str, style: Style, margin: str = "") -> list[str]:
    return textwrap.wrap(
        escape_controls(text),
        style.width,
        initial_indent=margin,
        subsequent_indent=margin or "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
