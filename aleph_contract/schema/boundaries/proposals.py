"""Arguments and results of a boundary function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

Schema = Any


class Proposal(NamedTuple):
    """One boundary value of one keyword.

    Args:
        label: Last part of the case's name.
        polarity: Whether the keyword accepts it.
        schemas: Schemas of the value, tried in order: the closest representable value first, then
            values further away, for contracts that forbid the closest one.
        note: The value in words.
        instead_of: Label of a proposal that makes this one superfluous if it has an input.
    """

    label: str
    polarity: Literal["valid", "violating"]
    schemas: tuple[Schema, ...]
    note: str
    instead_of: str = ""


class Site(NamedTuple):
    """The surroundings of a keyword.

    Args:
        schema: The schema around it.
        elsewhere: Properties that other schemas define for the same value, such as the other
            branches of a union.
    """

    schema: Mapping[str, Any]
    elsewhere: Mapping[str, Schema]


Boundary = Callable[[Any, Site], Iterator[Proposal]]


def valid(label: str, note: str, *schemas: Schema) -> Proposal:
    """A proposal for a value that the keyword accepts."""
    return Proposal(label, "valid", schemas, note)


def near(note: str, *schemas: Schema) -> Proposal:
    """A valid proposal close to a bound that no valid value is on."""
    return Proposal("near", "valid", schemas, note, "on")


def violating(label: str, note: str, *schemas: Schema) -> Proposal:
    """A proposal for a value that the keyword rejects."""
    return Proposal(label, "violating", schemas, note)
