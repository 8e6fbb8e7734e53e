"""The doubt about a gray input: in what sane implementations may differ on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: - `acceptance`: is the input allowed? Refusing and sending are both right, altering is not.
#: - `carriage`: can the input travel unchanged? Altering is excused too.
DoubtKind = Literal["acceptance", "carriage"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why an input is gray.

    Args:
        kind: See `DoubtKind`.
        reason: One sentence.
    """

    kind: DoubtKind
    reason: str
