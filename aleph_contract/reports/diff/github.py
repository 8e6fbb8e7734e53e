"""The report of a comparison for GitHub Actions: annotations, and a step summary in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from aleph_contract.evolution.records import Change, Class, Comparison, Diff
from aleph_contract.reports.diff.texts import details, headline, todo, verdict
from aleph_contract.reports.github import capped, plain, preformatted, table_row, workflow_command

#: Class of a change -> the level of its annotation; a compatible change has none.
_LEVELS: dict[Class, str] = {"breaking": "error", "unproved": "warning"}


def render(diff: Diff) -> str:
    """The annotations, one workflow command per line: the numbers, then each change."""
    level = "error" if diff.exit_code else "notice"
    lines = [workflow_command(level, "Contract changes", verdict(diff))]
    for classed, each in _LEVELS.items():
        lines += capped(
            [
                _annotation(each, comparison, change)
                for comparison in diff.comparisons
                for change in comparison.changes
                if change.classed == classed and not change.known
            ]
        )
    return "".join(f"{line}\n" for line in lines)


def step_summary(diff: Diff) -> str:
    """The step summary in GitHub's Markdown: numbers, changes, what to do."""
    return "\n".join(_lines(diff)) + "\n"


def _annotation(level: str, comparison: Comparison, change: Change) -> str:
    words = "\n".join((comparison.model, *details(change)))
    return workflow_command(level, headline(change), words)


def _lines(diff: Diff) -> Iterator[str]:
    yield f"## Contract changes: {plain(verdict(diff))}\n"
    for comparison in diff.comparisons:
        if not comparison.changes:
            continue
        yield f"### {plain(comparison.model)}\n"
        yield "| class | side | place |"
        yield "| --- | --- | --- |"
        for change in comparison.changes:
            classed = f"{change.classed} (known)" if change.known else change.classed
            yield table_row(classed, change.side, change.place)
        yield "\n<details><summary>Witnesses and reasons</summary>\n\n<pre>"
        for change in comparison.changes:
            yield preformatted(headline(change))
            yield from (f"  {preformatted(line)}" for line in details(change))
        yield "</pre>\n</details>\n"
        yield from (f"- {plain(line)}" for line in todo(comparison))
    if diff.stale:
        yield "\n### Lines of the file of known changes that match no change\n"
        yield from (f"- {plain(line)}" for line in diff.stale)
