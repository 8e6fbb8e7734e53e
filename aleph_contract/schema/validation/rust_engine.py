"""The fast engine: jsonschema-rs, with its errors located as both engines locate them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote, urljoin

import jsonschema_rs

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.errors import ContractError
from aleph_contract.schema.keywords import CLOSING, Path, children, ends_in_keyword, rewrite
from aleph_contract.schema.patterns import Patterns
from aleph_contract.schema.regex import rust_options, to_rust
from aleph_contract.schema.validation.violations import Raw, at


class RustEngine:
    """jsonschema-rs for one schema.

    Its paths leave out members named "" (all versions up to 0.61): `Validator` asks the Python
    engine where an error can be in one.

    Raises:
        ContractError: The schema is not a valid draft 2020-12 schema.
    """

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._resources = _resources(schema)
        self._patterns = Patterns(to_rust)
        self._places: dict[str | tuple[Any, ...], Path] = {}
        read = rewrite(schema, self._adapt)
        if self._resources and isinstance(read, dict):
            read.setdefault("$id", _NOWHERE)
        try:
            self._engine = jsonschema_rs.Draft202012Validator(
                read, offline=True, pattern_options=rust_options()
            )
        except jsonschema_rs.ValidationError as error:
            raise ContractError("schema", pointer(error.instance_path), error.message) from None
        self.is_valid = self._engine.is_valid

    def errors(self, value: Any) -> Iterator[Raw]:
        """Every error of `value`, which must hold plain JSON types only."""
        return self._raws(self._engine.iter_errors(value), value, None)

    def _raws(self, errors: Iterable[Any], value: Any, key: str | None) -> Iterator[Raw]:
        for error in errors:
            kind, name = error.kind, key
            if kind.name == "propertyNames":
                name, kind = kind.error.instance, kind.error.kind
            instance, schema = _path(value, error.instance_path), self._place(error)
            keyword = str(schema[-1]) if schema else ""
            if kind.name == "falseSchema":
                closing = keyword in CLOSING and ends_in_keyword(schema)
                keyword, name = keyword if closing else "false", None
                if closing and keyword == "items":  # blamed on each item, but said of the array
                    instance = instance[:-1]
            branches = getattr(kind, "context", ())
            yield Raw(
                instance,
                schema,
                keyword,
                names=_names(kind, keyword),
                key=name,
                branches=tuple(tuple(self._raws(branch, value, name)) for branch in branches),
            )

    def _place(self, error: Any) -> Path:
        """The keyword in the published document; there are few, and many errors of each.

        In a document with several resources one path leads to a keyword in each of them.
        """
        steps = error.absolute_keyword_location if self._resources else tuple(error.schema_path)
        place = self._places.get(steps)
        if place is None:
            place = self._found_place(error)
            if len(self._places) < _MAX_PLACES:
                self._places[steps] = place
        return place

    def _found_place(self, error: Any) -> Path:
        start: Path = ()
        steps = error.schema_path
        if self._resources:
            base, _, fragment = error.absolute_keyword_location.partition("#")
            start = self._resources[base]
            steps = [_unescaped(step) for step in unquote(fragment).split("/")[1:]]
        if steps[-1:] == ["minContains"]:
            around = self._patterns.published(self._schema, (*start, *steps[:-1]))
            written = "minContains" in at(self._schema, around)
            return (*around, "minContains" if written else "contains")
        return self._patterns.published(self._schema, (*start, *steps))

    def _adapt(self, schema: Any, path: Path, _: Path) -> Any:
        """The schema without the parts that jsonschema-rs reads in its own way; it means the same.

        `dependencies` asserts nothing in draft 2020-12. A missing `minContains` is 1; beside
        `maxContains` jsonschema-rs blames that keyword for it.
        """
        if isinstance(schema, dict):
            schema.pop("dependencies", None)
            if "contains" in schema and "maxContains" in schema:
                schema.setdefault("minContains", 1)
            self._patterns.rewrite(schema, path)
        return schema


def _names(kind: Any, keyword: str) -> tuple[str, ...]:
    if keyword in ("required", "dependentRequired"):
        return (kind.property,)
    return tuple(kind.unexpected) if hasattr(kind, "unexpected") else ()


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


def _path(document: Any, steps: Iterable[str | int]) -> Path:
    """`steps`, indices as integers, names as strings: jsonschema-rs gives the name "1" as 1."""
    path: Path = ()
    for step in steps:
        part = int(step) if isinstance(document, list) else str(step)
        path, document = (*path, part), document[part]
    return path


#: Bound on the places that are kept for one schema.
_MAX_PLACES = 10_000

#: Stands for the address of a schema that names none; nothing is ever fetched from it.
_NOWHERE = "https://schema.invalid/"


def _resources(schema: Any) -> dict[str, Path]:
    """Address of each schema resource inside `schema` -> where it stands; empty if it has none."""
    found: dict[str, Path] = {}

    def visit(part: Any, path: Path, base: str) -> None:
        if isinstance(part, dict) and isinstance(part.get("$id"), str):
            base = urljoin(base, part["$id"]).rstrip("#")
            found[base] = path
        for step, child in children(part):
            visit(child, path + step, base)

    visit(schema, (), _NOWHERE)
    return {_NOWHERE: (), **found} if any(found.values()) else {}
