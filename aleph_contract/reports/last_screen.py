"""The end of the terminal report: one screen with causes, counts, verdict and next command."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from aleph_contract.core.escaping import escape_controls, join_first, one_line, pluralise
from aleph_contract.reports.causes import Cause
from aleph_contract.reports.example import next_command
from aleph_contract.reports.summary import Problem, Summary
from aleph_contract.reports.text import UNWRAPPED, Style, headed, wrapped

#: Lines of the smallest usual terminal, without the line of the prompt.
MAX_LINES = 23

#: Maximum number of names in a list of untried constraints or faults.
MAX_NAMES = 8

#: Where the calls of a mode are, if not on the fake.
_PLACES = {"server": "to the server", "judge": "in the recordings"}

_TONES = {"conforms": "green", "does-not-conform": "red", "not-checked": "yellow"}


def last_screen(summary: Summary, style: Style) -> Iterator[str]:
    """Each broken rule and cause, the counts, the verdict, and the next command.

    On a terminal it has at most `MAX_LINES` rows: causes that do not fit are cut to a row each,
    and those that still do not fit are counted.
    """
    end = [*_counts(summary, style), "", *verdict_lines(summary, style), *_next(summary, style)]
    causes = list(_causes(summary))
    if causes:
        yield style.paint("summary", "dim")
        yield from _fitted(causes, MAX_LINES - 2 - sum(_rows(line, style) for line in end), style)
        yield ""
    yield from end


def verdict_lines(summary: Summary, style: Style) -> Iterator[str]:
    """The verdict, and its advice."""
    verdict, tone = summary.verdict, _TONES[summary.verdict.word]
    yield from headed(verdict.title.upper(), f": {verdict.sentence}", style, "bold", tone)
    if verdict.advice:
        yield from headed("ADVICE", f": {verdict.advice}", style, "yellow")


class _CauseText(NamedTuple):
    """The text of a cause, with its coloured head."""

    head: str
    rest: str
    tone: str

    def whole(self, style: Style) -> Iterator[str]:
        return headed(self.head, self.rest, style, self.tone)

    def cut(self, style: Style) -> str:
        """One row of a terminal."""
        rest = self.rest
        if len(self.head + rest) > style.width:
            rest = f"{rest[: style.width - len(self.head) - 1]}…"
        return style.paint(self.head, self.tone) + rest


def _causes(summary: Summary) -> Iterator[_CauseText]:
    for problem in summary.broken:
        yield from (_text("BROKEN", problem, cause, "red") for cause in problem.causes)
    for problem in (p for p in summary.advice if not summary.repeats(p)):
        yield from (_text("ADVICE", problem, cause, "yellow") for cause in problem.causes)


def _text(word: str, problem: Problem, cause: Cause, tone: str) -> _CauseText:
    case = f"{escape_controls(cause.example.name)}{cause.share}"
    rest = f": {one_line(cause.finding.message)} ({case})"
    return _CauseText(f"{word} {problem.rule.id}", rest, tone)


def _fitted(causes: list[_CauseText], room: int, style: Style) -> Iterator[str]:
    """The causes in at most `room` rows of a terminal; whole in a log."""
    room = max(room, 3)
    whole = [line for cause in causes for line in cause.whole(style)]
    if len(whole) <= room or style.width >= UNWRAPPED:
        yield from whole
        return
    fitting = causes if len(causes) <= room else causes[: room - 1]
    yield from (cause.cut(style) for cause in fitting)
    if left := len(causes) - len(fitting):
        yield f"… and {pluralise(left, 'more cause')}, above"


def _rows(line: str, style: Style) -> int:
    """The number of rows that a line takes on a terminal, which breaks long commands."""
    return 1 if style.width >= UNWRAPPED else max(1, -(-len(line) // style.width))


def _counts(summary: Summary, style: Style) -> Iterator[str]:
    verification = summary.verification
    counts = verification.counts
    shown = [
        f"{count:,} {status.replace('-', ' ')}"
        for status, count in counts.items()
        if count or status in ("passed", "failed")
    ]
    yield from wrapped(f"{pluralise(summary.total, 'case')} = {' + '.join(shown)}", style)
    if summary.total:
        yield from _coverage(summary, style)
        yield from _traffic(summary, style)
    if verification.command_exit:
        yield f"the command exited with {verification.command_exit}"


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


def _traffic(summary: Summary, style: Style) -> Iterator[str]:
    verification = summary.verification
    calls = pluralise(summary.calls, "call")
    place = _PLACES.get(verification.mode, "to the fake")
    traffic = f"{calls} {place}, on the real service {summary.price}"
    phases = ", ".join(f"{name} {spent:.1f} s" for name, spent in verification.phases)
    times = f" ({phases})" if phases and style.verbose else ""
    yield from wrapped(f"{traffic}; {verification.elapsed:.1f} s{times}", style)


def _next(summary: Summary, style: Style) -> Iterator[str]:
    """The command to run next: the smallest failing example, or the first that could not run."""
    if summary.broken:
        first = summary.broken[0]
        text = next_command(first.rule, first.example)
    else:
        results = summary.verification.results
        undone = (r.reproduce for r in results if r.status == "could-not-run")
        text = next(undone, "")
    if text:
        yield style.paint("next: ", "dim") + escape_controls(text)
