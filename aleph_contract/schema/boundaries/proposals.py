"""What a boundary function is given, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

Schema = Any


class Proposal(NamedTuple):
    """One value worth trying for one keyword.

    Args:
        label: Last part of the case's name.
        polarity: Whether the keyword admits it.
        schemas: What it is: the closest representable value first, then what comes next where the
            rest of the contract rules that out.
        note: What it is, in words.
    """

    label: str
    polarity: Literal["valid", "violating"]
    schemas: tuple[Schema, ...]
    note: str


class Site(NamedTuple):
    """Where a keyword stands.

    Args:
        schema: The schema around it.
        elsewhere: Properties that other schemas know of the same value, such as those of the
            other branches of a union.
    """

    schema: Mapping[str, Any]
    elsewhere: Mapping[str, Schema]


Boundary = Callable[[Any, Site], Iterator[Proposal]]


def valid(label: str, note: str, *schemas: Schema) -> Proposal:
    """A value that the keyword admits."""
    return Proposal(label, "valid", schemas, note)


def violating(label: str, note: str, *schemas: Schema) -> Proposal:
    """A value that the keyword turns down."""
    return Proposal(label, "violating", schemas, note)
