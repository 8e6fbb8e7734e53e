"""The contract as data: schemas, documented examples and price of one model, loaded and checked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from aleph_contract.boundaries import BOUNDARIES
from aleph_contract.contradictions import contradictions
from aleph_contract.errors import ContractError, JSONError
from aleph_contract.jsonvalue import loads, pointer
from aleph_contract.keywords import ASSERTIONS, walk
from aleph_contract.paths import plain
from aleph_contract.schema import Document, check_schema
from aleph_contract.witness import Builder

#: The entry that is loaded when none is named.
SHIPPED = "runwayml__aleph-2.json"

#: The input field by which a run is billed (documented: it serves billing alone).
BILLED_FIELD = "duration"


@dataclass(frozen=True, slots=True)
class Example:
    """One documented exchange: an input and the bare reply the documentation shows for it."""

    name: str
    input: Mapping[str, Any]
    output: Mapping[str, Any]
    reply: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """What one model promises and asks for.

    Args:
        model: The exact model id, such as `runwayml/aleph-2`.
        version: The entry's `schema_version`.
        input_schema: JSON Schema draft 2020-12 of the input.
        output_schema: JSON Schema draft 2020-12 of the run's result.
        examples: The documented exchanges.
        price_per_second: USD per second of source video, exactly as published; `None` if unknown.
        source: Where the entry came from, for messages.
        metadata: What the entry says in words, limits among it.
        document: The input schema with its references found.
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
        """Load the shipped contract (once), or the catalog entry in the file `path`.

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
        """Build a contract from a catalog entry that was already read.

        Raises:
            ContractError: As for `load`.
        """
        for location, reason in _misshapen(entry):
            raise ContractError(source, location, reason)
        document = _checked(entry, "input", source)
        output = _checked(entry, "output", source)
        for location, reason in _contradicted(entry, document, output):
            raise ContractError(source, location, reason)
        if not entry.get("examples"):
            _satisfied(document)
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
            document=document,
        )


@lru_cache(maxsize=1)
def _shipped() -> Contract:
    raw = (resources.files("aleph_contract") / "contracts" / SHIPPED).read_bytes()
    return Contract.from_entry(_read(raw, SHIPPED), source=SHIPPED)


def _read(raw: bytes, source: str) -> Any:
    try:
        return loads(raw)
    except JSONError as error:
        raise ContractError(source, "", f"is not JSON: {error}") from None


def _reply(example: Mapping[str, Any]) -> Mapping[str, Any]:
    """The bare reply; where the entry shows only the result, that of a completed run."""
    shown: Mapping[str, Any] | None = example.get("raw_response")
    return {"state": "Completed", "result": example["output"]} if shown is None else shown


#: What an entry must hold, and of which type each part is; `?` marks what may be missing.
_SHAPE: dict[str, type | tuple[type, ...]] = {
    "model_id": str,
    "schema_version": str,
    "schema": dict,
    "examples?": list,
    "pricing?": dict,
    "metadata?": dict,
}
_EXAMPLE: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "input": object,
    "output?": object,
    "raw_response?": dict,
}
_SCHEMAS: dict[str, type | tuple[type, ...]] = {"input": (dict, bool), "output": (dict, bool)}

_WORDS = {str: "a string", dict: "an object", list: "an array", (dict, bool): "a schema"}


def _misshapen(entry: Any) -> Iterator[tuple[str, str]]:
    """What keeps `entry` from being a catalog entry, each with its location."""
    yield from _parts(entry, "", _SHAPE, "a catalog entry")
    yield from _parts(entry["schema"], "/schema", _SCHEMAS, "the schemas of an entry")
    for index, example in enumerate(entry.get("examples", ())):
        where = f"/examples/{index}"
        yield from _parts(example, where, _EXAMPLE, "an example")
        if "output" not in example and "raw_response" not in example:
            yield where, "shows no `output` and no `raw_response`; an example needs one of them"
    for name, price in entry.get("pricing", {}).items():
        if isinstance(price, bool) or not isinstance(price, (int, float)) or price < 0:
            yield "/pricing" + pointer([name]), "is not a price; it would be a number of USD"


def _parts(
    value: Any, where: str, shape: Mapping[str, type | tuple[type, ...]], what: str
) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield where, f"is not {what}, which would be an object"
    for name, kind in shape.items():
        key = name.rstrip("?")
        if key not in value:
            if key == name:
                yield where, f"has no `{key}`; {what} has one"
        elif not isinstance(value[key], kind):
            yield f"{where}/{key}", f"is not {_WORDS[kind]}"


def _checked(entry: Any, part: str, source: str) -> Document:
    """One of the schemas, known to be one and not to contradict itself."""
    location = f"/schema/{part}"
    check_schema(entry["schema"][part], source=source, location=location)
    document = Document(entry["schema"][part], source=source, location=location)
    for path, schema in walk(entry["schema"][part]):
        for keyword in ASSERTIONS.intersection(schema if isinstance(schema, dict) else ()):
            if keyword not in BOUNDARIES:
                where = pointer([*path, keyword])
                raise document.error(where, "asserts what no case can be made for yet")
    for where, reason in contradictions(document):
        raise document.error(where, f"cannot be satisfied: it {reason}")
    return document


def _contradicted(entry: Any, document: Document, output: Document) -> Iterator[tuple[str, str]]:
    """Where the examples break the schemas they stand beside."""
    for index, example in enumerate(entry.get("examples", ())):
        shown = {"input": document, "output": output}
        for part, schema in shown.items():
            wrong = schema.wrong(example[part]) if part in example else None
            if wrong:
                where, message = wrong
                location = f"/examples/{index}/{part}{where}"
                yield location, f"contradicts the {part} schema beside it: {message}"


def _satisfied(document: Document) -> None:
    """Find one valid input where no example is one.

    Raises:
        ContractError: None was found.
    """
    if not any(True for _ in Builder(document, {}).values()):
        raise document.error("", "cannot be satisfied: no valid input was found")
