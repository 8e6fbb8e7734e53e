"""The cases of a new version whose verdict turned, and the rules that judge clients by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aleph_contract.cases import cases
from aleph_contract.cases.case import Polarity
from aleph_contract.contract import Contract
from aleph_contract.evolution.records import Comparison, Side, TurnedCase
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


def turned_cases(found: Comparison, old: Contract, new: Contract) -> Iterator[TurnedCase]:
    """The cases of `new` that `old` judges otherwise, on each side with a change.

    Args:
        found: The comparison of the two.
        old: The old version.
        new: The new version.
    """
    if found.requests is not None:
        yield from _turned("requests", old, new)
    if found.replies is not None:
        yield from _turned("replies", of_replies(old), of_replies(new))


def _turned(side: Side, old: Contract, new: Contract) -> Iterator[TurnedCase]:
    before = Validator(old.input_schema)
    for case in cases(new):
        judged = refused if case.polarity == "valid" else accepted
        if judged(before, plain(case.input)):
            yield TurnedCase(side, case.name, case.polarity, RULES_OF[side, case.polarity])
