"""Random edits of any catalog entry: of each keyword that asserts, and of the form of a schema."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping
from typing import Any

from aleph_contract.schema.keywords import ASSERTIONS, walk

Schema = dict[str, Any]


def edited(entry: Mapping[str, Any], rng: random.Random) -> dict[str, Any]:
    """A copy of an entry with one to three edits of its input schema and one of its output schema.

    The edited schemas may be unsatisfiable; the examples are left out, since they may contradict
    them. An edit that fits no place changes nothing.
    """
    changed = copy.deepcopy({k: v for k, v in entry.items() if k != "examples"})
    schemas = changed["schema"]
    for side in rng.choices(("input", "output"), (3, 1), k=rng.randint(1, 3)):
        schemas[side] = _edit(schemas[side], rng)
    return changed


def _edit(root: Any, rng: random.Random) -> Any:
    holders = [schema for _, schema in walk(root) if isinstance(schema, dict)]
    for _ in range(8):
        before = copy.deepcopy(root)
        rng.choice(_EDITS)(rng.choice(holders), rng)
        if root != before:
            return root
    return root


_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def _move_limit(schema: Schema, rng: random.Random) -> None:
    name = _one_of(schema, (*_COUNTS, *_NUMBERS, "minContains", "maxContains"), rng)
    if name in _NUMBERS:
        schema[name] += rng.choice((-1, 1, -0.5, 0.5, 10, -10))
    elif name:
        schema[name] = max(0, schema[name] + rng.choice((-1, 1, 5)))


def _drop_keyword(schema: Schema, rng: random.Random) -> None:
    name = _one_of(schema, sorted(ASSERTIONS - {"contains"}), rng)
    if name and not {"minContains", "maxContains"} & {name}:
        del schema[name]


def _add_limit(schema: Schema, rng: random.Random) -> None:
    limits: dict[str, dict[str, Any]] = {
        "string": {"minLength": 2, "maxLength": 40, "pattern": "^[ -~]*$"},
        "integer": {"minimum": 1, "maximum": 50, "multipleOf": 2},
        "number": {"minimum": 0.5, "maximum": 50, "exclusiveMinimum": 0},
        "array": {"minItems": 1, "maxItems": 4, "uniqueItems": True},
        "object": {"minProperties": 1, "maxProperties": 6},
    }
    kind = schema.get("type")
    if isinstance(kind, str) and kind in limits:
        name = rng.choice(sorted(limits[kind]))
        schema[name] = limits[kind][name]


def _edit_required(schema: Schema, rng: random.Random) -> None:
    if schema.get("properties"):
        name = rng.choice(sorted(schema["properties"]))
        schema["required"] = sorted({name} ^ set(schema.get("required", ())))


def _edit_values(schema: Schema, rng: random.Random) -> None:
    if "enum" in schema:
        others = ([*schema["enum"], "another"], schema["enum"][1:], schema["enum"][:-1])
        schema["enum"] = rng.choice(others) or ["another"]
    elif "const" in schema:
        schema["enum"] = [schema.pop("const"), "another"]


def _edit_type(schema: Schema, rng: random.Random) -> None:
    kind = schema.get("type")
    wider = {"integer": "number", "number": "integer"}
    if isinstance(kind, list):
        schema["type"] = kind[:-1] if rng.random() < 0.5 else kind[0]
    elif isinstance(kind, str):
        schema["type"] = rng.choice((wider.get(kind, kind), [kind, "null"], [kind, "boolean"]))


def _edit_members(schema: Schema, rng: random.Random) -> None:
    members = schema.get("properties")
    if not members:
        return
    optional = sorted(set(members) - set(schema.get("required", ())))
    if optional and rng.random() < 0.5:
        del members[rng.choice(optional)]
    else:
        members["another"] = {"type": rng.choice(("string", "integer", "boolean"))}


def _edit_union(schema: Schema, rng: random.Random) -> None:
    name = _one_of(schema, ("anyOf", "oneOf"), rng)
    if name is None:
        return
    branches = schema.pop(name)
    more = [*branches, {"type": "null"}]
    schema[rng.choice(("anyOf", "oneOf"))] = rng.choice(
        (branches[1:] or branches, branches[:-1] or branches, more, branches[::-1], branches)
    )


def _edit_closing(schema: Schema, rng: random.Random) -> None:
    if "properties" in schema:
        schema["additionalProperties"] = rng.choice((True, False, {"type": "string"}))


def _edit_number(schema: Schema, rng: random.Random) -> None:
    if "multipleOf" in schema:
        schema["multipleOf"] *= rng.choice((2, 3, 0.5))


def _wrap(schema: Schema, _: random.Random) -> None:
    """The same schema in another form: every keyword in a branch of `allOf`."""
    if "$ref" not in schema and "$defs" not in schema and "$id" not in schema and schema:
        inner = {name: schema.pop(name) for name in list(schema) if not name.startswith("$")}
        schema["allOf"] = [inner]


def _describe(schema: Schema, rng: random.Random) -> None:
    schema["description"] = f"Up to {rng.randint(1, 9)} of them."


def _one_of(schema: Schema, names: tuple[str, ...] | list[str], rng: random.Random) -> str | None:
    """One of the keywords that the schema has; `None` if it has none of them."""
    present = [name for name in names if name in schema]
    return rng.choice(present) if present else None


_EDITS: tuple[Callable[[Schema, random.Random], None], ...] = (
    _move_limit,
    _move_limit,
    _drop_keyword,
    _add_limit,
    _edit_required,
    _edit_values,
    _edit_type,
    _edit_members,
    _edit_union,
    _edit_closing,
    _edit_number,
    _wrap,
    _describe,
)
