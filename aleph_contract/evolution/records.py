"""The records of a comparison: changes, their classes, and the cases that they turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Side = Literal["requests", "replies", "billing", "documentation"]
Class = Literal["breaking", "compatible", "unproved"]

#: The classes, the worst first.
CLASSES: tuple[Class, ...] = ("breaking", "unproved", "compatible")


@dataclass(frozen=True, slots=True)
class Change:
    """One classified change.

    Args:
        side: `requests`: of the input schema or the model id; `replies`: of the output schema;
            `billing`: of a price; `documentation`: of another member of the entry.
        pointer: JSON Pointer to the changed keyword in that schema, or to the changed member in
            the entry; empty for several changes that break only together.
        old: The old value; `None` if it was absent.
        new: The new value; likewise.
        added: Whether the old version does not have it.
        removed: Whether the new version does not have it.
        classed: `breaking` with a witness; `compatible` with a proof; else `unproved`.
        witness: A breaking change: an input that was valid and is refused now, a result that was
            not possible and is possible now, or the price that is higher.
        reason: The proof, or the sentence for the witness.
        known: The reason for which the change is accepted; empty if it is not.
    """

    side: Side
    pointer: str
    old: Any
    new: Any
    added: bool
    removed: bool
    classed: Class
    witness: Any
    reason: str
    known: str = ""

    @property
    def title(self) -> str:
        """The class and the side, such as `breaking for requests`."""
        return f"{self.classed} for {self.side}"

    @property
    def place(self) -> str:
        """The pointer, or words for the whole schema."""
        return self.pointer or "the whole schema"

    @property
    def fails(self) -> bool:
        """Whether it is breaking and not accepted."""
        return self.classed == "breaking" and not self.known


@dataclass(frozen=True, slots=True)
class TurnedCase:
    """A case of the new version that the old version judges otherwise.

    Args:
        side: `requests` for an input, `replies` for a result.
        name: Name of the case in the new catalogue.
        now: `valid` or `violating` under the new version.
        rules: The rules that judge a client by such a case.
    """

    side: Side
    name: str
    now: Literal["valid", "violating"]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes between two versions of a model, and the class of each schema.

    Args:
        model: The model id, of the new version if it has another.
        old: The file of the old version; empty for a model that is new.
        new: The file of the new version; empty for a model that is removed.
        requests: The class of the input schema; `None` without a change of it.
        replies: The class of the output schema; likewise.
        changes: Every change.
        turned: The cases of the new version that the old one judges otherwise.
    """

    model: str
    old: str
    new: str
    requests: Class | None
    replies: Class | None
    changes: tuple[Change, ...]
    turned: tuple[TurnedCase, ...] = ()

    @property
    def breaking(self) -> tuple[Change, ...]:
        """The breaking changes, the accepted ones too."""
        return tuple(change for change in self.changes if change.classed == "breaking")

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that judge by a turned case, each once."""
        return tuple(dict.fromkeys(rule for case in self.turned for rule in case.rules))


@dataclass(frozen=True, slots=True)
class Diff:
    """The comparisons of all models.

    Args:
        old: The file or folder of the old versions.
        new: The file or folder of the new versions.
        comparisons: One for each model of either side.
        stale: The lines of the file of accepted changes that match no change.
    """

    old: str
    new: str
    comparisons: tuple[Comparison, ...]
    stale: tuple[str, ...] = ()

    def changes(self) -> Iterator[Change]:
        """Every change of every model."""
        return (change for comparison in self.comparisons for change in comparison.changes)

    @property
    def counts(self) -> dict[str, int]:
        """The number of changes of each class; `known`: those that are accepted."""
        found = list(self.changes())
        counts: dict[str, int] = {
            name: sum(c.classed == name and not c.known for c in found) for name in CLASSES
        }
        return {**counts, "known": sum(bool(change.known) for change in found)}

    @property
    def exit_code(self) -> int:
        """1 with a breaking change that is not accepted, else 0."""
        return int(any(change.fails for change in self.changes()))
