"""Types that the value strategies share: options, aims, and the signal of a failed draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Protocol

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from aleph_contract.schema.document import IN_PLACE
from aleph_contract.schema.generation.branches import Member
from aleph_contract.schema.generation.interface import MISSING
from aleph_contract.schema.pointers import SchemaStep

#: From this depth on, only required parts are drawn, of the least depth.
DEEP = 6


class DrawFailed(Exception):  # noqa: N818 - a signal to the strategy of the whole input
    """No draw satisfied the schemas."""


@dataclass(frozen=True, slots=True)
class Option:
    """How to draw a value for one conjunction and type.

    Args:
        draw: Takes Hypothesis' `draw` and the depth of the value.
        min_depth: Returns the least depth of the required parts; infinite for endless recursion.
    """

    draw: Callable[[DrawFn, int], Any]
    min_depth: Callable[[], float] = lambda: 0


def option_of(strategy: SearchStrategy[Any]) -> Iterator[Option]:
    """One option that draws from `strategy`; none if it is empty."""
    if not strategy.is_empty:
        yield Option(lambda draw, _: draw(strategy))


@dataclass(frozen=True, slots=True)
class Aim:
    """A part of the value that must exist, and the schemas of which it must satisfy one.

    Args:
        path: Steps from this value to the part.
        schemas: The schemas.
    """

    path: tuple[SchemaStep, ...] = ()
    schemas: tuple[Any, ...] = (True,)

    @property
    def in_place(self) -> tuple[SchemaStep, ...]:
        """The first steps of the path, those that stay at this value."""
        return tuple(takewhile(lambda step: step.keyword in IN_PLACE, self.path))

    def beyond(self, steps: int) -> Aim:
        """The aim after `steps` steps of the path."""
        return Aim(self.path[steps:], self.schemas)


#: The aim of a value without one.
ANYWHERE = Aim()


class PartStrategy(Protocol):
    """A value strategy as arrays and objects see it; it makes the strategies of their parts."""

    @property
    def aim(self) -> Aim:
        """The part that must exist, from this value on."""

    @property
    def location(self) -> str:
        """JSON Pointer pattern of the value."""

    @property
    def accepts(self) -> Callable[[Any], bool]:
        """The test whether a value satisfies all the schemas."""

    @property
    def bounds_only(self) -> bool:
        """Whether a bounded value is drawn only on its bounds."""

    @property
    def portable(self) -> bool:
        """Whether gray values are not drawn."""

    @property
    def violating_one(self) -> bool:
        """Whether the input breaks one constraint, so that its other parts are kept short."""

    def min_depth(self) -> float:
        """The least depth of the required parts; infinite if there is no value."""

    def part(self, members: tuple[Member, ...], aim: Aim, location: str) -> PartStrategy:
        """The strategy for a part that satisfies all of `members`."""

    def value(self, draw: DrawFn, depth: int) -> Any:
        """Draw the value."""


def index_below(draw: DrawFn, count: int) -> int:
    """Draw an index below `count`; for `count` 1 without a choice of Hypothesis."""
    if count == 1:
        return 0
    if count not in _INDICES:
        _INDICES[count] = st.integers(0, count - 1)
    return draw(_INDICES[count])


_INDICES: dict[int, SearchStrategy[int]] = {}


#: An optional part is present in one of this many draws; if `often`, in all but one of them.
_PRESENCE_ODDS = 4


@st.composite
def part(draw: DrawFn, strategy: PartStrategy, depth: int, *, often: bool | None = None) -> Any:
    """Draw a part of a value as one unit, so that Hypothesis can also delete it as one.

    Args:
        draw: Hypothesis' `draw`.
        strategy: The strategy of the part.
        depth: Depth of the part.
        often: Whether an optional part is present often or rarely (else `MISSING`); `None` for a
            required part.
    """
    side = 1 if often is None else index_below(draw, _PRESENCE_ODDS)
    there = side == 1 or (often and side > 0)
    return strategy.value(draw, depth) if there else MISSING
