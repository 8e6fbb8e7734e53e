"""Both validators of one schema, and the plain JSON values they read alike.

The fast engine is jsonschema-rs; the second opinion is jsonschema, loaded only when it is asked.
`format` is an annotation in draft 2020-12 and asserts nothing in either engine.
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
from aleph_contract.schema.validation.violations import Violation, describe

if TYPE_CHECKING:
    from aleph_contract.schema.validation.python_engine import Reference


class Validator:
    """Both validators of one schema.

    Raises:
        ContractError: The schema is not a valid draft 2020-12 schema.
    """

    def __init__(self, schema: Any) -> None:
        import orjson

        from aleph_contract.schema.validation.rust_engine import Fast

        self.schema = schema
        self._fast = Fast(schema)
        #: As `is_valid`, without its look for other than the plain JSON types (as orjson reads).
        self.is_valid_plain = self._fast.is_valid
        self._dumps = orjson.dumps
        self._strictly = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME

    def is_valid(self, value: Any) -> bool:
        """Whether `value` keeps the schema.

        The fast validator silently misreads values of other than the plain JSON types; trying to
        write the value finds those in a tenth of a microsecond.
        """
        try:
            self._dumps(value, None, self._strictly)
        except TypeError:
            with _bounded():
                value = plain(value)
            if _has_surrogate(value):
                return not self.reference_violations(value)
        return bool(self.is_valid_plain(value))

    def violations(self, value: Any) -> tuple[Violation, ...]:
        """Every violation, by the fast validator."""
        with _bounded():
            read = plain(value)
            if _has_surrogate(read):
                return self.reference_violations(value)
            return describe(self._fast.errors(read), self.schema, value)

    def reference_violations(self, value: Any) -> tuple[Violation, ...]:
        """Every violation, by the reference validator."""
        with _bounded():
            return describe(self._reference.errors(plain(value)), self.schema, value)

    @cached_property
    def _reference(self) -> Reference:
        from aleph_contract.schema.validation.python_engine import Reference

        return Reference(self.schema)


@contextmanager
def _bounded() -> Iterator[None]:
    """Refuse what is nested too deep to be followed, or a schema that goes round in a circle."""
    try:
        yield
    except RecursionError:
        raise ArgumentError("nested too deep, or without end, to be validated") from None


def plain(value: Any, path: Path = ()) -> Any:
    """`value` in the plain JSON types that both validators read alike.

    A `Number` becomes its double, a tuple an array, an integral `Decimal` an integer. `NaN` and
    the infinities stay what they are: of no type.

    Raises:
        ArgumentError: There is something in it that JSON cannot hold.
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
