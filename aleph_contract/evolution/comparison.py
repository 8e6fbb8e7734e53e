"""Compare two versions of a contract: classify each change for requests and for replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.core.jsonvalue import identity
from aleph_contract.errors import ContractError
from aleph_contract.evolution.changes import ABSENT, Edit, edits, is_definition
from aleph_contract.evolution.consequences import turned_cases
from aleph_contract.evolution.containment import is_contained
from aleph_contract.evolution.facts import (
    annotation,
    compare_facts,
    is_annotation,
    without_annotations,
)
from aleph_contract.evolution.forms import in_form_of
from aleph_contract.evolution.records import Change, Class, Comparison, Side
from aleph_contract.evolution.shrinking import shrink
from aleph_contract.evolution.witnesses import WitnessSearch, accepted, of_replies, refused
from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.interface import MISSING
from aleph_contract.schema.pointers import plain
from aleph_contract.schema.validation.validator import Validator


def compare(old: Contract, new: Contract) -> Comparison:
    """Classify every change between two versions of a contract."""
    if identity(old.entry) == identity(new.entry):
        return Comparison(new.model, old.source, new.source, None, None, ())
    old = in_form_of(old, new)
    inputs = list(edits(plain(old.input_schema), plain(new.input_schema)))
    outputs = list(edits(plain(old.output_schema), plain(new.output_schema)))
    requests, first = _compare_side("requests", inputs, old, new)
    replies, second = _compare_side("replies", outputs, of_replies(old), of_replies(new))
    texts = (
        annotation(edit, schema)
        for schema, found in (("input", inputs), ("output", outputs))
        for edit in found
        if is_annotation(edit)
    )
    changes = (*first, *second, *texts, *compare_facts(old, new))
    found = Comparison(new.model, old.source, new.source, requests, replies, changes)
    return replace(found, turned=tuple(turned_cases(old, new, inputs, outputs)))


def _compare_side(
    side: Side, changed: Sequence[Edit], old: Contract, new: Contract
) -> tuple[Class | None, list[Change]]:
    found = [edit for edit in changed if not is_annotation(edit)]
    if not found:
        return None, []
    narrow, wide = (old, new) if side == "requests" else (new, old)
    if is_contained(_document(narrow), _document(wide)):
        return "compatible", [_change(side, edit, "compatible", _PROVED[side]) for edit in found]
    sorter = _Classifier(side, old, WitnessSearch(narrow, wide, found))
    changes = [sorter.change(edit) for edit in found]
    smallest = sorter.search.smallest()
    if smallest is MISSING:
        return "unproved", changes
    if not any(change.classed == "breaking" for change in changes):
        changes.append(sorter.together(smallest))
    return "breaking", changes


def _document(contract: Contract) -> Document:
    return Document(without_annotations(contract.input_schema), source=contract.source)


_PROVED: Mapping[Side, str] = {
    "requests": "every input that was valid is valid now (proved on the schemas)",
    "replies": "every result that is possible now was possible before (proved on the schemas)",
}
_ALONE = "this change alone breaks nothing (proved on the schemas)"
_DEFINITION = "a definition rejects no value by itself"
_BREAKS: Mapping[Side, str] = {
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

    def __init__(self, side: Side, old: Contract, search: WitnessSearch) -> None:
        self.side = side
        self.old = plain(old.input_schema)
        self.search = search

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

        def breaks_alone(value: Any) -> bool:
            return accepted(one, value) and refused(other, value)

        value = self.search.first(breaks_alone)
        if value is MISSING:
            return _change(self.side, edit, "unproved", _UNPROVED)
        witness = shrink(value, lambda v: breaks_alone(v) and self.search.breaks(v))
        return _change(self.side, edit, "breaking", _BREAKS[self.side], witness)

    def together(self, value: Any) -> Change:
        """The smallest witness that no edit makes alone."""
        witness = shrink(value, self.search.breaks)
        return Change(self.side, "", None, None, False, False, "breaking", witness, _TOGETHER)
