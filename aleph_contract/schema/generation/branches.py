"""What a schema leaves to choose: its unions taken apart into plain conjunctions.

`anyOf`, `oneOf`, `if`, `not` and `dependentSchemas` each say that one of several things must hold.
An alternative takes one of them each; what is left are schemas without choice that hold together.
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
        where: JSON Pointer to it; `None` for one that is not of the document.
    """

    schema: Any
    where: str | None = None

    def child(self, keyword: str, name: str | int | None = None) -> Member:
        """A schema that this one holds."""
        held, where = self.schema[keyword], f"{self.where}/{keyword}"
        if name is not None:
            escaped = str(name).replace("~", "~0").replace("/", "~1")
            held, where = held[name], f"{where}/{escaped}"
        return Member(held, None if self.where is None else where)


Option = tuple[Member, ...]

#: Keywords that are taken apart here and nowhere else.
_TAKEN_APART = (*IN_PLACE, "if", "not")

#: Keywords whose opposite no other keyword can say: `not` stays, and the value is chosen to suit.
_OPPOSITE_UNSAID = frozenset(
    {"type", "const", "enum", "multipleOf", "pattern", "uniqueItems", "contains"}
)

#: Bound on the ways to break a schema that are tried.
_MOST = 64


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of several options are taken, and in which order.

    Args:
        chosen: JSON Pointers to the branches that must be taken, where they are met.
        alone: Whether the other branches beside those must fail.
        turn: Which option comes first where none must be taken.
    """

    chosen: frozenset[str] = frozenset()
    alone: bool = False
    turn: int = 0

    def among(self, options: list[Option]) -> list[Option]:
        """Those of `options` that are taken."""
        taken = [option for option in options if any(m.where in self.chosen for m in option)]
        if taken:
            return taken[-1:] if self.alone else taken
        turn = self.turn % len(options) if options else 0
        return [*options[turn:], *options[:turn]]


class _DeadError(Exception):
    """A conjunction that holds `false`."""


def expand_branches(
    document: Document,
    members: Iterable[Member],
    choice: Choice,
    seen: frozenset[str] = frozenset(),
) -> Iterator[tuple[Member, ...]]:
    """The conjunctions without choice that `members` come to.

    Args:
        document: What references lead into.
        members: Schemas that hold together.
        choice: Which branches are taken.
        seen: Pointers that are being taken apart already: going round in a circle adds nothing.
    """
    found: list[Member] = []
    choices: list[list[Option]] = []
    visited = dict.fromkeys(seen)
    try:
        for member in members:
            _settle(document, member, found, choices, visited)
    except _DeadError:
        return
    choices = [choice.among(options) for options in choices]
    if not choices:
        yield tuple(found)
        return
    for picked in product(*choices):
        rest = chain.from_iterable(picked)
        for more in expand_branches(document, rest, choice, frozenset(visited)):
            yield (*found, *more)


def conjuncts_of(document: Document, member: Member) -> list[Member] | None:
    """The schemas that must hold if `member` does, whatever is chosen; `None` if one is `false`."""
    found: list[Member] = []
    try:
        _settle(document, member, found, [], {})
    except _DeadError:
        return None
    return found


def referring(member: Member) -> Any:
    """A schema that says what `member` says, and that `Document.accepts` takes."""
    return member.schema if member.where is None else {"$ref": reference_to(member.where)}


def _settle(
    document: Document,
    member: Member,
    conjuncts_of: list[Member],
    choices: list[list[Option]],
    visited: dict[str, None],
) -> None:
    """Follow what leaves no choice; note what does."""
    schema = member.schema
    if schema is False:
        raise _DeadError
    if schema is True or member.where in visited:
        return
    if member.where is not None:
        visited[member.where] = None
    plain = {key: value for key, value in schema.items() if key not in _TAKEN_APART}
    if "not" in schema and _keeps_not(schema["not"]):
        plain["not"] = schema["not"]
    conjuncts_of.append(Member(plain, member.where))
    for keyword in ("$ref", "$dynamicRef"):
        target = document.target(schema, keyword)
        if target is not None:
            _settle(document, Member(document.at(target), target), conjuncts_of, choices, visited)
    for index in range(len(schema.get("allOf", ()))):
        _settle(document, member.child("allOf", index), conjuncts_of, choices, visited)
    choices += (options for options in _choices(document, member) if options != [()])


def _choices(document: Document, member: Member) -> Iterator[list[Option]]:
    schema = member.schema
    for keyword in ("anyOf", "oneOf"):
        branches = [member.child(keyword, i) for i in range(len(schema.get(keyword, ())))]
        alone = [(b, Member(_none_of(o.schema for o in branches if o is not b))) for b in branches]
        if branches:
            yield [*((branch,) for branch in branches), *alone]
    if "if" in schema and ("then" in schema or "else" in schema):
        yield _conditional(member)
    for name in schema.get("dependentSchemas", ()):
        absent = Member({"properties": {name: False}})
        present = Member({"required": [name]})
        yield [(absent,), (present, member.child("dependentSchemas", name))]
    if "not" in schema and not _keeps_not(schema["not"]):
        yield [(Member(way),) for way in islice(negate(document, schema["not"]), _MOST)]


def _none_of(schemas: Iterable[Any]) -> Any:
    others = list(schemas)
    return {"not": {"anyOf": others}} if others else True


def _conditional(member: Member) -> list[Option]:
    unless = Member({"not": member.schema["if"]})
    then = (member.child("then"),) if "then" in member.schema else ()
    otherwise = (member.child("else"),) if "else" in member.schema else ()
    return [(member.child("if"), *then), (unless, *otherwise)]


def _keeps_not(schema: Any) -> bool:
    return isinstance(schema, dict) and len(schema) == 1 and not _OPPOSITE_UNSAID.isdisjoint(schema)
