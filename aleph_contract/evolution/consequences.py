"""The cases of a new version whose verdict turned, and the rules that judge clients by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aleph_contract.cases.case import Polarity
from aleph_contract.contract import Contract
from aleph_contract.evolution.aiming import cases_at
from aleph_contract.evolution.changes import Edit
from aleph_contract.evolution.facts import is_annotation
from aleph_contract.evolution.records import Side, TurnedCase
from aleph_contract.evolution.witnesses import accepted, of_replies, refused
from aleph_contract.schema.pointers import plain
from aleph_contract.schema.validation.validator import Validator

#: Side and polarity of a case -> the rules that judge a client by it. A client reads a result
#: that the contract did not allow before; it gets no result that the contract does not allow.
RULES_OF: Mapping[tuple[Side, Polarity], tuple[str, ...]] = {
    ("requests", "valid"): ("request.valid", "request.faithful", "boundary.accepted"),
    ("requests", "violating"): (
        "boundary.not-repaired",
        "boundary.refusal-surfaced",
        "boundary.refused-locally",
    ),
    ("replies", "valid"): ("response.result",),
    ("replies", "violating"): (),
}


def turned_cases(
    old: Contract, new: Contract, inputs: Sequence[Edit], outputs: Sequence[Edit]
) -> Iterator[TurnedCase]:
    """The boundary cases of the changed constraints of `new` that `old` judges otherwise.

    Args:
        old: The old version.
        new: The new version.
        inputs: The edits of the input schema.
        outputs: The edits of the output schema.
    """
    yield from _turned("requests", old, new, inputs)
    yield from _turned("replies", of_replies(old), of_replies(new), outputs)


def _turned(
    side: Side, old: Contract, new: Contract, changed: Sequence[Edit]
) -> Iterator[TurnedCase]:
    before = Validator(old.input_schema)
    for case in cases_at(new, [edit for edit in changed if not is_annotation(edit)]):
        judged = refused if case.polarity == "valid" else accepted
        if judged(before, plain(case.input)):
            yield TurnedCase(side, case.name, case.polarity, RULES_OF[side, case.polarity])
