"""The report of a comparison for a terminal: each change, what to do, the numbers."""

from __future__ import annotations

from collections.abc import Iterator

from aleph_contract.core.escaping import one_line
from aleph_contract.evolution.records import Comparison, Diff
from aleph_contract.reports.diff.texts import details, headline, todo, verdict
from aleph_contract.reports.text import Style, wrapped

_TONES = {"breaking": "red", "unproved": "yellow", "compatible": "green"}


def render(diff: Diff, style: Style = Style()) -> str:  # noqa: B008 - a frozen record
    """The report; the numbers are last, so that they stay on the screen."""
    several = len(diff.comparisons) > 1
    lines: list[str] = []
    for comparison in diff.comparisons:
        if several and comparison.changes:
            lines += [style.paint(f"## {one_line(comparison.model)}", "bold")]
        lines += _lines(comparison, style)
    for line in diff.stale:
        text = f"{one_line(line)} in the file of known changes matches no change"
        lines += wrapped(text, style)
    return "".join(f"{line}\n" for line in lines) + render_verdict(diff, style)


def render_verdict(diff: Diff, style: Style) -> str:
    """The numbers of changes by class."""
    return style.paint(verdict(diff), "red" if diff.exit_code else "green") + "\n"


def _lines(comparison: Comparison, style: Style) -> Iterator[str]:
    for change in comparison.changes:
        tone = "dim" if change.known else _TONES[change.classed]
        yield style.paint(headline(change), tone)
        yield from (f"  {line}" for line in details(change))  # a witness is copied: never wrapped
    actions = list(todo(comparison))
    if actions:
        yield style.paint("what to do", "bold")
        for line in actions:
            yield from wrapped(line, style, "  ")
