"""A draft 2020-12 schema as a document whose references are resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.errors import ContractError
from aleph_contract.schema.patterns import with_patterns
from aleph_contract.schema.pointers import SchemaStep, follow, integral, plain, without
from aleph_contract.schema.references import ADDRESS, DIALECT, reference_to, resolve, target_of
from aleph_contract.schema.regex import rust_options, to_rust, to_rust_before_line_feed

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

_ROOT = {"$ref": ADDRESS}

#: Bound on the tests that are kept for one document.
_MAX_KEPT = 1_000

#: Steps to a schema for the same value; all others lead to a schema for a child or a key of it.
IN_PLACE = ("$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas")


class Document:
    """A schema whose references are resolved.

    Args:
        schema: The schema as published; kept in `published`. `root` is the resolved copy.
        source: The file that holds it, for messages.
        location: JSON Pointer to it in that file, for messages.

    Raises:
        ContractError: A reference has no target in the document, or the schema declares another
            dialect.
    """

    def __init__(self, schema: Any, *, source: str = "schema", location: str = "") -> None:
        self.source = source
        self.location = location
        self.published = schema
        self.root = integral(plain(schema))
        self.registry: Any = None
        self.spell = to_rust
        self._tests: dict[str, Callable[[Any], bool]] = {}
        self._kept: dict[bytes, Callable[[Any], bool]] = {}
        self.targets = resolve(self.root, self.error)

    def at(self, where: str) -> Any:
        """The schema, or another part of the document, at a JSON Pointer."""
        return follow(self.root, where)

    def target(self, schema: Any, keyword: str = "$ref") -> str | None:
        """JSON Pointer to the target of the reference in `schema`; `None` if it has none."""
        reference = schema.get(keyword) if isinstance(schema, dict) else None
        return None if reference is None else target_of(reference)

    def without(self, *pointers: str) -> Document:
        """The document with these keywords deleted (the schema `false` becomes `true`)."""
        changed = copy(self)
        changed.registry = None
        changed._tests, changed._kept = {}, {}  # noqa: SLF001 - a copy
        changed.root = without(self.root, pointers)
        return changed

    def refers_into(self, where: str) -> bool:
        """Whether a reference leads to `where` or into it, so that the schema there is needed."""
        return any(f"{target}/".startswith(f"{where}/") for target in self.targets)

    def accepts(self, schemas: Iterable[Any]) -> Callable[[Any], bool]:
        """A test whether a value satisfies all of `schemas`, which may refer into this document."""
        asked = [schema for schema in schemas if schema is not True]
        others = [schema for schema in asked if not _only_refers(schema)]
        tests = [self._test(schema) for schema in asked if _only_refers(schema)]
        if others:
            tests.append(self._test_of_all(others))
        if len(tests) == 1:
            return tests[0]
        return lambda value: all(test(value) for test in tests)

    def _test(self, schema: dict[str, str]) -> Callable[[Any], bool]:
        r"""The test for a schema that is a reference only, compiled once.

        The pattern `^[\p{L}\p{N} ]{1,256}$` takes 80 ms to compile. A schema of
        `patternProperties` is compiled without the reference: its name is rewritten.
        """
        target = schema["$ref"]
        if target not in self._tests:
            renamed = "/patternProperties/" in target
            asked = {"allOf": [self.at(target_of(target))]} if renamed else schema
            self._tests[target] = self._validator(asked).is_valid
        return self._tests[target]

    def _test_of_all(self, schemas: list[Any]) -> Callable[[Any], bool]:
        """The test for schemas that are no references; kept, because searches repeat them."""
        import orjson

        asked = {"allOf": schemas}
        try:
            text = orjson.dumps(asked)
        except TypeError:  # an integer beyond 64 bits, or a lone surrogate
            return self._validator(asked).is_valid  # type: ignore[no-any-return]
        if text not in self._kept:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[text] = self._validator(asked).is_valid
        return self._kept[text]

    def strictly(self) -> Callable[[Any], bool]:
        """A test whether a value satisfies the document with `format` asserted."""
        is_valid: Callable[[Any], bool] = self._validator(_ROOT, formats=True).is_valid
        return is_valid

    def leniently(self) -> Callable[[Any], bool]:
        """A test whether a value satisfies the document where `$` allows a line feed after it."""
        lenient = copy(self)
        lenient.registry = None
        lenient.spell = to_rust_before_line_feed
        is_valid: Callable[[Any], bool] = lenient._validator(_ROOT).is_valid  # noqa: SLF001 - a copy
        return is_valid

    def _validator(self, schema: Any, *, formats: bool = False) -> Any:
        from jsonschema_rs import Draft202012Validator, Registry

        if self.registry is None:
            self.registry = Registry([(ADDRESS, with_patterns(self.root, self.spell))])
        read = with_patterns(schema, self.spell)
        return Draft202012Validator(
            read,
            registry=self.registry,
            validate_formats=formats,
            pattern_options=rust_options(),
        )

    def error(self, where: str, reason: str) -> ContractError:
        """The error for a JSON Pointer in this document and a reason."""
        return ContractError(self.source, self.location + where, reason)


def _only_refers(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.keys() == {"$ref"}


def check_schema(schema: Any, *, source: str = "schema", location: str = "") -> None:
    """Check `schema` against the meta-schema of draft 2020-12.

    Raises:
        ContractError: It is not a schema of that dialect.
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
    """A JSON value with a plain pattern in place of each: `resolve` judges the patterns.

    Versions of jsonschema-rs refuse different patterns. Members keep their order.
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
    """A path in `blank`, the result of `_without_patterns`, as a path in `schema`."""
    found: list[str | int] = []
    for step in path:
        if isinstance(blank, dict):
            name = str(step)
            names = list(schema)[list(blank).index(name)]
            found, schema, blank = [*found, names], schema[names], blank[name]
        else:
            found, schema, blank = [*found, step], schema[int(step)], blank[int(step)]
    return found


#: All types; `integer` is part of `number`.
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")


def listed_types(schema: Any) -> list[str]:
    """The types in `type`, as a list; empty if the schema has no `type`."""
    listed = schema.get("type", []) if isinstance(schema, dict) else []
    return [listed] if isinstance(listed, str) else list(listed)


def admitted_types(schemas: Iterable[Any], order: Iterable[str] = TYPES) -> list[str]:
    """The types that all of `schemas` allow; with `number` also `integer`."""
    kinds = list(order)
    for schema in schemas:
        listed = listed_types(schema) or kinds
        kinds = [k for k in kinds if k in listed or (k == "integer" and "number" in listed)]
    return kinds
