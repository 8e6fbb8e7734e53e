"""A JSON Schema, draft 2020-12, as a document in which every reference has been found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.errors import ContractError
from aleph_contract.schema.patterns import with_patterns
from aleph_contract.schema.pointers import SchemaStep, follow, integral, plain, without
from aleph_contract.schema.references import ADDRESS, DIALECT, reference_to, resolve, target_of
from aleph_contract.schema.regex import to_rust

__all__ = [
    "IN_PLACE",
    "TYPES",
    "Document",
    "SchemaStep",
    "admitted_types",
    "check_schema",
    "follow",
    "listed_types",
    "plain",
    "reference_to",
    "without",
]

_WHOLE = {"$ref": ADDRESS}

#: Steps that stay at the same instance; all others go to a child of it (or to a key's name).
IN_PLACE = ("$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas")


class Document:
    """A schema in which every reference has been found.

    Args:
        schema: The schema as published; kept as `published`, beside the `root` that is resolved.
        source: Where it came from, for messages.
        location: JSON Pointer to it in there, for messages.

    Raises:
        ContractError: A reference leads nowhere or outside the document, or the schema asks for
            another dialect.
    """

    def __init__(self, schema: Any, *, source: str = "schema", location: str = "") -> None:
        self.source = source
        self.location = location
        self.published = schema
        self.root = integral(plain(schema))
        self.registry: Any = None
        self.targets = resolve(self.root, self.error)

    def at(self, where: str) -> Any:
        """The schema, or whatever else stands at a JSON Pointer."""
        return follow(self.root, where)

    def target(self, schema: Any, keyword: str = "$ref") -> str | None:
        """JSON Pointer to where the reference in `schema` leads; `None` if there is none."""
        reference = schema.get(keyword) if isinstance(schema, dict) else None
        return None if reference is None else target_of(reference)

    def without(self, *pointers: str) -> Document:
        """The document with these keywords deleted (the schema `false` becomes `true`)."""
        changed = copy(self)
        changed.registry = None
        changed.root = without(self.root, pointers)
        return changed

    def refers_into(self, where: str) -> bool:
        """Whether a reference leads to what stands at `where` or within, which must then stay."""
        return any(f"{target}/".startswith(f"{where}/") for target in self.targets)

    def accepts(self, schemas: Iterable[Any]) -> Callable[[Any], bool]:
        """The test whether a value keeps all of `schemas`, which may refer into this document."""
        asked = [schema for schema in schemas if schema is not True]
        if not asked:
            return lambda _: True
        is_valid: Callable[[Any], bool] = self._validator({"allOf": asked}).is_valid
        return is_valid

    def strictly(self) -> Callable[[Any], bool]:
        """The test whether a value keeps the document, `format` included."""
        is_valid: Callable[[Any], bool] = self._validator(_WHOLE, formats=True).is_valid
        return is_valid

    def _validator(self, schema: Any, *, formats: bool = False) -> Any:
        from jsonschema_rs import Draft202012Validator, Registry

        if self.registry is None:
            self.registry = Registry([(ADDRESS, with_patterns(self.root, to_rust))])
        read = with_patterns(schema, to_rust)
        return Draft202012Validator(read, registry=self.registry, validate_formats=formats)

    def error(self, where: str, reason: str) -> ContractError:
        """The error that this document is wrong at a JSON Pointer."""
        return ContractError(self.source, self.location + where, reason)


def check_schema(schema: Any, *, source: str = "schema", location: str = "") -> None:
    """Make sure that `schema` is one of draft 2020-12, as far as its meta-schema can tell.

    Raises:
        ContractError: It is not.
    """
    from jsonschema_rs import ValidationError, meta

    dialect = {"$schema": DIALECT}
    asked = schema.get("$schema", DIALECT) if isinstance(schema, dict) else DIALECT
    if not isinstance(asked, str) or asked.rstrip("#") != DIALECT:
        reason = f"asks for {asked}; only {DIALECT} is understood"
        raise ContractError(source, f"{location}/$schema", reason)
    checked = (
        {**_without_patterns(plain(schema)), **dialect} if isinstance(schema, dict) else schema
    )
    try:
        meta.validate(checked)
    except ValidationError as error:
        where = location + pointer(_same_place(schema, checked, error.instance_path))
        raise ContractError(source, where, f"is not a schema: {error.message}") from None


def _without_patterns(value: Any) -> Any:
    """A JSON value with `a` for each pattern: `resolve` judges these, not a version of a library.

    Members stay in their order.
    """
    if isinstance(value, list):
        return [_without_patterns(part) for part in value]
    if not isinstance(value, dict):
        return value
    blank = {name: _without_patterns(part) for name, part in value.items()}
    if isinstance(blank.get("pattern"), str):
        blank["pattern"] = "a"
    named = blank.get("patternProperties")
    if isinstance(named, dict):
        numbered = enumerate(named.values())
        blank["patternProperties"] = {f"a{number}": schema for number, schema in numbered}
    return blank


def _same_place(schema: Any, blank: Any, path: Sequence[str | int]) -> list[str | int]:
    """A path in what `_without_patterns` made of `schema`, as a path in `schema`."""
    found: list[str | int] = []
    for step in path:
        if isinstance(blank, dict):
            name = str(step)
            names = list(schema)[list(blank).index(name)]
            found, schema, blank = [*found, names], schema[names], blank[name]
        else:
            found, schema, blank = [*found, step], schema[int(step)], blank[int(step)]
    return found


#: Every type there is; `integer` is part of `number`.
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")


def listed_types(schema: Any) -> list[str]:
    """What `type` says, as a list; empty if it says nothing."""
    listed = schema.get("type", []) if isinstance(schema, dict) else []
    return [listed] if isinstance(listed, str) else list(listed)


def admitted_types(schemas: Iterable[Any], order: Iterable[str] = TYPES) -> list[str]:
    """The types that all of `schemas` admit; with `number` also `integer`."""
    kinds = list(order)
    for schema in schemas:
        listed = listed_types(schema) or kinds
        kinds = [k for k in kinds if k in listed or (k == "integer" and "number" in listed)]
    return kinds
