"""Case: one input with a name, a polarity, the constraint that it probes, and a certificate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from aleph_contract.cases.certificates import Certificate
from aleph_contract.cases.constraints import Constraint
from aleph_contract.cases.doubt import Doubt

Polarity = Literal["valid", "violating"]
Kind = Literal["example", "boundary", "combination", "probe"]


@dataclass(frozen=True, slots=True)
class Case:
    """One input with a name, a polarity, and the constraint that it probes.

    Args:
        name: Stable name, such as `boundary/seed/maximum/above`.
        polarity: Whether the contract allows the input.
        constraint: The constraint that it probes; `None` if it probes none.
        input: The input, in plain JSON values.
        compound: Whether it breaks further constraints, because none of its inputs breaks only one.
        certificate: Proof of a violating case.
        note: What the case shows, in one or two sentences.
        text: The exact JSON text of the input if its spelling matters (`1e0`), else `None`.
        kind: The part of the catalogue that it belongs to.
        doubt: Why implementations may differ on it; `None` if it is portable.
        on_bound: Whether a valid boundary case is on the bound; False if no valid input is, such as
            a shorter text where a pattern forbids the longest. Coverage does not count it then.
    """

    name: str
    polarity: Polarity
    constraint: Constraint | None
    input: Any = field(hash=False)
    compound: bool = False
    certificate: Certificate | None = field(default=None, repr=False, compare=False)
    note: str = ""
    text: str | None = None
    kind: Kind = "boundary"
    doubt: Doubt | None = None
    on_bound: bool = True

    @property
    def portable(self) -> bool:
        """Whether every sane implementation treats the input alike; if not, it is gray."""
        return self.doubt is None


@dataclass(frozen=True, slots=True)
class Gap:
    """Cases of one polarity that are left out, and the reason.

    Args:
        constraint: The constraint that has no such case, or not all of them; `None` if the cases
            belong to no single constraint.
        polarity: The polarity of the cases.
        reason: Why they are left out.
    """

    constraint: Constraint | None
    polarity: Polarity
    reason: str
