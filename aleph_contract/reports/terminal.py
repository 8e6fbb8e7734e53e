"""The report for a person at a terminal or in a log; the verdict stands last, where the eye is."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TextIO

from aleph_contract.diff import describe, shown
from aleph_contract.exchange import Exchange, Outcome
from aleph_contract.reports.digest import Digest, Problem, RuleRow, digest
from aleph_contract.reports.text import (
    clipped,
    counted,
    decoded,
    listed,
    money,
    one_line,
    visible,
)
from aleph_contract.results import CaseResult, Run

#: Longest payload, in characters, that is shown whole; the json report has them all.
MOST = 400

#: Longest command that is shown; a longer one helps nobody in a terminal.
MOST_COMMAND = 4000

#: Most calls and lines of standard error that one finding shows.
MOST_LINES = 8

#: SGR codes of ECMA-48, which every terminal knows.
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}

_TONES = {"conforms": "green", "does-not-conform": "red", "not-checked": "yellow"}
_STATUS_TONES = {"broken": "red", "advice": "yellow", "expected": "yellow", "not examined": "dim"}

#: Width of the labels of a finding.
_LABEL = 11


@dataclass(frozen=True, slots=True)
class Style:
    """How wide to write, and whether in colour."""

    width: int = 80
    colour: bool = False

    @classmethod
    def of(cls, stream: TextIO, environment: Mapping[str, str] = os.environ) -> Style:
        """What suits a stream: colour on a terminal only, unless `FORCE_COLOR`; never `NO_COLOR`."""
        terminal = stream.isatty() and environment.get("TERM") != "dumb"
        forced = environment.get("FORCE_COLOR", "") not in ("", "0")
        colour = (terminal or forced) and not environment.get("NO_COLOR")
        width = shutil.get_terminal_size((80, 24)).columns if terminal else 80
        return cls(min(max(width, 40), 100), colour)

    def paint(self, text: str, *tones: str) -> str:
        """The text in tones, if in colour."""
        codes = ";".join(_CODES[tone] for tone in tones if tone)
        return f"\x1b[{codes}m{text}\x1b[0m" if self.colour and codes else text


def render(run: Run, style: Style | None = None) -> str:
    """The report as text with a final line feed; plain and 80 columns wide unless styled."""
    style = style or Style()
    told = digest(run)
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
    return "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block))) + "\n"


def _head(told: Digest, style: Style) -> Iterator[str]:
    run = told.run
    yield style.paint(f"aleph-contract {run.mode}: {told.who}", "bold")
    facts = f"{run.model}, contract {run.contract_version}, profile {run.profile}, seed {run.seed}"
    yield from _wrapped(facts, style)
    yield from (line for note in run.notes for line in _wrapped(f"note: {one_line(note)}", style))


def _rules(told: Digest, style: Style) -> Iterator[str]:
    width = max(len(row.id) for row in told.rules)
    yield style.paint(f"{'rule':<{width}}  {'cases':>6}  {'broken by':>9}", "dim")
    for row in told.rules:
        broken = row.broken or row.advised or row.expected
        status = "" if row.status == "kept" else row.status
        line = f"{row.id:<{width}}  {row.examined or '-':>6}  {broken or '-':>9}  {status}"
        yield style.paint(line.rstrip(), _STATUS_TONES.get(row.status, ""))


def _problem(problem: Problem, style: Style) -> Iterator[str]:
    row, example = problem.rule, problem.example
    yield style.paint(f"BROKEN {row.id}", "bold", "red") + f" in {_share(row, problem)}"
    yield from _wrapped(f"The client {row.sentence}." if row.sentence else "", style, "  ")
    yield ""
    yield from _field("but", problem.finding.message, style)
    yield from _field("smallest", example.name, style)
    yield from _field("due", example.expectation, style)
    yield from _field("intended", shown(example.intended), style)
    yield from _lines("sent", _sent(problem), style)
    yield from _lines("calls", _calls(example), style)
    yield from _field("reply", _reply(example), style)
    yield from _lines("reported", _reported(example.outcome), style)
    yield from _field("also in", listed(problem.others), style)
    yield from _command("try", example.curl)
    yield from _command("again", example.reproduce)


def _share(row: RuleRow, problem: Problem) -> str:
    return f"{len(problem.names):,} of {counted(row.examined, 'case')}"


def _sent(problem: Problem) -> list[str]:
    """The difference, or that there is none."""
    if problem.changes:
        return [line for change in problem.changes for line in describe(change)]
    return ["as intended"] if problem.example.exchanges else ["nothing"]


def _calls(result: CaseResult) -> list[str]:
    calls = result.exchanges
    if not calls:
        return []
    cost = sum((call.cost for call in calls), start=calls[0].cost * 0)
    head = f"{counted(len(calls), 'call')}, {money(cost)}"
    if len(calls) == 1:
        return [f"{head}: {_call(calls[0], calls[0])}"]
    lines = [f"{call.number}. {_call(call, calls[0])}" for call in calls[:MOST_LINES]]
    left = len(calls) - len(lines)
    return [head, *lines, *([f"… {counted(left, 'more call')}"] if left else [])]


def _call(call: Exchange, first: Exchange) -> str:
    after = f" after {call.received_at - first.received_at:.1f} s" if call is not first else ""
    fault = f" (fault {call.fault})" if call.fault else ""
    answer = "no answer" if call.status is None else str(call.status)
    return f"{call.method} {call.target}{after}: {answer} {call.outcome}{fault}"


def _reply(result: CaseResult) -> str:
    if not result.exchanges:
        return ""
    return decoded(result.exchanges[-1].response_body) or "empty"


def _reported(outcome: Outcome | None) -> list[str]:
    """What the client said of the call, and the end of its standard error."""
    if outcome is None:
        return []
    error = outcome.error
    known = {"stage": error.stage, "status": error.status, "code": error.code} if error else {}
    told = " ".join(f"{name} {value}" for name, value in known.items() if value is not None)
    what = {
        "result": f"result {shown(outcome.video)}",
        "error": f"error{f' ({told})' if told else ''}: {error.message if error else ''}",
    }.get(outcome.kind, f"{outcome.kind}: {outcome.reason}")
    errors = outcome.stderr.strip().splitlines()[-MOST_LINES:]
    return [what, *(f"stderr: {line}" for line in errors)]


def _advice(told: Digest, style: Style) -> Iterator[str]:
    for problem in told.advice:
        row = problem.rule
        yield style.paint(f"ADVICE {row.id}", "yellow") + f" in {_share(row, problem)}"
        yield from _wrapped(problem.finding.message, style, "  ")
        yield from _command("again", problem.example.reproduce or problem.example.name)


def _reasons(title: str, reasons: Mapping[str, tuple[str, ...]], style: Style) -> Iterator[str]:
    for reason, names in reasons.items():
        head = f"{counted(len(names), 'case')} {title}: {reason}"
        yield from _wrapped(head, style)
        yield from _wrapped(listed(names), style, "  ")


def _books(told: Digest, style: Style) -> Iterator[str]:
    """The known-failing file against what happened."""
    run = told.run
    for name in run.unexpected_passes:
        yield style.paint("PASSED", "red") + f" against expectation, take its line out: {name}"
    for pattern in run.stale:
        yield style.paint("STALE", "red") + f" line, it means no case: {pattern}"


def _foot(told: Digest, style: Style) -> Iterator[str]:
    run = told.run
    parts = [f"{count:,} {status.replace('-', ' ')}" for status, count in run.counts.items()]
    yield from _wrapped(f"{counted(told.total, 'case')} = {' + '.join(parts)}", style)
    traffic = f"{counted(told.calls, 'call')} to the fake, {money(told.cost)} on the real service"
    phases = ", ".join(f"{name} {spent:.1f} s" for name, spent in run.phases)
    yield from _wrapped(f"{traffic}; {run.elapsed:.1f} s{f' ({phases})' if phases else ''}", style)
    if run.command_exit:
        yield f"the command exited with {run.command_exit}"
    yield ""
    title = style.paint(told.verdict.title.upper(), "bold", _TONES[told.verdict.word])
    first, *rest = _wrapped(f"{told.verdict.title.upper()}: {told.verdict.sentence}", style)
    yield first.replace(told.verdict.title.upper(), title, 1)
    yield from rest


def _field(label: str, text: str, style: Style) -> Iterator[str]:
    if text:
        yield from _lines(label, [text], style)


def _lines(label: str, lines: Iterable[str], style: Style) -> Iterator[str]:
    """A label and its lines, safe, clipped, and folded to the width."""
    head = f"  {label:<{_LABEL}}"
    for line in lines:
        for part in visible(clipped(line, MOST)).split("\n"):
            for piece in _folded(part, style.width - len(head)):
                yield style.paint(head, "dim") + piece if head.strip() else head + piece
                head = " " * len(head)


def _folded(text: str, width: int) -> list[str]:
    """Fold at spaces where there are some, anywhere else; what it starts with stays in column."""
    margin = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(
        text,
        width,
        initial_indent=margin,
        subsequent_indent=margin,
        break_on_hyphens=False,
    ) or [""]


def _command(label: str, command: str) -> Iterator[str]:
    """A command on one line, to be copied: never folded, never cut."""
    if len(command) > MOST_COMMAND:
        yield f"  {label:<{_LABEL}}a command of {len(command):,} characters; the json report has it"
    elif command:
        yield f"  {label:<{_LABEL}}{visible(command)}"


def _wrapped(text: str, style: Style, margin: str = "") -> list[str]:
    return textwrap.wrap(
        visible(text),
        style.width,
        initial_indent=margin,
        subsequent_indent=margin or "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
