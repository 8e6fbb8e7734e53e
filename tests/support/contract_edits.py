"""A small catalog entry, and random edits of its schemas."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]

INPUT: Schema = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 8},
        "seed": {"type": "integer", "minimum": 0, "maximum": 9},
        "mode": {"enum": ["a", "b", "c"]},
        "parts": {
            "type": "array",
            "minItems": 1,
            "maxItems": 3,
            "items": {
                "anyOf": [
                    {
                        "type": "object",
                        "properties": {"at": {"type": "number", "minimum": 0, "maximum": 1}},
                        "required": ["at"],
                        "additionalProperties": False,
                    },
                    {"type": "string", "maxLength": 3},
                ]
            },
        },
    },
    "required": ["text"],
    "additionalProperties": False,
}
OUTPUT: Schema = {
    "type": "object",
    "properties": {"video": {"type": "string"}, "length": {"type": "number", "minimum": 0}},
    "required": ["video"],
    "additionalProperties": False,
}


def entry(input_schema: Any = INPUT, output_schema: Any = OUTPUT) -> dict[str, Any]:
    """A catalog entry with these schemas."""
    return {"model_id": "test/one", "schema": {"input": input_schema, "output": output_schema}}


def edited(schema: Schema, rng: random.Random) -> Schema:
    """A copy of `schema` with one random edit in one of its object schemas."""
    changed = copy.deepcopy(schema)
    rng.choice(_EDITS)(rng.choice(_schemas(changed)), rng)
    return changed


def _schemas(schema: Any) -> list[Schema]:
    found = [schema]
    for child in schema.get("properties", {}).values():
        found += _schemas(child)
    if "items" in schema:
        found += _schemas(schema["items"])
    for branch in schema.get("anyOf", ()):
        found += _schemas(branch)
    return found


_LIMITS = ("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems")


def _move_limit(schema: Schema, rng: random.Random) -> None:
    for name in _LIMITS:
        if name in schema:
            schema[name] = max(0, schema[name] + rng.choice((-1, 1)))


def _drop_keyword(schema: Schema, rng: random.Random) -> None:
    names = [n for n in (*_LIMITS, "enum", "required", "additionalProperties") if n in schema]
    if names:
        del schema[rng.choice(names)]


def _edit_required(schema: Schema, rng: random.Random) -> None:
    if "properties" in schema:
        name = rng.choice(sorted(schema["properties"]))
        schema["required"] = sorted({name} ^ set(schema.get("required", ())))


def _edit_enum(schema: Schema, rng: random.Random) -> None:
    if "enum" in schema:
        schema["enum"] = rng.choice((schema["enum"][1:], [*schema["enum"], "d"]))


def _add_type(schema: Schema, _: random.Random) -> None:
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]


def _swap_number(schema: Schema, _: random.Random) -> None:
    swapped = {"integer": "number", "number": "integer"}
    if isinstance(schema.get("type"), str) and schema["type"] in swapped:
        schema["type"] = swapped[schema["type"]]


def _add_member(schema: Schema, _: random.Random) -> None:
    if "properties" in schema:
        schema["properties"]["more"] = {"type": "boolean"}


def _remove_member(schema: Schema, rng: random.Random) -> None:
    optional = sorted(set(schema.get("properties", ())) - set(schema.get("required", ())))
    if optional:
        del schema["properties"][rng.choice(optional)]


def _edit_union(schema: Schema, rng: random.Random) -> None:
    if "anyOf" in schema:
        schema["anyOf"] = rng.choice((schema["anyOf"][:1], [*schema["anyOf"], {"type": "null"}]))


_EDITS: tuple[Callable[[Schema, random.Random], None], ...] = (
    _move_limit,
    _drop_keyword,
    _edit_required,
    _edit_enum,
    _add_type,
    _swap_number,
    _add_member,
    _remove_member,
    _edit_union,
)
