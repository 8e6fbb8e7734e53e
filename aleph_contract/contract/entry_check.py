"""Check a catalog entry before it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.errors import ContractError
from aleph_contract.schema.boundaries import BOUNDARIES
from aleph_contract.schema.document import Document, check_schema
from aleph_contract.schema.generation.builder import Builder
from aleph_contract.schema.generation.unsatisfiable import contradictions
from aleph_contract.schema.keywords import ASSERTIONS, walk
from aleph_contract.schema.pointers import plain
from aleph_contract.schema.validation.messages import place
from aleph_contract.schema.validation.validator import Validator
from aleph_contract.schema.validation.violations import leaves


def vet(entry: Any, source: str) -> None:
    """Check that an entry can be used.

    Raises:
        ContractError: It is not an entry, holds an invalid or unsatisfiable schema, or contradicts
            its own examples; the message gives the location.
    """
    for location, reason in _misshapen(entry):
        raise ContractError(source, location, reason)
    document = _checked(entry, "input", source)
    output = _checked(entry, "output", source)
    for location, reason in _contradicted(entry, document, output):
        raise ContractError(source, location, reason)
    if not entry.get("examples"):
        _satisfied(document)


#: The members of an entry and their types; `?` marks an optional one.
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
    """The locations at which `entry` differs from a catalog entry, each with the reason."""
    yield from _parts(entry, "", _SHAPE, "a catalog entry")
    yield from _parts(entry["schema"], "/schema", _SCHEMAS, "the schemas of an entry")
    for index, example in enumerate(entry.get("examples", ())):
        where = f"/examples/{index}"
        yield from _parts(example, where, _EXAMPLE, "an example")
        if "output" not in example and "raw_response" not in example:
            yield where, "shows no `output` and no `raw_response`; an example needs one of them"
    for name, price in entry.get("pricing", {}).items():
        if isinstance(price, bool) or not isinstance(price, (int, float)) or price < 0:
            yield "/pricing" + pointer([name]), "is not a price: that is a number of USD, 0 or more"


def _parts(
    value: Any, where: str, shape: Mapping[str, type | tuple[type, ...]], what: str
) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield where, f"is not {what}: that is an object"
    for name, kind in shape.items():
        key = name.rstrip("?")
        if key not in value:
            if key == name:
                yield where, f"has no `{key}`; {what} has one"
        elif not isinstance(value[key], kind):
            yield f"{where}/{key}", f"is not {_WORDS[kind]}"


def _checked(entry: Any, part: str, source: str) -> Document:
    """One of the schemas as a document, checked to be valid and satisfiable."""
    location = f"/schema/{part}"
    check_schema(entry["schema"][part], source=source, location=location)
    document = Document(entry["schema"][part], source=source, location=location)
    for path, schema in walk(entry["schema"][part]):
        for keyword in ASSERTIONS.intersection(schema if isinstance(schema, dict) else ()):
            if keyword not in BOUNDARIES:
                where = pointer([*path, keyword])
                raise document.error(where, "is a keyword for which no boundary case can be made")
    for where, reason in contradictions(document):
        raise document.error(where, f"cannot be satisfied: it {reason}")
    return document


def _contradicted(entry: Any, document: Document, output: Document) -> Iterator[tuple[str, str]]:
    """The locations at which an example violates its schema, each with the reason."""
    shown = {"input": document, "output": output}
    validators = {part: Validator(plain(schema.published)) for part, schema in shown.items()}
    for index, example in enumerate(entry.get("examples", ())):
        for part, validator in validators.items():
            for wrong in leaves(validator.violations(example[part]) if part in example else ()):
                location = f"/examples/{index}/{part}{wrong.instance}"
                message = wrong.message.replace(place(()), f"the {part}", not wrong.instance)
                yield location, f"contradicts the {part} schema: {message}"


def _satisfied(document: Document) -> None:
    """Check that the schema of an entry without examples has a valid input.

    Raises:
        ContractError: No valid input was found.
    """
    if not any(True for _ in Builder(document, {}).values()):
        raise document.error("", "cannot be satisfied: no valid input was found")
