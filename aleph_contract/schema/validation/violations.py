"""Violations: the errors of an engine in one form, with a message, and the ones to read first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.schema.keywords import Path
from aleph_contract.schema.regex import compiled
from aleph_contract.schema.validation import messages


@dataclass(frozen=True, slots=True)
class Violation:
    """One keyword of the schema that a value violates.

    Args:
        instance: JSON Pointer to the offending value in the input.
        schema: JSON Pointer to the keyword in the schema document; behind a `$ref`, to the
            keyword in the target.
        keyword: The keyword; `false` if the schema is the literal `false`.
        limit: The value of the keyword. For `required` and `dependentRequired` the missing name.
        actual: The compared value: the length or the count for keywords that limit those, the
            unknown names for `additionalProperties`, `None` for a missing name, the name itself
            below `propertyNames`, otherwise the offending value.
        message: One sentence with the location, the limit and the actual value.
        branches: For `anyOf` and `oneOf` the violations of each branch in order; an empty tuple
            for a branch that the value satisfies.
    """

    instance: str
    schema: str
    keyword: str
    limit: Any
    actual: Any
    message: str = field(compare=False)
    branches: tuple[tuple[Violation, ...], ...] = ()

    @property
    def parent(self) -> str:
        """JSON Pointer to the value that holds the offending one."""
        return self.instance.rpartition("/")[0]


class Raw(NamedTuple):
    """One error as an engine reports it: paths and names only.

    A tuple, because an input with unions has many, and a refusal should be fast.

    Args:
        instance: Path of the value.
        schema: Path of the keyword in the document, or of the schema `false`.
        keyword: As in `Violation`.
        names: The missing name, or the unknown ones.
        key: The checked name, below `propertyNames`.
        branches: As in `Violation`.
    """

    instance: Path
    schema: Path
    keyword: str
    names: tuple[str, ...] = ()
    key: str | None = None
    branches: tuple[tuple[Raw, ...], ...] = ()

    @property
    def parent(self) -> Path:
        """Path of the value that holds the offending one."""
        return self.instance[:-1]

    def moved(self, instance: Path, schema: Path) -> Raw:
        """The same error of a larger value and schema, which hold these at the given paths."""
        return Raw(
            instance + self.instance,
            schema + self.schema,
            *self[2:5],
            tuple(tuple(raw.moved(instance, schema) for raw in branch) for branch in self.branches),
        )


def describe(raws: Iterable[Raw], schema: Any, value: Any) -> tuple[Violation, ...]:
    """`raws` as violations, ordered by location in the value, then in the schema."""
    return tuple(_locate(raw, schema, value).described() for raw in _ordered(raws))


def first(raws: Iterable[Raw], schema: Any, value: Any) -> Located | None:
    """The first of `leaves(describe(raws, schema, value))`."""
    found: Sequence[Raw] = _ordered(raws)
    if len(found) > 1 or (found and found[0].branches):
        found = leaves(found)
    return _locate(found[0], schema, value) if found else None


def _ordered(raws: Iterable[Raw]) -> list[Raw]:
    """`raws` in the order of `describe`, their branches too."""
    found = [
        raw._replace(branches=tuple(tuple(_ordered(branch)) for branch in raw.branches))
        if raw.branches
        else raw
        for raw in raws
    ]
    return found if len(found) <= 1 else sorted(_decided(set(found)), key=_order)


_Error = TypeVar("_Error", Violation, Raw)


def nearest(violation: _Error) -> tuple[_Error, ...]:
    """The violations of the union branch that is closest to the value.

    Order: a branch of matching type, then one with matching `const` members, then the one with the
    fewest violations; the first wins a tie. Empty if the violation is not of a union, or if a
    branch matches (`oneOf`).
    """
    at = violation.instance
    return min(violation.branches, key=lambda branch: _distance(branch, at), default=())


def leaves(violations: Iterable[_Error]) -> tuple[_Error, ...]:
    """The violations to show to a person: each union replaced by those of its nearest branch.

    A union with several nearest branches stays: its message names them all. Of a value of the
    wrong type only that is told.
    """
    found = tuple(leaf for violation in violations for leaf in _leaves(violation))
    mistyped = {leaf.instance for leaf in found if leaf.keyword == "type"}
    if not mistyped:
        return found
    return tuple(leaf for leaf in found if leaf.keyword == "type" or leaf.instance not in mistyped)


def _leaves(violation: _Error) -> tuple[_Error, ...]:
    if not violation.branches:
        return (violation,)
    distances = [_distance(branch, violation.instance) for branch in violation.branches]
    least = min(distances)
    if distances.count(least) > 1:
        return (violation,)
    return leaves(violation.branches[distances.index(least)]) or (violation,)


def _distance(branch: Sequence[_Error], at: str | Path) -> tuple[int, int, int]:
    found = leaves(branch)
    wrong_type = sum(leaf.keyword == "type" and leaf.instance == at for leaf in found)
    wrong_tag = sum(leaf.keyword == "const" and leaf.parent == at for leaf in found)
    return wrong_type, wrong_tag, len(found)


def _decided(raws: Collection[Raw]) -> list[Raw]:
    """`raws` without violations of `unevaluated*` by a value that has another violation.

    The specification leaves open which members a failed subschema has evaluated. Validators
    differ, and the violation may only follow from the other one.
    """
    return [
        raw
        for raw in raws
        if not raw.keyword.startswith("unevaluated")
        or not any(_decides(other, raw) for other in raws if other is not raw)
    ]


def _decides(other: Raw, raw: Raw) -> bool:
    within = other.instance[: len(raw.instance)] == raw.instance
    deeper = (len(other.instance), len(other.schema)) > (len(raw.instance), len(raw.schema))
    return within and (deeper or not other.keyword.startswith("unevaluated"))


class Located(NamedTuple):
    """A violation whose sentence is not written: for a reader that needs only place and limit.

    Args:
        raw: The error of the engine.
        limit: As in `Violation`.
        actual: As in `Violation`.
        names: The missing name, or the unknown ones.
        around: The schema that holds the keyword.
        schema: The schema document.
        value: The value that it judges.
    """

    raw: Raw
    limit: Any
    actual: Any
    names: tuple[str, ...]
    around: Any
    schema: Any
    value: Any

    @property
    def path(self) -> Path:
        """Path of the offending value."""
        return self.raw.instance

    @property
    def keyword(self) -> str:
        """As in `Violation`."""
        return self.raw.keyword

    def described(self) -> Violation:
        """The violation with its sentence."""
        raw = self.raw
        branches = tuple(describe(branch, self.schema, self.value) for branch in raw.branches)
        instance = pointer(raw.instance)
        subject = messages.place(raw.instance)
        if raw.key is not None:
            subject = f"the name {messages.quote(raw.key)} in {subject}"
        if branches:
            message = _union(subject, branches, instance)
        else:
            known = self.around.get("properties", ()) if self.names else ()
            given = raw.keyword, subject, self.limit, self.actual
            message = messages.sentence(*given, names=self.names, known=known)
        place = instance, _keyword_pointer(raw.schema), raw.keyword
        return Violation(*place, self.limit, self.actual, message, branches)


def _locate(raw: Raw, schema: Any, value: Any) -> Located:
    found = at(value, raw.instance) if raw.key is None else raw.key
    return located(raw, at(schema, raw.schema[:-1]), found, schema, value)


def located(raw: Raw, around: Any, found: Any, schema: Any, value: Any) -> Located:
    """The error as a violation.

    Args:
        raw: The error of an engine.
        around: The schema that holds the keyword.
        found: The part of the value that violates it.
        schema: The schema document.
        value: The value that it judges.
    """
    names = _unknown(around, found) if raw.keyword == "additionalProperties" else raw.names
    limit = names[0] if raw.keyword in _MISSING else at(around, raw.schema[-1:])
    actual = _actual(raw.keyword, found, names)
    return Located(raw, limit, actual, names, around, schema, value)


#: Cached, because a document has few keywords.
_keyword_pointer = lru_cache(maxsize=4096)(pointer)


def _actual(keyword: str, found: Any, names: tuple[str, ...]) -> Any:
    if keyword in _MISSING:
        return None
    if keyword == "additionalProperties":
        return names
    return len(found) if keyword in _COUNTING else found


def _unknown(schema: Any, value: Any) -> tuple[str, ...]:
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    return tuple(
        name
        for name in value
        if name not in known and not any(compiled(pattern).search(name) for pattern in patterns)
    )


def _union(subject: str, branches: Sequence[tuple[Violation, ...]], at: str) -> str:
    distances = [_distance(branch, at) for branch in branches]
    tied = [
        b for b, distance in zip(branches, distances, strict=True) if distance == min(distances)
    ]
    sentences = [" and ".join(leaf.message for leaf in leaves(branch)) for branch in tied]
    return messages.alternatives(
        subject, sentences, [index for index, branch in enumerate(branches) if not branch]
    )


_MISSING = frozenset({"required", "dependentRequired"})

#: Keywords that hold a length or a count against their limit.
_COUNTING = frozenset(
    {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}
)


def _order(raw: Raw) -> tuple[Path, Path, tuple[str, ...], str]:
    """The key to sort by; two paths of a document compare, as they part in one container."""
    return raw.instance, raw.schema, raw.names, raw.key or ""


def at(value: Any, path: Path) -> Any:
    """The part of a JSON value at `path`."""
    for part in path:
        value = value[part]
    return value
