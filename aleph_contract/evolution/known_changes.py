"""Mark the changes that a file accepts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Protocol

from aleph_contract.evolution.records import Change, Diff


class AcceptedChange(Protocol):
    """One line of the file."""

    @property
    def pattern(self) -> str:
        """A name of a change, or a glob over such names: see `names_of`."""

    @property
    def reason(self) -> str:
        """Why the change is accepted."""


def names_of(model: str, change: Change) -> tuple[str, ...]:
    """The names of a change that a line may match.

    The pointer; the class, such as `breaking for requests`; both, as the terminal report shows
    them; and each of these after the model id and a space.
    """
    own = (change.place, change.title, f"{change.title}: {change.place}")
    return (*own, *(f"{model} {name}" for name in own))


def accept(diff: Diff, lines: Sequence[AcceptedChange]) -> Diff:
    """The diff with the reason in each change that a line matches, and with the stale lines.

    Args:
        diff: The comparisons.
        lines: The lines of the file; the first that matches a change gives the reason.
    """
    used: set[str] = set()

    def marked(model: str, change: Change) -> Change:
        names = names_of(model, change)
        matching = [line for line in lines if _matches(line.pattern, names)]
        used.update(line.pattern for line in matching)
        return replace(change, known=matching[0].reason) if matching else change

    comparisons = tuple(
        replace(each, changes=tuple(marked(each.model, change) for change in each.changes))
        for each in diff.comparisons
    )
    stale = tuple(line.pattern for line in lines if line.pattern not in used)
    return replace(diff, comparisons=comparisons, stale=stale)


def _matches(pattern: str, names: Sequence[str]) -> bool:
    return any(name == pattern or fnmatchcase(name, pattern) for name in names)
