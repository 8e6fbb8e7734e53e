"""Expand the unions of a schema into conjunctions: schemas without unions that hold together.

`anyOf`, `oneOf`, `if`, `not` and `dependentSchemas` each offer options, one of which must hold.
Example: `{"anyOf": [A, B], "minimum": 1}` expands to `({"minimum": 1}, A)` and
`({"minimum": 1}, B)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice, product
from typing import Any, NamedTuple

from aleph_contract.schema.document import IN_PLACE, Document, reference_to
from aleph_contract.schema.generation.budget import Budget
from aleph_contract.schema.generation.negation import Scope, negate


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

#: Most steps to find the schemas that hold whenever one schema does.
_MAX_CONJUNCTS_STEPS = 20_000


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


class _NoConjunctionError(Exception):
    """The conjunction contains the schema `false`, or the budget is empty."""


def expand_branches(
    document: Document,
    members: Iterable[Member],
    choice: Choice,
    budget: Budget | None = None,
    *,
    seen: Iterable[str] = (),
) -> Iterator[tuple[Member, ...]]:
    """The conjunctions that `members` expand to; none for a conjunction that contains `false`.

    Args:
        document: The document that references point into.
        members: Schemas that hold together.
        choice: Which branches are taken.
        budget: Ends the expansion when it is empty; unlimited if `None`.
        seen: JSON Pointers that are already expanded; a recursive reference adds nothing.
    """
    collector = _Collector(Scope(document, budget or Budget()), dict.fromkeys(seen))
    try:
        for member in members:
            collector.add(member)
    except _NoConjunctionError:
        return
    found, budget = collector.conjuncts, collector.scope.budget
    if not collector.choices:
        yield tuple(found)
        return
    for picked in product(*(choice.among(options) for options in collector.choices)):
        if not budget.spend():
            return
        remaining = chain.from_iterable(picked)
        for more in expand_branches(document, remaining, choice, budget, seen=collector.visited):
            yield (*found, *more)


def conjuncts_of(document: Document, member: Member) -> list[Member] | None:
    """The schemas that hold whenever `member` does, for any choice; `None` if one is `false`."""
    collector = _Collector(Scope(document, Budget(_MAX_CONJUNCTS_STEPS)))
    try:
        collector.add(member)
    except _NoConjunctionError:
        return None
    return collector.conjuncts


def referring(member: Member) -> Any:
    """A schema equal to `member`, in the form that `Document.accepts` takes."""
    return member.schema if member.where is None else {"$ref": reference_to(member.where)}


@dataclass(slots=True)
class _Collector:
    """Collects the schemas that always hold, and the options of unions.

    Args:
        scope: The document and the budget.
        visited: JSON Pointers of the members that are already added.
    """

    scope: Scope
    visited: dict[str, None] = field(default_factory=dict)
    conjuncts: list[Member] = field(default_factory=list)
    choices: list[list[Option]] = field(default_factory=list)

    def add(self, member: Member) -> None:
        """Add a schema and those that hold with it.

        Raises:
            _NoConjunctionError: It contains the schema `false`, or the budget is empty.
        """
        schema = member.schema
        if schema is False or not self.scope.budget.spend():
            raise _NoConjunctionError
        if schema is True or member.where in self.visited:
            return
        if member.where is not None:
            self.visited[member.where] = None
        plain = {key: value for key, value in schema.items() if key not in _EXPANDED}
        if "not" in schema and _keeps_not(schema["not"]):
            plain["not"] = schema["not"]
        self.conjuncts.append(Member(plain, member.where))
        document = self.scope.document
        for keyword in ("$ref", "$dynamicRef"):
            target = document.target(schema, keyword)
            if target is not None:
                self.add(Member(document.at(target), target))
        for index in range(len(schema.get("allOf", ()))):
            self.add(member.child("allOf", index))
        self.choices += (options for options in _choices(self.scope, member) if options != [()])


def _choices(scope: Scope, member: Member) -> Iterator[list[Option]]:
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
        yield [(Member(each),) for each in islice(negate(scope, schema["not"]), _MAX_NEGATIONS)]


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
