"""Strategies for schemas with any keyword, and for values close to their limits."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "1", "x/y", "~", "")
NUMBERS = (
    0, -0.0, 1, 1.0, -1, 2, 3, 0.1, 0.3, 0.30000000000000004, 1.5, 2.5, 19.99, 1e-7, 5e-324,
    2**53, 2**53 + 1, float(2**53), 2**63, 2**64, 2**64 + 1, 10**30, 1e30, 1e308, 10**400,
)  # fmt: skip
STRINGS = ("", "a", "b", "aa", "a\n", "1", "\u0663", "\u00e9", "\ufeff", "\U0001f600", "ab c")
PATTERNS = ("^a$", r"^\d$", "^[0-9]$", r"\w", r"\s", "^.$", "a|b", "^[^a]", r"(?=a)a", r"\ba", "")
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")

numbers = st.sampled_from(NUMBERS) | st.integers(-3, 9) | st.floats(-9, 9)
scalars = st.none() | st.booleans() | numbers | st.sampled_from(STRINGS)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=8,
)
_names = st.lists(st.sampled_from(NAMES), max_size=3, unique=True)
_counts = st.integers(0, 3)


def _keywords(inner: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    by_name = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    several = st.lists(inner, min_size=1, max_size=3)
    return {
        "type": st.sampled_from(TYPES)
        | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
        "enum": st.lists(values, min_size=1, max_size=3),
        "const": values,
        "minimum": numbers,
        "maximum": numbers,
        "exclusiveMinimum": numbers,
        "exclusiveMaximum": numbers,
        "multipleOf": st.sampled_from([n for n in NUMBERS if n > 0 and n != 10**400]),
        "minLength": _counts,
        "maxLength": _counts,
        "pattern": st.sampled_from(PATTERNS),
        "minItems": _counts,
        "maxItems": _counts,
        "uniqueItems": st.booleans(),
        "minProperties": _counts,
        "maxProperties": _counts,
        "required": _names,
        "dependentRequired": st.dictionaries(st.sampled_from(NAMES), _names, max_size=2),
        "minContains": _counts,
        "maxContains": _counts,
        "properties": by_name,
        "patternProperties": st.dictionaries(st.sampled_from(PATTERNS), inner, max_size=2),
        "additionalProperties": inner,
        "propertyNames": inner,
        "unevaluatedProperties": inner,
        "dependentSchemas": by_name,
        "prefixItems": several,
        "items": inner,
        "contains": inner,
        "unevaluatedItems": inner,
        "allOf": several,
        "anyOf": several,
        "oneOf": several,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "$ref": st.sampled_from(["#/$defs/a", "#/$defs/x~1y"]),
        "dependencies": st.just({"a": ["b"]}),
        "format": st.sampled_from(["uri", "email", "nonsense"]),
        "default": st.just(1),
        "unheard-of": st.just({"type": "string"}),
    }


def _some(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keywords = _keywords(inner)
    chosen = st.lists(st.sampled_from(sorted(keywords)), min_size=1, max_size=4, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({n: keywords[n] for n in names}))


_leaf = st.booleans() | _some(st.booleans())
_schemas = st.recursive(_leaf, _some, max_leaves=5)
_references = {
    "$defs": {"a": {"type": ["integer", "object"], "maximum": 3}, "x/y": {"minLength": 2}}
}

#: Any schema in which every reference leads somewhere.
schemas = _schemas.map(
    lambda schema: {**schema, **_references} if isinstance(schema, dict) else schema
)
