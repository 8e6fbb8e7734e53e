"""The sentences that several formats show of a comparison."""

from __future__ import annotations

import json
from collections.abc import Iterator

from aleph_contract.core.escaping import join_first, one_line, pluralise, truncate
from aleph_contract.evolution.records import Change, Comparison, Diff
from aleph_contract.reports.diff.actions import action

#: Characters of a value in a line of text.
_WIDTH = 100

#: Names of turned cases in one line; the json report has all of them.
_MAX_NAMES = 5


def verdict(diff: Diff) -> str:
    """The numbers of changes by class."""
    counts = diff.counts
    known = f", {counts['known']:,} known" if counts["known"] else ""
    words = ", ".join(f"{counts[name]:,} {name}" for name in ("breaking", "compatible", "unproved"))
    return f"{words}{known}"


def headline(change: Change) -> str:
    """Class, side and place of a change."""
    known = "known, " if change.known else ""
    return one_line(f"{known}{change.title}: {change.place}")


def details(change: Change) -> Iterator[str]:
    """The edit, the reason and the witness."""
    if change.added or change.removed or change.old is not None or change.new is not None:
        yield _edit(change)
    yield change.reason
    if change.classed == "breaking":
        yield f"witness: {shown(change.witness)}"
    if change.known:
        yield f"accepted: {one_line(change.known)}"


def todo(comparison: Comparison) -> Iterator[str]:
    """What to do: one line for each side and verdict of the cases that turned, then the rules."""
    for (side, now), names in _turned(comparison).items():
        count = pluralise(len(names), _NOUNS[side])
        yield f"{count} {_VERB[side, now]}: {one_line(join_first(names, _MAX_NAMES))}"
    if comparison.rules:
        yield f"run verify client for the rules {', '.join(comparison.rules)}"
    yield from dict.fromkeys(action(change) for change in comparison.changes if change.fails)


_NOUNS = {"requests": "input", "replies": "result"}
_VERB = {
    ("requests", "valid"): "refused before and valid now",
    ("requests", "violating"): "valid before and refused now",
    ("replies", "valid"): "not possible before and possible now",
    ("replies", "violating"): "possible before and not possible now",
}


def _turned(comparison: Comparison) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for case in comparison.turned:
        found.setdefault((case.side, case.now), []).append(case.name)
    return found


def _edit(change: Change) -> str:
    if change.added:
        return f"added: {shown(change.new)}"
    if change.removed:
        return f"removed: {shown(change.old)}"
    return f"{shown(change.old)} -> {shown(change.new)}"


def shown(value: object) -> str:
    """A JSON value in one line, cut if it is long."""
    return truncate(json.dumps(value), _WIDTH)
