"""Compare two versions of a contract: classify each change for requests and for replies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aleph_contract.contract import Contract
from aleph_contract.errors import ContractError
from aleph_contract.evolution.changes import ABSENT, Edit, edits, is_definition
from aleph_contract.evolution.containment import is_contained
from aleph_contract.evolution.witnesses import accepted, of_replies, refused, shrink, witnesses
from aleph_contract.schema.document import Document
from aleph_contract.schema.pointers import plain
from aleph_contract.schema.validation.validator import Validator

Side = Literal["requests", "replies"]
Class = Literal["breaking", "compatible", "unproved"]


@dataclass(frozen=True, slots=True)
class Change:
    """One classified change.

    Args:
        side: Whether it is a change of the input schema or of the output schema.
        pointer: JSON Pointer to the changed keyword in that schema; empty for several changes that
            break only together.
        old: The old value of the keyword; `None` if it was absent.
        new: The new value; likewise.
        added: Whether the old schema does not have the keyword.
        removed: Whether the new schema does not have it.
        classed: `breaking` with a witness; `compatible` with a proof; else `unproved`.
        witness: A breaking change: an input that was valid and is refused now, or a result that was
            not possible and is possible now.
        reason: The proof, or the sentence for the witness.
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


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes between two versions, and the class of each side; `None` without a change."""

    old: str
    new: str
    requests: Class | None
    replies: Class | None
    changes: tuple[Change, ...]

    @property
    def breaking(self) -> tuple[Change, ...]:
        """The breaking changes."""
        return tuple(change for change in self.changes if change.classed == "breaking")


def compare(old: Contract, new: Contract) -> Comparison:
    """Classify every change between two versions of a contract."""
    requests, first = _compare_side("requests", old, new)
    replies, second = _compare_side("replies", of_replies(old), of_replies(new))
    return Comparison(old.source, new.source, requests, replies, (*first, *second))


def _compare_side(side: Side, old: Contract, new: Contract) -> tuple[Class | None, list[Change]]:
    found = list(edits(plain(old.input_schema), plain(new.input_schema)))
    if not found:
        return None, []
    narrow, wide = (old, new) if side == "requests" else (new, old)
    if is_contained(_document(narrow), _document(wide)):
        return "compatible", [_change(side, edit, "compatible", _PROVED[side]) for edit in found]
    breaking = witnesses(narrow, wide)
    sorter = _Classifier(side, old, narrow, wide, breaking)
    changes = [sorter.change(edit) for edit in found]
    if breaking and not any(change.classed == "breaking" for change in changes):
        changes.append(sorter.together())
    return "breaking" if breaking else "unproved", changes


def _document(contract: Contract) -> Document:
    return Document(contract.input_schema, source=contract.source)


_PROVED: dict[Side, str] = {
    "requests": "every input that was valid is valid now (proved on the schemas)",
    "replies": "every result that is possible now was possible before (proved on the schemas)",
}
_ALONE = "this change alone breaks nothing (proved on the schemas)"
_DEFINITION = "a definition rejects no value by itself"
_BREAKS: dict[Side, str] = {
    "requests": "this input was valid and is refused now",
    "replies": "this result was not possible before and is possible now",
}
_UNPROVED = "neither a proof nor a witness was found"
_TOGETHER = "several changes break only together"


def _change(side: Side, edit: Edit, classed: Class, reason: str, witness: Any = None) -> Change:
    added, removed = edit.old is ABSENT, edit.new is ABSENT
    old, new = (None if added else edit.old), (None if removed else edit.new)
    return Change(side, edit.pointer, old, new, added, removed, classed, witness, reason)


class _Classifier:
    """Classifies the edits of one side."""

    def __init__(
        self, side: Side, old: Contract, narrow: Contract, wide: Contract, breaking: Sequence[Any]
    ) -> None:
        self.side = side
        self.old = plain(old.input_schema)
        self.narrow = Validator(narrow.input_schema)
        self.wide = Validator(wide.input_schema)
        self.breaking = breaking

    def change(self, edit: Edit) -> Change:
        """One edit, judged by the old schema with and without it."""
        if is_definition(edit):
            return _change(self.side, edit, "compatible", _DEFINITION)
        alone = edit.applied(self.old)
        narrow, wide = (self.old, alone) if self.side == "requests" else (alone, self.old)
        try:
            first, second = Document(narrow), Document(wide)
        except ContractError:  # the edit refers to a definition that another edit adds
            return _change(self.side, edit, "unproved", _UNPROVED)
        if is_contained(first, second):
            return _change(self.side, edit, "compatible", _ALONE)
        one, other = Validator(narrow), Validator(wide)
        for value in self.breaking:
            if accepted(one, value) and refused(other, value):
                witness = shrink(
                    value, lambda v: accepted(one, v) and refused(other, v) and self._breaks(v)
                )
                return _change(self.side, edit, "breaking", _BREAKS[self.side], witness)
        return _change(self.side, edit, "unproved", _UNPROVED)

    def together(self) -> Change:
        """The smallest witness that no edit makes alone."""
        witness = shrink(self.breaking[0], self._breaks)
        return Change(self.side, "", None, None, False, False, "breaking", witness, _TOGETHER)

    def _breaks(self, value: Any) -> bool:
        return accepted(self.narrow, value) and refused(self.wide, value)
