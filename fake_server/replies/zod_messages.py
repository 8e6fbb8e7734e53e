"""Messages of violations in the wording of Zod, which the live service uses.

The messages for type, length and range are observed; the others are those of Zod 4 for the same
violation (assumed).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aleph_contract.core.jsonvalue import dumps
from aleph_contract.schema.validation.violations import Located


def path(violation: Located) -> str:
    """The location of a violation, such as `keyframes.0.seconds`; `input` for the whole input."""
    return ".".join(['""' if part == "" else str(part) for part in violation.path]) or "input"


def missing(violation: Located) -> str:
    """The location of the missing member that `required` names."""
    name = violation.limit or '""'
    return f"{path(violation)}.{name}" if violation.path else str(name)


def detail(violation: Located) -> str:
    """What is wrong with the value at that location."""
    message = _MESSAGES.get(violation.keyword)
    return message(violation) if message else f"Invalid input: {violation.described().message}"


def kind(value: Any) -> str:
    """The type of a JSON value in Zod's terms, such as `array` or `null`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    for types, name in _KINDS:
        if isinstance(value, types):
            return name
    return "undefined"


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (str, "string"),
    ((int, float), "number"),
    ((list, tuple), "array"),
    (dict, "object"),
)


def _bound(too: str, relation: str, what: str, unit: str = "") -> Callable[[Located], str]:
    to = "have" if unit else "be"
    return lambda v: f"Too {too}: expected {what} to {to} {relation}{dumps(v.limit)}{unit}"


def _type(violation: Located) -> str:
    limit = violation.limit if isinstance(violation.limit, list) else [violation.limit]
    wanted = "|".join("int" if name == "integer" else str(name) for name in limit)
    return f"Invalid input: expected {wanted}, received {kind(violation.actual)}"


def _one_of(violation: Located) -> str:
    return "Invalid option: expected one of " + "|".join(map(dumps, violation.limit))


def _unknown(violation: Located) -> str:
    names = ", ".join(map(dumps, violation.actual))
    return f"Unrecognized key{'s' if len(violation.actual) > 1 else ''}: {names}"


_MESSAGES: dict[str, Callable[[Located], str]] = {
    "type": _type,
    "enum": _one_of,
    "const": lambda v: f"Invalid input: expected {dumps(v.limit)}",
    "minLength": _bound("small", ">=", "string", " characters"),
    "maxLength": _bound("big", "<=", "string", " characters"),
    "minItems": _bound("small", ">=", "array", " items"),
    "maxItems": _bound("big", "<=", "array", " items"),
    "minProperties": _bound("small", ">=", "object", " properties"),
    "maxProperties": _bound("big", "<=", "object", " properties"),
    "minimum": _bound("small", ">=", "number"),
    "maximum": _bound("big", "<=", "number"),
    "exclusiveMinimum": _bound("small", ">", "number"),
    "exclusiveMaximum": _bound("big", "<", "number"),
    "multipleOf": lambda v: f"Invalid number: must be a multiple of {dumps(v.limit)}",
    "pattern": lambda v: f"Invalid string: must match pattern /{v.limit}/",
    "format": lambda v: f"Invalid {v.limit}",
    "additionalProperties": _unknown,
    "unevaluatedProperties": _unknown,
    "anyOf": lambda _: "Invalid input",
    "oneOf": lambda _: "Invalid input",
}
