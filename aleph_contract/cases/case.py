"""Case: one input with a name, a polarity, the constraint it probes, and the proof."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from aleph_contract.cases.certificates import Certificate
from aleph_contract.cases.constraints import Constraint

Polarity = Literal["valid", "violating"]
Kind = Literal["example", "boundary", "combination", "probe"]


@dataclass(frozen=True, slots=True)
class Case:
    """One input with a name, a polarity, and the constraint it probes.

    Args:
        name: Stable name, such as `boundary/seed/maximum/above`.
        polarity: What the contract says of the input.
        portable: Whether every sane implementation must agree with that; gray otherwise.
        constraint: The constraint it probes, if one.
        input: The input, plain JSON values.
        compound: Whether it breaks more than the one constraint, because it cannot be otherwise.
        certificate: Proof of a violating case.
        note: What the case tells, in a sentence or two.
        text: The exact JSON text of the input where its spelling is the point, else `None`.
        kind: What sort of case it is.
    """

    name: str
    polarity: Polarity
    portable: bool
    constraint: Constraint | None
    input: Any = field(hash=False)
    compound: bool = False
    certificate: Certificate | None = field(default=None, repr=False, compare=False)
    note: str = ""
    text: str | None = None
    kind: Kind = "boundary"


@dataclass(frozen=True, slots=True)
class Gap:
    """A constraint for which no case of one polarity was found, and why."""

    constraint: Constraint
    polarity: Polarity
    reason: str
