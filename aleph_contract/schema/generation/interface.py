"""The builder as arrays and objects see it, and the types they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.branches import Member
from aleph_contract.schema.generation.budget import Budget
from aleph_contract.schema.pointers import SchemaStep

#: How much an object holds: only its required properties; every property with a typical value;
#: every property with its smallest value; every property with its largest value.
Size = Literal["small", "full", "smallest", "largest"]

#: Realistic values, by the JSON Pointer pattern of a location or by its last name.
Hints = Mapping[str, Sequence[Any]]

#: Stands for a value that does not exist; `None` is a JSON value (`null`).
MISSING: Any = object()


class PartBuilder(Protocol):
    """Builds the items of an array and the properties of an object."""

    @property
    def document(self) -> Document:
        """The schema that values are built for."""

    @property
    def size(self) -> Size:
        """How much an object holds."""

    @property
    def budget(self) -> Budget:
        """The steps that the search may still take."""

    def make_room(self, count: int) -> None:
        """Raise the search bounds so that `count` distinct values can be found."""

    def instances(
        self, members: Sequence[Member], path: tuple[SchemaStep, ...], schema: Any, location: str
    ) -> Iterator[Any]:
        """Values that satisfy all of `members`.

        Args:
            members: Schemas that hold together.
            path: Steps from this value to the part that must satisfy `schema`.
            schema: An extra schema for that part.
            location: JSON Pointer pattern of the value.
        """
