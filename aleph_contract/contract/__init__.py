"""Load the contract of one model: schemas, documented examples, price."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from aleph_contract.contract.defaults import written
from aleph_contract.contract.examples import Example, trusted
from aleph_contract.contract.formats import Published, published
from aleph_contract.contract.prices import price_per_second
from aleph_contract.core.jsonvalue import loads
from aleph_contract.core.reading import read_file
from aleph_contract.errors import ContractError, JSONError
from aleph_contract.schema.document import Document
from aleph_contract.schema.pointers import plain

#: The catalog entry that is loaded by default.
SHIPPED = "runwayml__aleph-2.json"


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """The schemas, examples and price of one model.

    Args:
        model: The exact model id, such as `runwayml/aleph-2`.
        version: The entry's `schema_version`; empty if it has none.
        input_schema: JSON Schema draft 2020-12 of the input, as a caller writes it.
        output_schema: JSON Schema draft 2020-12 of the run's result.
        examples: The documented exchanges that agree with the schemas.
        price_per_second: USD per second, exactly as published, if it is the only price.
        source: The file of the entry, for messages.
        metadata: Facts of the entry in prose, such as limits.
        document: The input schema with resolved references.
        parsed_schema: The input schema as published: it also requires the members with a default.
        pricing: Every price in USD by its unit, as published.
        task: Name of the task, such as `Text-to-Video`; empty if unknown.
        in_path: Whether a REST call names the model in the path, and the body is the input.
        notes: What was left out of the entry, and what is doubtful in it.
        entry: The entry as published.
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
    parsed_schema: Any = field(repr=False)
    pricing: Mapping[str, Decimal]
    task: str
    in_path: bool
    notes: tuple[str, ...] = field(repr=False)
    entry: Mapping[str, Any] = field(repr=False)

    @classmethod
    def load(cls, path: str | os.PathLike[str] | None = None) -> Contract:
        """Load the shipped contract (cached), or the catalog entry in the file `path`.

        Raises:
            ContractError: The file cannot be read, is not JSON, is not an entry, or holds an
                invalid or unsatisfiable schema.
        """
        if path is None:
            return _shipped()
        source = os.fspath(path)
        try:
            raw = read_file(path)
        except OSError as error:
            raise ContractError(source, "", f"cannot be read: {error.strerror}") from None
        return cls.from_entry(_read(raw, source), source=source)

    @classmethod
    def from_entry(cls, entry: Any, *, source: str = "entry") -> Contract:
        """Build a contract from the JSON value of a catalog entry, of either published format.

        Raises:
            ContractError: As for `load`.
        """
        from aleph_contract.contract.entry_check import (
            error_of,  # not needed for the shipped entry, which loads faster without
            vet,
        )

        given, problems, notes = published(entry)
        if given is None:
            raise error_of(source, problems)
        vetted = vet(given, source, notes)
        texts = tuple(f"{where or 'the entry'}: {text}" for where, text in notes)
        return cls._of(vetted, source, entry, texts)

    @classmethod
    def _of(
        cls, given: Published, source: str, entry: Mapping[str, Any], notes: tuple[str, ...] = ()
    ) -> Contract:
        parsed = given.input
        pricing = {unit: _exact(price) for unit, price in given.pricing.items()}
        return cls(
            model=given.model,
            version=given.version,
            input_schema=written(parsed),
            output_schema=given.output,
            examples=tuple(given.examples),
            price_per_second=price_per_second(pricing),
            source=source,
            metadata=given.metadata,
            document=Document(
                written(parsed, annotated=True), source=source, location="/schema/input"
            ),
            parsed_schema=parsed,
            pricing=pricing,
            task=given.task,
            in_path=given.in_path,
            notes=notes,
            entry=entry,
        )


def _exact(price: Any) -> Decimal:
    return Decimal(getattr(price, "text", str(price)))


@lru_cache(maxsize=1)
def _shipped() -> Contract:
    raw = (Path(__file__).with_name("entries") / SHIPPED).read_bytes()
    entry = _read(raw, SHIPPED)
    given, problems, _ = published(entry)
    if given is None:
        raise ContractError(SHIPPED, *problems[0])
    examples = tuple(trusted(given.examples))
    schemas = {"input": plain(given.input), "output": plain(given.output)}
    return Contract._of(replace(given, examples=examples, **schemas), SHIPPED, entry)  # noqa: SLF001 - vetted by the tests


def _read(raw: bytes, source: str) -> Any:
    try:
        return loads(raw)
    except JSONError as error:
        raise ContractError(source, "", f"is not JSON: {error}") from None
