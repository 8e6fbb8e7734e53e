"""Read schemas of older JSON Schema drafts and of OpenAPI 3.0 as draft 2020-12.

`$schema` names the dialect of a document. A document without it is read as draft 2020-12; a keyword
that has a meaning only in another dialect is dropped from it, and a warning names the keyword.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.schema.keywords import SUBSCHEMAS, Holding, Path, copied

Schema = dict[str, Any]

#: Changes one schema, given with its path in the document.
Change = Callable[[Schema, Path], Any]


class Translated(NamedTuple):
    """A schema in draft 2020-12, and location and reason of every keyword that was dropped."""

    schema: Any
    warnings: tuple[tuple[str, str], ...] = ()


def translated(schema: Any) -> Translated:
    """`schema` in draft 2020-12; unchanged if `$schema` names that draft or an unknown dialect.

    For example, `{"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 0,
    "exclusiveMinimum": true}` becomes `{"exclusiveMinimum": 0}`.
    """
    if not isinstance(schema, dict):
        return Translated(schema)
    if "$schema" not in schema:
        return _without_foreign(schema)
    dialect = _dialect(schema["$schema"])
    if dialect is None:
        return Translated(schema)
    translate = _TRANSLATIONS[dialect]
    return Translated(_changed(schema, lambda part, _: translate(part)))


_OPENAPI = "openapi-3.0"

_ADDRESSES = (
    re.compile(r"https?://json-schema\.org/draft-(04|06|07)/schema#?"),
    re.compile(r"https?://json-schema\.org/draft/(2019-09)/schema#?"),
)
_OPENAPI_ADDRESS = re.compile(r"https?://spec\.openapis\.org/oas/3\.0\b.*")


def _dialect(asked: Any) -> str | None:
    """The dialect to translate; `None` for draft 2020-12 and for unknown dialects."""
    if not isinstance(asked, str):
        return None
    if _OPENAPI_ADDRESS.fullmatch(asked):
        return _OPENAPI
    found = next(filter(None, (pattern.fullmatch(asked) for pattern in _ADDRESSES)), None)
    return found[1] if found else None


#: Every keyword of any dialect that holds schemas; `items` may hold a list in older drafts.
_HOLDING: Mapping[str, Holding] = {
    **SUBSCHEMAS,
    "additionalItems": "schema",
    "dependencies": "map",
}


def _changed(schema: Any, change: Change, path: Path = ()) -> Any:
    """A copy of the document with every schema put through `change`, innermost first."""
    if not isinstance(schema, dict):
        return copied(schema)
    return change(
        {key: _held(key, value, change, (*path, key)) for key, value in schema.items()}, path
    )


def _held(keyword: str, value: Any, change: Change, path: Path) -> Any:
    """The value of a keyword, with `change` applied to the schemas in it."""
    holding = _HOLDING.get(keyword)
    if holding == "map" and isinstance(value, dict):
        return {name: _changed(child, change, (*path, name)) for name, child in value.items()}
    if holding in ("list", "schema") and isinstance(value, list):
        return [_changed(child, change, (*path, index)) for index, child in enumerate(value)]
    return _changed(value, change, path) if holding == "schema" else copied(value)


def _exclusive_bounds(schema: Schema) -> None:
    """Draft 4: a boolean beside `minimum` makes the bound exclusive."""
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        strict = schema.get(exclusive)
        if isinstance(strict, bool):
            del schema[exclusive]
            if strict and bound in schema:
                schema[exclusive] = schema.pop(bound)


def _item_lists(schema: Schema) -> None:
    """Until 2019-09: `items` holds a list of schemas, and `additionalItems` the schema after it."""
    rest = schema.pop("additionalItems", None)
    if isinstance(schema.get("items"), list):
        schema["prefixItems"] = schema.pop("items") or [True]
        if rest is not None:
            schema["items"] = rest


def _dependencies(schema: Schema) -> None:
    """Until draft 7: `dependencies` holds required names, or a schema, by name."""
    given = schema.pop("dependencies", None)
    if not isinstance(given, dict):
        return
    names = {name: held for name, held in given.items() if isinstance(held, list)}
    schemas = {name: held for name, held in given.items() if not isinstance(held, list)}
    if names:
        schema["dependentRequired"] = names
    if schemas:
        schema["dependentSchemas"] = schemas


def _identifiers(schema: Schema) -> None:
    """Draft 4 writes `id`; until draft 7 an `$id` of a fragment alone is an anchor."""
    if isinstance(schema.get("id"), str):
        schema["$id"] = schema.pop("id")
    if str(schema.get("$id", "")).startswith("#"):
        schema["$anchor"] = schema.pop("$id")[1:]


def _recursion(schema: Schema) -> None:
    """Draft 2019-09: `$recursiveRef` and `$recursiveAnchor` are forms of the dynamic keywords."""
    if "$recursiveRef" in schema:
        schema["$ref"] = schema.pop("$recursiveRef")
    schema.pop("$recursiveAnchor", None)


def _nullable(schema: Schema) -> None:
    """OpenAPI 3.0: `nullable` adds `null` to the `type` beside it (3.0.3, Schema Object)."""
    kind = schema.get("type")
    if schema.pop("nullable", None) is True and isinstance(kind, str):
        schema["type"] = [kind, "null"]


#: Keywords of later drafts, which have no meaning in an older one.
_SINCE: Mapping[str, tuple[str, ...]] = {
    "06": ("const", "contains", "propertyNames"),
    "07": ("if", "then", "else"),
    "2019-09": ("dependentRequired", "dependentSchemas", "minContains", "maxContains",
                "unevaluatedItems", "unevaluatedProperties", "$anchor"),
    "2020-12": ("prefixItems", "$dynamicRef", "$dynamicAnchor"),
}  # fmt: skip

_DRAFTS = ("04", *_SINCE)

#: Each dialect, and the steps that translate a schema of it.
_STEPS: Mapping[str, tuple[Callable[[Schema], None], ...]] = {
    _OPENAPI: (_exclusive_bounds, _nullable),
    "04": (_exclusive_bounds, _item_lists, _dependencies, _identifiers),
    "06": (_item_lists, _dependencies, _identifiers),
    "07": (_item_lists, _dependencies, _identifiers),
    "2019-09": (_item_lists, _recursion),
}


def _translation(dialect: str) -> Callable[[Schema], Schema]:
    draft = "04" if dialect == _OPENAPI else dialect
    later = [name for since in _DRAFTS[_DRAFTS.index(draft) + 1 :] for name in _SINCE[since]]

    def translate(schema: Schema) -> Schema:
        schema.pop("$schema", None)
        if draft != "2019-09" and "$ref" in schema:  # draft 7 and older ignore what is beside it
            named = ("$ref", "definitions")
            return {name: schema[name] for name in named if name in schema}
        for name in later:
            schema.pop(name, None)
        for step in _STEPS[dialect]:
            step(schema)
        return schema

    return translate


_TRANSLATIONS = {dialect: _translation(dialect) for dialect in _STEPS}

#: Keywords without a meaning in draft 2020-12, the values that another dialect gives a meaning to,
#: and that dialect.
_FOREIGN: Mapping[str, tuple[type, str]] = {
    "nullable": (bool, "OpenAPI 3.0"),
    "exclusiveMinimum": (bool, "draft 4 and OpenAPI 3.0"),
    "exclusiveMaximum": (bool, "draft 4 and OpenAPI 3.0"),
    "items": (list, "drafts before 2020-12"),
    "additionalItems": (object, "drafts before 2020-12"),
    "dependencies": (dict, "drafts before 2019-09"),
    "id": (str, "draft 4"),
    "$recursiveRef": (str, "draft 2019-09"),
    "divisibleBy": (object, "draft 3"),
}


_DROPPED = (
    "`{}` has a meaning only in {}; without `$schema` the schema is read as draft 2020-12, and the"
    " keyword is ignored"
)


def foreign(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The keywords of one schema that only another dialect gives a meaning to, and that dialect."""
    for keyword, (kind, dialect) in _FOREIGN.items():
        if keyword in schema and isinstance(schema[keyword], kind):
            yield keyword, dialect


def _without_foreign(schema: Schema) -> Translated:
    found: list[tuple[str, str]] = []

    def change(part: Schema, path: Path) -> Schema:
        for keyword, dialect in foreign(part):
            found.append((pointer((*path, keyword)), _DROPPED.format(keyword, dialect)))
            del part[keyword]
        return part

    return Translated(_changed(schema, change), tuple(found))
