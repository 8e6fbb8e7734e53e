"""Input -> every violation of the contract, by a fast validator and by an independent second one.

The fast one is jsonschema-rs; the second opinion is jsonschema, which is loaded only when asked
for. `docs/disagreements.md` lists the values on which the two differ and what is done about each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.jsonvalue import Number, pointer


@dataclass(frozen=True, slots=True)
class Violation:
    """One statement of the contract that an input breaks.

    Args:
        instance: JSON Pointer to the offending value in the input.
        schema: JSON Pointer to the keyword in the input schema; through `$ref` the place where
            the keyword stands in the document.
        keyword: The keyword; `false` where the schema is the literal `false`.
        limit: What the keyword says. For `required` and `dependentRequired` the one missing name.
        actual: What was held against it: a length or a count for the keywords that limit those,
            the unknown names for `additionalProperties`, `None` for a missing name, otherwise the
            value itself.
        message: One sentence that names the place, the limit and the actual value.
        branches: For `anyOf` and `oneOf`, the violations of each branch in order; the empty tuple
            stands for a branch that the input satisfies.
    """

    instance: str
    schema: str
    keyword: str
    limit: Any
    actual: Any
    message: str
    branches: tuple[tuple[Violation, ...], ...] = ()


def validate(input: Any, contract: Contract | None = None) -> tuple[Violation, ...]:  # noqa: A002 - the contract's word
    """Every violation of the contract's input schema, in a stable order; empty if it is valid."""
    return validator_for(contract).violations(input)


class Validator:
    """Both validators of one schema."""

    def __init__(self, schema: Any) -> None:
        import jsonschema_rs  # noqa: PLC0415 - on first use

        self.schema = schema
        self._fast = jsonschema_rs.Draft202012Validator(schema, offline=True)
        self._fast_is_valid = self._fast.is_valid

    def is_valid(self, value: Any) -> bool:
        """Whether `value` keeps the schema."""
        try:
            return self._fast_is_valid(value)
        except ValueError:
            return self._fast_is_valid(_plain(value))

    def violations(self, value: Any) -> tuple[Violation, ...]:
        """Every violation, by the fast validator."""
        plain = _plain(value)
        return _sorted(self._convert(error, plain) for error in self._fast.iter_errors(plain))

    def reference_violations(self, value: Any) -> tuple[Violation, ...]:
        """Every violation, by the reference validator."""
        raise NotImplementedError

    def _convert(self, error: Any, value: Any) -> Violation:
        keyword = "false" if error.kind.name == "falseSchema" else error.schema_path[-1]
        limit = _at(self.schema, error.schema_path)
        actual = _at(value, error.instance_path)
        branches = getattr(error.kind, "context", ()) if keyword in ("anyOf", "oneOf") else ()
        if keyword in ("required", "dependentRequired"):
            limit, actual = error.kind.property, None
        elif keyword in ("additionalProperties", "unevaluatedProperties", "unevaluatedItems"):
            actual = tuple(error.kind.unexpected)
        elif keyword.startswith(("min", "max")) and keyword not in ("minimum", "maximum"):
            actual = len(actual)
        return Violation(
            pointer(error.instance_path),
            pointer(error.schema_path),
            keyword,
            limit,
            actual,
            error.message,
            tuple(_sorted(self._convert(e, value) for e in branch) for branch in branches),
        )


def validator_for(contract: Contract | Any = None) -> Validator:
    """The validator of a contract's input, or of a schema; made once and kept.

    Args:
        contract: A `Contract`; or a schema (an object or a boolean); or `None` for the shipped
            contract.
    """
    if contract is None:
        contract = _shipped()
    schema = contract.input_schema if isinstance(contract, Contract) else contract
    kept = _KEPT.get(id(schema))
    if kept is None or kept.schema is not schema:
        kept = _KEPT[id(schema)] = Validator(schema)
    return kept


_KEPT: dict[int, Validator] = {}


@lru_cache(maxsize=1)
def _shipped() -> Contract:
    return Contract.load()


def nearest(violation: Violation) -> tuple[Violation, ...]:
    """Of a union's branches, the violations of the one that the value came closest to.

    A branch whose type fits beats one whose type does not, then the one whose discriminating
    `const` fits, then the one with the fewest violations; the first wins a tie.
    """
    return min(violation.branches, key=lambda b: _distance(b, violation.instance), default=())


def leaves(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """The violations a person wants to read: each union replaced by those of its nearest branch.

    A union stays as it is where several branches are equally near: it is then the message.
    """
    return tuple(leaf for violation in violations for leaf in _leaves(violation))


def _leaves(violation: Violation) -> tuple[Violation, ...]:
    distances = [_distance(branch, violation.instance) for branch in violation.branches]
    if not distances or distances.count(min(distances)) > 1:
        return (violation,)
    return leaves(nearest(violation)) or (violation,)


def _distance(branch: Sequence[Violation], at: str) -> tuple[int, int, int]:
    found = leaves(branch)
    wrong_type = sum(leaf.keyword == "type" and leaf.instance == at for leaf in found)
    wrong_tag = sum(
        leaf.keyword == "const" and leaf.instance.rpartition("/")[0] == at for leaf in found
    )
    return wrong_type, wrong_tag, len(found)


def _plain(value: Any) -> Any:
    if isinstance(value, Number):
        return float(value)
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(child) for child in value]
    return value


def _sorted(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    return tuple(sorted(violations, key=lambda v: (v.instance, v.schema, str(v.limit))))


def _at(value: Any, path: Iterable[str | int]) -> Any:
    for part in path:
        value = value[part]
    return value
