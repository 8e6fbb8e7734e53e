"""Load the contract of one model: schemas, documented examples, price."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import ContractError, JSONError
from aleph_contract.schema.document import Document
from aleph_contract.schema.pointers import plain

#: The catalog entry that is loaded by default.
SHIPPED = "runwayml__aleph-2.json"

#: The input field that sets the price of a run (documented: used for billing only).
BILLED_FIELD = "duration"


@dataclass(frozen=True, slots=True)
class Example:
    """One documented example: an input, its output, and the reply body without an envelope."""

    name: str
    input: Mapping[str, Any]
    output: Mapping[str, Any]
    reply: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """The schemas, examples and price of one model.

    Args:
        model: The exact model id, such as `runwayml/aleph-2`.
        version: The entry's `schema_version`.
        input_schema: JSON Schema draft 2020-12 of the input.
        output_schema: JSON Schema draft 2020-12 of the run's result.
        examples: The documented exchanges.
        price_per_second: USD per second of source video, exactly as published; `None` if unknown.
        source: The file of the entry, for messages.
        metadata: Facts of the entry in prose, such as limits.
        document: The input schema with resolved references.
    """

    model: str
    version: str
    input_schema: Any
    output_schema: Any
    examples: tuple[Example, ...]
    price_per_second: Decimal | None
    source: str
    metadata: Mapping[str, str]
    document: Document = field(repr=False)

    @classmethod
    def load(cls, path: str | os.PathLike[str] | None = None) -> Contract:
        """Load the shipped contract (cached), or the catalog entry in the file `path`.

        Raises:
            ContractError: The file cannot be read, is not JSON, is not an entry, holds an invalid
                or unsatisfiable schema, or contradicts its own examples.
        """
        if path is None:
            return _shipped()
        source = os.fspath(path)
        try:
            raw = Path(path).read_bytes()
        except OSError as error:
            raise ContractError(source, "", f"cannot be read: {error.strerror}") from None
        return cls.from_entry(_read(raw, source), source=source)

    @classmethod
    def from_entry(cls, entry: Any, *, source: str = "entry") -> Contract:
        """Build a contract from the JSON value of a catalog entry.

        Raises:
            ContractError: As for `load`.
        """
        from aleph_contract.contract.entry_check import (
            vet,  # not needed for the shipped entry, which loads faster without
        )

        vet(entry, source)
        return cls._of(entry, source)

    @classmethod
    def _of(cls, entry: Any, source: str) -> Contract:
        price = next(iter(entry.get("pricing", {}).values()), None)
        return cls(
            model=entry["model_id"],
            version=entry["schema_version"],
            input_schema=plain(entry["schema"]["input"]),
            output_schema=plain(entry["schema"]["output"]),
            examples=tuple(
                Example(e["name"], e["input"], e.get("output", {}), _reply(e))
                for e in entry.get("examples", ())
            ),
            price_per_second=None if price is None else Decimal(getattr(price, "text", str(price))),
            source=source,
            metadata=entry.get("metadata", {}),
            document=Document(entry["schema"]["input"], source=source, location="/schema/input"),
        )


@lru_cache(maxsize=1)
def _shipped() -> Contract:
    raw = (resources.files(__name__) / "entries" / SHIPPED).read_bytes()
    return Contract._of(_read(raw, SHIPPED), SHIPPED)  # noqa: SLF001 - vetted by the tests


def _read(raw: bytes, source: str) -> Any:
    try:
        return loads(raw)
    except JSONError as error:
        raise ContractError(source, "", f"is not JSON: {error}") from None


def _reply(example: Mapping[str, Any]) -> Mapping[str, Any]:
    """The reply body of an example; if it shows only the output, that of a completed run."""
    shown: Mapping[str, Any] | None = example.get("raw_response")
    return {"state": "Completed", "result": example["output"]} if shown is None else shown
