"""Expand the unions of a schema into conjunctions: schemas without unions that hold together.

`anyOf`, `oneOf`, `if`, `not` and `dependentSchemas` each offer options, one of which must hold.
Example: `{"anyOf": [A, B], "minimum": 1}` expands to `({"minimum": 1}, A)` and
`({"minimum": 1}, B)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, product
from typing import Any, NamedTuple

from aleph_contract.schema.document import IN_PLACE, Document, reference_to
from aleph_contract.schema.generation.negation import negate


class Member(NamedTuple):
    """One of several schemas that hold together.

    Args:
        schema: The schema.
        where: JSON Pointer to it; `None` if the schema is not part of the document.
    """

    schema: Any
    where: str | None = None

    def child(self, keyword: str, name: str | int | None = None) -> Member:
        """A subschema: the one at `keyword`, or at `keyword` and `name`."""
        held, where = self.schema[keyword], f"{self.where}/{keyword}"
        if name is not None:
            escaped = str(name).replace("~", "~0").replace("/", "~1")
            held, where = held[name], f"{where}/{escaped}"
        return Member(held, None if self.where is None else where)


Option = tuple[Member, ...]

#: Keywords that this module expands.
_EXPANDED = (*IN_PLACE, "if", "not")

#: Keywords whose negation no other keyword expresses. A `not` around one of these stays in the
#: conjunction, and the builders read it.
_KEPT_IN_NOT = frozenset(
    {"type", "const", "enum", "multipleOf", "pattern", "uniqueItems", "contains"}
)

#: Most negations of one `not` that become options.
_MAX_NEGATIONS = 64


@dataclass(frozen=True, slots=True)
class Choice:
    """Which options of a union are taken, and in which order.

    Args:
        chosen: JSON Pointers to the branches that must be taken.
        exclusive: Whether the other branches of the same union must fail.
        branch: Index of the option that comes first in a union without a chosen branch.
    """

    chosen: frozenset[str] = frozenset()
    exclusive: bool = False
    branch: int = 0

    def among(self, options: list[Option]) -> list[Option]:
        """The options to take, in order."""
        taken = [option for option in options if any(m.where in self.chosen for m in option)]
        if taken:
            return taken[-1:] if self.exclusive else taken
        first = self.branch % len(options) if options else 0
        return [*options[first:], *options[:first]]


class _UnsatisfiableError(Exception):
    """The conjunction contains the schema `false`."""


def expand_branches(
    document: Document,
    members: Iterable[Member],
    choice: Choice,
    seen: frozenset[str] = frozenset(),
) -> Iterator[tuple[Member, ...]]:
    """The conjunctions that `members` expand to; none for a conjunction that contains `false`.

    Args:
        document: The document that references point into.
        members: Schemas that hold together.
        choice: Which branches are taken.
        seen: JSON Pointers that are already expanded; a recursive reference adds nothing.
    """
    found: list[Member] = []
    choices: list[list[Option]] = []
    visited = dict.fromkeys(seen)
    try:
        for member in members:
            _collect(document, member, found, choices, visited)
    except _UnsatisfiableError:
        return
    choices = [choice.among(options) for options in choices]
    if not choices:
        yield tuple(found)
        return
    for picked in product(*choices):
        remaining = chain.from_iterable(picked)
        for more in expand_branches(document, remaining, choice, frozenset(visited)):
            yield (*found, *more)


def conjuncts_of(document: Document, member: Member) -> list[Member] | None:
    """The schemas that hold whenever `member` does, for any choice; `None` if one is `false`."""
    found: list[Member] = []
    try:
        _collect(document, member, found, [], {})
    except _UnsatisfiableError:
        return None
    return found


def referring(member: Member) -> Any:
    """A schema equal to `member`, in the form that `Document.accepts` takes."""
    return member.schema if member.where is None else {"$ref": reference_to(member.where)}


def _collect(
    document: Document,
    member: Member,
    conjuncts: list[Member],
    choices: list[list[Option]],
    visited: dict[str, None],
) -> None:
    """Add the schemas that always hold to `conjuncts`, and the options of unions to `choices`."""
    schema = member.schema
    if schema is False:
        raise _UnsatisfiableError
    if schema is True or member.where in visited:
        return
    if member.where is not None:
        visited[member.where] = None
    plain = {key: value for key, value in schema.items() if key not in _EXPANDED}
    if "not" in schema and _keeps_not(schema["not"]):
        plain["not"] = schema["not"]
    conjuncts.append(Member(plain, member.where))
    for keyword in ("$ref", "$dynamicRef"):
        target = document.target(schema, keyword)
        if target is not None:
            _collect(document, Member(document.at(target), target), conjuncts, choices, visited)
    for index in range(len(schema.get("allOf", ()))):
        _collect(document, member.child("allOf", index), conjuncts, choices, visited)
    choices += (options for options in _choices(document, member) if options != [()])


def _choices(document: Document, member: Member) -> Iterator[list[Option]]:
    schema = member.schema
    for keyword in ("anyOf", "oneOf"):
        branches = [member.child(keyword, i) for i in range(len(schema.get(keyword, ())))]
        exclusive = [
            (b, Member(_none_of(o.schema for o in branches if o is not b))) for b in branches
        ]
        if branches:
            yield [*((branch,) for branch in branches), *exclusive]
    if "if" in schema and ("then" in schema or "else" in schema):
        yield _conditional(member)
    for name in schema.get("dependentSchemas", ()):
        absent = Member({"properties": {name: False}})
        present = Member({"required": [name]})
        yield [(absent,), (present, member.child("dependentSchemas", name))]
    if "not" in schema and not _keeps_not(schema["not"]):
        yield [(Member(each),) for each in islice(negate(document, schema["not"]), _MAX_NEGATIONS)]


def _none_of(schemas: Iterable[Any]) -> Any:
    others = list(schemas)
    return {"not": {"anyOf": others}} if others else True


def _conditional(member: Member) -> list[Option]:
    unless = Member({"not": member.schema["if"]})
    then = (member.child("then"),) if "then" in member.schema else ()
    otherwise = (member.child("else"),) if "else" in member.schema else ()
    return [(member.child("if"), *then), (unless, *otherwise)]


def _keeps_not(schema: Any) -> bool:
    return isinstance(schema, dict) and len(schema) == 1 and not _KEPT_IN_NOT.isdisjoint(schema)
