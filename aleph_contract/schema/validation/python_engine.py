"""The second opinion: jsonschema, with the keywords replaced that it reads in its own way.

`docs/disagreements.md` lists the differences and the reasons.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry

from aleph_contract.core.jsonvalue import identity, same
from aleph_contract.schema.keywords import CLOSING, Path, rewrite
from aleph_contract.schema.patterns import Patterns
from aleph_contract.schema.regex import to_python
from aleph_contract.schema.validation.violations import Raw, at


class PythonEngine:
    """jsonschema for one schema.

    An error is located by the identity of the schema object that raised it, because jsonschema's
    own paths leave out the target of a `$ref`. So the engine works on a private copy, in which
    every object is unique.
    """

    def __init__(self, schema: Any) -> None:
        self._where: dict[int, Path] = {}
        self._false: set[int] = set()
        self._patterns = Patterns(to_python)
        copy = rewrite(schema, self._adapt)
        for path, part in _objects([copy], ()):  # a `$ref` may lead to a place that is no subschema
            self._where.setdefault(id(part), path[1:])
        self._engine = _Engine(copy, registry=Registry())

    def errors(self, value: Any) -> Iterator[Raw]:
        """Every error of `value`, which must hold plain JSON types only."""
        return self._raws(self._engine.iter_errors(value), value, ())

    def _raws(self, errors: Iterable[Any], value: Any, prefix: Path) -> Iterator[Raw]:
        seen: Counter[tuple[Path, Path]] = Counter()
        for error in errors:
            instance: Path = (*prefix, *error.absolute_path)
            where = self._where[id(error.schema)]
            if id(error.schema) in self._false:
                yield Raw(instance, where, "false")
                continue
            schema = (*where, error.validator)
            in_names = isinstance(error.instance, str) and isinstance(at(value, instance), dict)
            yield Raw(
                instance,
                schema,
                error.validator,
                names=_names(error, seen[instance, schema]),
                key=error.instance if in_names else None,
                branches=tuple(self._branches(error, value, instance)),
            )
            seen[instance, schema] += 1

    def _branches(self, error: Any, value: Any, instance: Path) -> Iterator[tuple[Raw, ...]]:
        if error.validator not in ("anyOf", "oneOf"):
            return
        for branch in error.validator_value:
            errors = self._engine.evolve(schema=branch).iter_errors(error.instance)
            yield tuple(self._raws(errors, value, instance))

    def _adapt(self, schema: Any, path: Path, step: Path) -> Any:
        """One schema of the private copy, with its patterns rewritten for Python.

        A `false` becomes an object that always fails, so that it has an identity.
        """
        if schema is True or (schema is False and len(step) == 1 and step[0] in CLOSING):
            return schema
        if schema is False:
            schema = {"not": {}}
            self._false.add(id(schema))
        schema.pop("$schema", None)  # below the root it would bring the plain engine back
        self._patterns.rewrite(schema, path)
        self._where[id(schema)] = path
        return schema


def _objects(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        yield path, value
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for step, part in parts:
        if isinstance(part, (dict, list)):
            yield from _objects(part, (*path, step))


def _names(error: Any, nth: int) -> tuple[str, ...]:
    """The names that the `nth` error of its place is about: jsonschema has them in prose only."""
    value, limit = error.instance, error.validator_value
    if error.validator == "required":
        return ([name for name in limit if name not in value][nth],)
    if error.validator == "dependentRequired":
        asked = [name for trigger in limit if trigger in value for name in limit[trigger]]
        return ([name for name in asked if name not in value][nth],)
    return ()


def _multiple_of(engine: Any, limit: Any, value: Any, _: Any) -> Iterator[ValidationError]:
    """Exact, in the decimals that were written: 0.3 is a multiple of 0.1."""
    if engine.is_type(value, "number") and Fraction(str(value)) % Fraction(str(limit)):
        yield ValidationError(f"{value} is not a multiple of {limit}")


def _contains(engine: Any, limit: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """As jsonschema does, but `minContains` is named also when nothing matches at all."""
    for error in Draft202012Validator.VALIDATORS["contains"](engine, limit, value, schema):
        if error.validator not in ("minContains", "maxContains") and "minContains" in schema:
            error.validator = "minContains"
        yield error


def _const(_: Any, limit: Any, value: Any, __: Any) -> Iterator[ValidationError]:
    if not same(value, limit):
        yield ValidationError("another value")


def _enum(_: Any, limit: Any, value: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(value, str):
        listed = value in limit
    else:
        listed = any(same(value, each) for each in limit if not isinstance(each, str))
    if not listed:
        yield ValidationError("not one of the values")


def _unique_items(engine: Any, limit: Any, value: Any, _: Any) -> Iterator[ValidationError]:
    if limit and engine.is_type(value, "array") and len(set(map(identity, value))) < len(value):
        yield ValidationError("equal items")


def _additional(engine: Any, limit: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """As jsonschema does, but without joining the patterns: backreferences count groups."""
    if not engine.is_type(value, "object"):
        return
    known, patterns = schema.get("properties", ()), schema.get("patternProperties", ())
    others = [n for n in value if n not in known and not any(re.search(p, n) for p in patterns)]
    if limit is False and others:
        yield ValidationError(f"additional properties: {others!r}")
    elif limit is not False:
        for name in others:
            yield from engine.descend(value[name], limit, path=name)


def _is_number(_: Any, value: Any) -> bool:
    """Numbers as JSON has them: `NaN` and the infinities are of no type."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


_Engine: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        "multipleOf": _multiple_of,
        "contains": _contains,
        "const": _const,
        "enum": _enum,
        "uniqueItems": _unique_items,
        "additionalProperties": _additional,
    },
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number),
)
