"""What the strategies' plans share: options, aims, and the signal that a draw went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Protocol

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from aleph_contract.schema.document import IN_PLACE
from aleph_contract.schema.generation.branches import Member
from aleph_contract.schema.pointers import SchemaStep

#: From this depth on only what is required is drawn, by the shortest way.
DEEP = 6


class Missed(Exception):  # noqa: N818 - a signal to whoever draws the whole
    """What was drawn did not keep the schemas."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to draw a value.

    Args:
        draw: Takes Hypothesis' `draw` and the depth of the value.
        height: How deep the required parts go at least; infinite if they never end.
    """

    draw: Callable[[DrawFn, int], Any]
    height: Callable[[], float] = lambda: 0


def option_of(strategy: SearchStrategy[Any]) -> Iterator[Option]:
    """The option to draw from a strategy; none if it is empty."""
    if not strategy.is_empty:
        yield Option(lambda draw, _: draw(strategy))


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a draw must pass, and what it must be like there.

    Args:
        trail: Steps from here to the place.
        ways: Schemas one of which the value there must keep besides.
    """

    trail: tuple[SchemaStep, ...] = ()
    ways: tuple[Any, ...] = (True,)

    @property
    def near(self) -> tuple[SchemaStep, ...]:
        """The steps that stay at this value."""
        return tuple(takewhile(lambda step: step.keyword in IN_PLACE, self.trail))

    def beyond(self, steps: int) -> Aim:
        """The rest of the way after so many steps."""
        return Aim(self.trail[steps:], self.ways)


#: The aim of whoever has none.
ANYWHERE = Aim()


class PartStrategy(Protocol):
    """Draws one value; arrays and objects ask it for the strategies of their parts."""

    @property
    def aim(self) -> Aim:
        """The rest of the path that the draw must pass, from this value on."""

    @property
    def place(self) -> str:
        """JSON Pointer pattern of the value."""

    @property
    def accepts(self) -> Callable[[Any], bool]:
        """The test whether a value keeps all the schemas."""

    @property
    def corners(self) -> bool:
        """Whether only values on a bound are drawn, where there is one."""

    @property
    def breaking(self) -> bool:
        """Whether one constraint is to be broken, so that the other parts are kept short."""

    def height(self) -> float:
        """The least depth of the required parts; infinite if there is no value."""

    def part(self, members: tuple[Member, ...], aim: Aim, place: str) -> PartStrategy:
        """The strategy for a part that keeps all of `members`."""

    def value(self, draw: DrawFn, depth: int) -> Any:
        """Draw the value."""


def index_below(draw: DrawFn, count: int) -> int:
    """Draw an index into `count` things: no choice for one thing, and few new strategies."""
    if count == 1:
        return 0
    if count not in _INDEX:
        _INDEX[count] = st.integers(0, count - 1)
    return draw(_INDEX[count])


_INDEX: dict[int, SearchStrategy[int]] = {}


#: Stands for an optional part that is not there.
ABSENT = object()


#: An optional part is there in one of so many draws; where parts are to be there often, in all of
#: them but one.
_SIDES = 4


@st.composite
def part(draw: DrawFn, plan: PartStrategy, depth: int, *, often: bool | None = None) -> Any:
    """A part of a value, drawn as one piece, so that Hypothesis can also leave it out as one.

    Args:
        draw: Hypothesis' `draw`.
        plan: The plan of the part.
        depth: Depth of the part.
        often: Whether the part is there often, or seldom and otherwise `ABSENT`; `None` if always.
    """
    side = 1 if often is None else index_below(draw, _SIDES)
    there = side == 1 or (often and side > 0)
    return plan.value(draw, depth) if there else ABSENT
