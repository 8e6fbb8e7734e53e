"""What arrays and objects ask of the builder that makes their parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.branches import Member
from aleph_contract.schema.pointers import SchemaStep

#: How much is put in where there is a choice: the required parts; every property with a common
#: value; every property with the smallest value; every property with the largest value.
Size = Literal["small", "full", "smallest", "largest"]

#: Realistic values, by the JSON Pointer pattern of a location or by its last name.
Hints = Mapping[str, Sequence[Any]]


class PartBuilder(Protocol):
    """Builds the items of an array and the properties of an object."""

    @property
    def document(self) -> Document:
        """The schema that values are built for."""

    @property
    def size(self) -> Size:
        """How much is put in where there is a choice."""

    def make_room(self, count: int) -> None:
        """Raise the search bounds so that `count` distinct values can be found."""

    def instances(
        self, members: Sequence[Member], trail: tuple[SchemaStep, ...], schema: Any, place: str
    ) -> Iterator[Any]:
        """Values that keep all of `members`, for one location of the document."""
