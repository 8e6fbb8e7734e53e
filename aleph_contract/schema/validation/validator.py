"""Both engines for one schema, and the plain JSON values that they read alike.

The fast engine is jsonschema-rs; the second opinion is jsonschema, imported on first use. `format`
is an annotation in draft 2020-12 and asserts nothing in either engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.errors import ArgumentError
from aleph_contract.schema.keywords import Path
from aleph_contract.schema.validation.violations import (
    Located,
    Violation,
    describe,
    first,
    located,
)

if TYPE_CHECKING:
    from aleph_contract.schema.validation.python_engine import PythonEngine


class Validator:
    """Both engines for one schema.

    The Python engine alone judges what jsonschema-rs cannot read or what its versions judge
    differently: lone surrogates, and numbers beyond 2^53 where the schema compares such numbers.
    It alone locates errors in a member named "".

    Raises:
        ContractError: The schema is not a valid draft 2020-12 schema.
    """

    def __init__(self, schema: Any) -> None:
        import orjson

        from aleph_contract.schema.validation.descent import Node, is_self_contained

        self.schema = schema
        self._root = Node(schema)
        self._rust = self._root.engine
        self._compares_large = _compares_large(schema)
        self._has_empty_name = _has_empty_name(schema)
        self_contained = is_self_contained(schema)
        self._judges_unnamed = not self_contained or _judges_unnamed(schema)
        self._can_narrow = self_contained and not (self._compares_large or self._has_empty_name)
        #: `is_valid` for a value of plain JSON types only, such as orjson reads.
        self.is_valid_plain = (
            self._is_valid_exactly if self._compares_large else self._rust.is_valid
        )
        self._dumps = orjson.dumps
        self._strictly = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME

    def is_valid(self, value: Any) -> bool:
        """Whether `value` satisfies the schema.

        jsonschema-rs silently misreads values of types other than the plain JSON types. orjson
        refuses to write those, which takes a tenth of a microsecond to find out.
        """
        try:
            self._dumps(value, None, self._strictly)
        except TypeError:
            with _bounded():
                value = plain(value)
            if _has_surrogate(value):
                return not self.reference_violations(value)
        return bool(self.is_valid_plain(value))

    def _is_valid_exactly(self, value: Any) -> bool:
        if _has_large_number(value):
            return not self.reference_violations(value)
        return self._rust.is_valid(value)

    def violations(self, value: Any) -> tuple[Violation, ...]:
        """Every violation, by the fast engine.

        Raises:
            ArgumentError: `value` holds something that is not a JSON value, or is nested too deep.
        """
        with _bounded():
            read = plain(value)
            if self._is_for_python(read):
                return self.reference_violations(value)
            return describe(self._rust.errors(read), self.schema, value)

    def first_violation(self, value: Any, *, is_plain: bool = False) -> Located | None:
        """The first of `leaves(violations(value))`, without a sentence for each.

        Args:
            value: A value of the types that `violations` takes.
            is_plain: Whether it holds only the types that orjson reads.

        Raises:
            ArgumentError: As for `violations`.
        """
        try:  # as `_bounded`, which takes a microsecond longer
            read = value if is_plain else plain(value)
            can_narrow = self._can_narrow and (is_plain or not _has_surrogate(read))
            node, path, part = self._root.narrowest(read) if can_narrow else (self._root, (), read)
            if self._is_for_python(part, is_plain=is_plain):
                return first(self._python.errors(plain(value)), self.schema, value)
            own = node.own_error(part, path)
            if own is not None:
                return located(own, node.schema, part, self.schema, value)
            errors = node.engine.errors(part)
            return first((raw.moved(path, node.path) for raw in errors), self.schema, value)
        except RecursionError:
            raise ArgumentError(_UNBOUNDED) from None

    def _is_for_python(self, value: Any, *, is_plain: bool = False) -> bool:
        return (
            self._has_empty_name
            or (self._judges_unnamed and _has_empty_name(value))
            or (not is_plain and _has_surrogate(value))
            or (self._compares_large and _has_large_number(value))
        )

    def reference_violations(self, value: Any) -> tuple[Violation, ...]:
        """Every violation, by the second opinion.

        Raises:
            ArgumentError: As for `violations`.
        """
        with _bounded():
            return describe(self._python.errors(plain(value)), self.schema, value)

    @cached_property
    def _python(self) -> PythonEngine:
        from aleph_contract.schema.validation.python_engine import PythonEngine

        return PythonEngine(self.schema)


_UNBOUNDED = "nested too deep, or without end, to be validated"


@contextmanager
def _bounded() -> Iterator[None]:
    """Refuse a value that is nested too deep, or a schema whose references form a circle."""
    try:
        yield
    except RecursionError:
        raise ArgumentError(_UNBOUNDED) from None


def plain(value: Any, path: Path = ()) -> Any:
    """`value` in the plain JSON types that both engines read alike.

    A `Number` becomes its double, a tuple an array, an integral `Decimal` an integer. `NaN` and
    the infinities stay as they are; they have no JSON type.

    Raises:
        ArgumentError: A part of it is not a JSON value.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (float, Decimal)):
        return _number(value)
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: plain(child, (*path, key)) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(child, (*path, index)) for index, child in enumerate(value)]
    place = pointer(path) or "the top"
    raise ArgumentError(f"not a JSON value at {place}: {value!r:.60}")


def _number(value: float | Decimal) -> float:
    whole = isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value()
    return int(value) if whole else float(value)


def _has_surrogate(value: Any) -> bool:
    if isinstance(value, str):
        return not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, dict):
        return any(_has_surrogate(part) for item in value.items() for part in item)
    return isinstance(value, list) and any(map(_has_surrogate, value))


#: From here on not every integer has a double of its own, and versions of jsonschema-rs compare
#: an integer with a double in different ways.
_LARGE = 2**53

_BOUNDS = ("enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def _compares_large(schema: Any) -> bool:
    """Whether a number beyond 2^53 in a value can meet an equal one, or a bound of that size."""
    return any(
        part.get("uniqueItems") is True
        or "multipleOf" in part
        or any(_has_large_number(part[keyword]) for keyword in _BOUNDS if keyword in part)
        for part in _objects(schema)
    )


def _has_large_number(value: Any) -> bool:
    if isinstance(value, (int, float)):
        return abs(value) >= _LARGE
    if isinstance(value, dict):
        return any(map(_has_large_number, value.values()))
    return isinstance(value, list) and any(map(_has_large_number, value))


def _has_empty_name(value: Any) -> bool:
    return any("" in part for part in _objects(value))


def _judges_unnamed(schema: Any) -> bool:
    """Whether an error can be in a member that `properties` does not name; else it is around it."""
    return any(
        "patternProperties" in part
        or not isinstance(part.get("additionalProperties", True), bool)
        or not isinstance(part.get("unevaluatedProperties", True), bool)
        for part in _objects(schema)
    )


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a JSON value, itself among them."""
    found, parts = [], [value]
    for part in parts:
        kind = type(part)
        if kind is dict:
            found.append(part)
            parts += part.values()
        elif kind is list:
            parts += part
    return found
