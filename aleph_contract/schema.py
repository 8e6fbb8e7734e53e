"""A JSON Schema as a document: which keywords say what, and where its references lead.

Draft 2020-12 and no other dialect. Everything that reads schemas reads the tables of this module,
so that a keyword is either handled by all or refused at load.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urldefrag, urljoin

from aleph_contract.errors import ArgumentError, ContractError
from aleph_contract.jsonvalue import pointer
from aleph_contract.keywords import CLOSING, children
from aleph_contract.patterns import compiled

DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: The address under which schemas refer to each other once every reference has been found.
ADDRESS = "urn:aleph-contract:schema"
_WHOLE = {"$ref": ADDRESS}

#: Keywords that name the schema itself, which is then of no use, and one that draft 2020-12 does
#: not know but jsonschema-rs does.
_MEANINGLESS = ("$schema", "$id", "$anchor", "$dynamicAnchor", "$vocabulary", "dependencies")
_REFERENCES = ("$ref", "$dynamicRef")


class Step(NamedTuple):
    """One step of the way from the root schema to another.

    Args:
        keyword: The keyword that was followed, such as `properties`, `anyOf` or `$ref`.
        name: Which of its schemas: a property, a pattern, an index; `None` where it holds one.
        schema: JSON Pointer to the schema that was reached.
    """

    keyword: str
    name: str | int | None
    schema: str


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
        self.root = plain(schema)
        self.registry: Any = None
        self.targets: tuple[str, ...] = ()
        self._resolve()

    def at(self, where: str) -> Any:
        """The schema, or whatever else stands at a JSON Pointer."""
        return follow(self.root, where)

    def target(self, schema: Any, keyword: str = "$ref") -> str | None:
        """JSON Pointer to where the reference in `schema` leads; `None` if there is none."""
        reference = schema.get(keyword) if isinstance(schema, dict) else None
        return None if reference is None else unquote(reference.partition("#")[2])

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
        is_valid: Callable[[Any], bool] = self._validator({"allOf": [True, *schemas]}).is_valid
        return is_valid

    def strictly(self) -> Callable[[Any], bool]:
        """The test whether a value keeps the document, `format` included."""
        is_valid: Callable[[Any], bool] = self._validator(_WHOLE, formats=True).is_valid
        return is_valid

    def wrong(self, value: Any) -> tuple[str, str] | None:
        """Where in `value` the schema is broken first, and how; `None` if `value` keeps it."""
        for error in self._validator(_WHOLE).iter_errors(plain(value)):
            return pointer(error.instance_path), error.message
        return None

    def _validator(self, schema: Any, *, formats: bool = False) -> Any:
        from jsonschema_rs import Draft202012Validator, Registry

        if self.registry is None:
            self.registry = Registry([(ADDRESS, self.root)])
        return Draft202012Validator(schema, registry=self.registry, validate_formats=formats)

    def error(self, where: str, reason: str) -> ContractError:
        """The error that this document is wrong at a JSON Pointer."""
        return ContractError(self.source, self.location + where, reason)

    def _resolve(self) -> None:
        """Write every reference as a pointer, and forget the names they went by.

        The pointers of all schemas stay what they were.
        """
        index = _Index(self)
        index.scan(self.root, "", "")
        while index.references:
            where, schema, keyword, base = index.references.pop()
            found = index.find(where, keyword, base, schema[keyword])
            if found not in index.seen:
                index.scan(self.at(found), found, base)
            index.resolved.append((schema, keyword, found))
        for schema in index.seen.values():
            for keyword in _MEANINGLESS:
                schema.pop(keyword, None)
        for schema, keyword, found in index.resolved:
            schema[keyword] = reference_to(found)
        self.targets = tuple(found for _, _, found in index.resolved)


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
    try:
        meta.validate({**plain(schema), **dialect} if isinstance(schema, dict) else schema)
    except ValidationError as error:
        where = location + pointer(error.instance_path)
        raise ContractError(source, where, f"is not a schema: {error.message}") from None


class _Index:
    """What the schemas of a document are called, and what they refer to."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.seen: dict[str, dict[str, Any]] = {}
        self.named: dict[str, str] = {}
        self.dynamic: list[str] = []
        self.references: list[tuple[str, dict[str, Any], str, str]] = []
        self.resolved: list[tuple[dict[str, Any], str, str]] = []

    def scan(self, schema: Any, where: str, base: str) -> None:
        """Note the names in `schema` and in all schemas within, and their references."""
        if not isinstance(schema, dict) or where in self.seen:
            return
        self.seen[where] = schema
        dialect = schema.get("$schema", DIALECT).rstrip("#")
        if dialect != DIALECT:
            raise self.document.error(
                f"{where}/$schema", f"asks for {dialect}; only {DIALECT} is understood"
            )
        self._check_patterns(schema, where)
        base = _join(base, schema.get("$id", ""))
        if "$id" in schema or not where:
            self.named[base] = where
        for keyword in ("$anchor", "$dynamicAnchor"):
            if keyword in schema:
                self.named[f"{base}#{schema[keyword]}"] = where
        if "$dynamicAnchor" in schema:
            self.dynamic.append(schema["$dynamicAnchor"])
        self.references += [(where, schema, k, base) for k in _REFERENCES if k in schema]
        for step in steps(schema, where):
            self.scan(self.document.at(step.schema), step.schema, base)

    def find(self, where: str, keyword: str, base: str, reference: str) -> str:
        """JSON Pointer to the schema that a reference means."""
        here = f"{where}/{keyword}"
        resource, fragment = urldefrag(_join(base, reference))
        if keyword == "$dynamicRef" and self.dynamic.count(fragment) > 1:
            raise self.document.error(
                here,
                f"{reference} leads to one of several $dynamicAnchor {fragment!r}; which one is"
                " known only when a value is read, and no constraint can be named for it",
            )
        if resource not in self.named:
            raise self.document.error(
                here, f"{reference} leads outside this document, which must stand alone"
            )
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            found = self.named.get(f"{resource}#{fragment}")
        else:
            found = self.named[resource] + fragment
        if found is None or not isinstance(self._look(found), (dict, bool)):
            raise self.document.error(here, f"{reference} leads to no schema of this document")
        return found

    def _check_patterns(self, schema: dict[str, Any], where: str) -> None:
        for path, pattern in _patterns(schema):
            reason = refusal(pattern)
            if reason:
                raise self.document.error(where + pointer(path), reason)

    def _look(self, where: str) -> Any:
        try:
            return self.document.at(where)
        except (KeyError, IndexError, ValueError, TypeError):
            return None


def _patterns(schema: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    if "pattern" in schema:
        yield ("pattern",), schema["pattern"]
    for pattern in schema.get("patternProperties", ()):
        yield ("patternProperties", pattern), pattern


def refusal(pattern: str) -> str:
    """Why a regular expression cannot be read; empty if it can."""
    try:
        compiled(pattern)
    except ArgumentError as error:
        return str(error)
    return ""


def steps(schema: Any, where: str = "") -> Iterator[Step]:
    """The ways from `schema`, which stands at `where`, to the schemas it holds directly."""
    for path, _ in children(schema):
        keyword, name = (*path, None)[:2]
        yield Step(str(keyword), name, where + pointer(path))


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


def reference_to(where: str) -> str:
    """What a `$ref` says to lead to `where` in a `Document`."""
    return f"{ADDRESS}#{quote(where)}"


def slug(value: Any) -> str:
    """A short name for a JSON value, for use in the name of a case."""
    text = value if isinstance(value, str) else repr(value)
    return re.sub(r"[^\w.+-]+", "-", text)[:40].strip("-") or "empty"


def follow(value: Any, where: str) -> Any:
    """What stands at a JSON Pointer in `value`.

    Raises:
        KeyError, IndexError, ValueError, TypeError: Nothing does.
    """
    for part in parts(where):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def parts(where: str) -> list[str]:
    """The keys and indices of a JSON Pointer."""
    return [p.replace("~1", "/").replace("~0", "~") for p in where.split("/")[1:]]


def without(schema: Any, pointers: Iterable[str]) -> Any:
    """`schema` with these keywords deleted; what is not changed is shared.

    The schema `false` becomes `true`. With `minContains` goes the `contains` that it counts.
    """
    for where in pointers:
        schema = _without(schema, parts(where))
    return schema


def _without(value: Any, path: list[str]) -> Any:
    if not path:
        return True
    head, *rest = path
    if isinstance(value, list):
        at = int(head)
        return [*value[:at], _without(value[at], rest), *value[at + 1 :]]
    if rest or (value[head] is False and head not in CLOSING):
        return {**value, head: _without(value[head], rest)}
    gone = (head, "contains") if _counts_matches(value, head) else (head,)
    return {key: child for key, child in value.items() if key not in gone}


def _counts_matches(schema: dict[str, Any], keyword: str) -> bool:
    """Whether `keyword` is a `minContains`, without which `contains` still asks for one match."""
    return keyword == "minContains" and type(schema[keyword]) is int


def plain(value: Any) -> Any:
    """A deep copy of a JSON value that holds nothing but Python's own types."""
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(child) for child in value]
    return float(value) if isinstance(value, float) else value


def _join(base: str, reference: str) -> str:
    if not reference or reference.startswith("#"):
        return base + reference
    return urljoin(base, reference).removesuffix("#")
