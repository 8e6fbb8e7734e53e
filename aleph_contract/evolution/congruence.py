"""Compare a keyword with the same keyword of the narrower schema, subschema by subschema.

Two versions of a schema mostly have the same form: then it is enough that each subschema of the
narrower version is contained in its counterpart. These rules also cover keywords that depend on
the validity of subschemas: `oneOf`, `if`, `unevaluatedProperties`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from aleph_contract.evolution.conjunction import Conjunction, Part
from aleph_contract.evolution.disjoint import is_empty


class Proof(Protocol):
    """The proof that a rule asks for comparisons of subschemas."""

    def holds(self, narrow: Conjunction, wide: Part, depth: int) -> bool:
        """Whether every value of all schemas in `narrow` satisfies `wide`."""

    def below(self, narrow: Conjunction, wide: Part, depth: int) -> bool:
        """The same for a member or an item."""


def is_congruent(
    proof: Proof, parts: Conjunction, pair: tuple[Part, Part], keyword: str, depth: int
) -> bool:
    """Whether a schema implies a keyword of another, because it has the same one.

    Args:
        proof: The proof in progress.
        parts: The schemas that hold too.
        pair: A schema of the narrower version, with all of its keywords, and the wider schema.
        keyword: A keyword of the wider schema.
        depth: The depth of the proof.
    """
    rule, first = _RULES.get(keyword), _FIRST.get(keyword, keyword)
    present = all(isinstance(each.schema, dict) and first in each.schema for each in pair)
    return rule is not None and present and rule(proof, parts, *pair, depth)


def same(one: Any, other: Any) -> bool:
    """Whether two schemas have the same text and no reference."""
    text = json.dumps(one, sort_keys=True)
    return (
        '"$ref"' not in text
        and '"$dynamicRef"' not in text
        and text == json.dumps(other, sort_keys=True)
    )


def _any_of(proof: Proof, parts: Conjunction, part: Part, wide: Part, depth: int) -> bool:
    branches = [wide.child(branch) for branch in wide.schema["anyOf"]]
    return all(
        any(proof.holds((*context, part.child(own)), branch, depth + 1)
            for context in ((), parts) for branch in branches)
        for own in part.schema["anyOf"]
    )  # fmt: skip


def _one_of(proof: Proof, parts: Conjunction, part: Part, wide: Part, depth: int) -> bool:
    """Each branch lies in its counterpart, and a value of it in no further branch of `wide`."""
    mine = [part.child(branch) for branch in part.schema["oneOf"]]
    theirs = [wide.child(branch) for branch in wide.schema["oneOf"]]
    return all(
        any(
            proof.holds((*parts, own), branch, depth + 1)
            and all(
                _excluded(proof, parts, own, mine, other, depth)
                for other in theirs if other is not branch
            )
            for branch in theirs
        )
        for own in mine
    )  # fmt: skip


def _excluded(  # noqa: PLR0917 - the branch, its siblings, and the state of the proof
    proof: Proof, parts: Conjunction, own: Part, mine: list[Part], other: Part, depth: int
) -> bool:
    """Whether a value of `own` alone among `mine` cannot satisfy `other`."""
    siblings = [sibling for sibling in mine if sibling is not own]
    return any(same(other.schema, sibling.schema) for sibling in siblings) or (
        is_empty((*parts, own, other))
        or any(proof.holds((other,), sibling, depth + 1) for sibling in siblings)
    )


def _conditional(proof: Proof, parts: Conjunction, part: Part, wide: Part, depth: int) -> bool:
    if not same(part.schema["if"], wide.schema.get("if")):
        return False
    return all(
        proof.holds(
            (*parts, part.child(part.schema.get(name, True))),
            wide.child(wide.schema.get(name, True)),
            depth + 1,
        )
        for name in ("then", "else")
    )


def _dynamic_reference(proof: Proof, _: Conjunction, part: Part, wide: Part, depth: int) -> bool:
    """The targets; a document is refused at load if the target depends on the dynamic scope."""
    mine, theirs = (each.document.target(each.schema, "$dynamicRef") for each in (part, wide))
    return proof.holds(
        (part.child(part.document.at(mine or "")),),
        wide.child(wide.document.at(theirs or "")),
        depth + 1,
    )


def _unevaluated(keyword: str) -> Rule:
    def rule(proof: Proof, _: Conjunction, part: Part, wide: Part, depth: int) -> bool:
        mine, theirs = part.child(part.schema[keyword]), wide.child(wide.schema[keyword])
        return proof.below((mine,), theirs, depth) and _evaluates(proof, part, wide, depth)

    return rule


#: Keywords that evaluate the same members or items wherever both schemas have them.
_EVALUATING = (
    "additionalProperties", "items", "unevaluatedProperties", "unevaluatedItems",
)  # fmt: skip

_IN_PLACE = ("allOf", "anyOf", "oneOf")


def _evaluates(proof: Proof, part: Part, wide: Part, depth: int) -> bool:
    """Whether `wide` evaluates all members and items of a value that `part` evaluates."""
    if not (isinstance(part.schema, dict) and isinstance(wide.schema, dict)):
        return same(part.schema, wide.schema)
    mine, theirs = part.schema, wide.schema
    return (
        set(mine.get("properties", ())) <= set(theirs.get("properties", ()))
        and set(mine.get("patternProperties", ())) <= set(theirs.get("patternProperties", ()))
        and len(mine.get("prefixItems", ())) <= len(theirs.get("prefixItems", ()))
        and all(name in theirs for name in _EVALUATING if name in mine)
        and same(mine.get("contains"), theirs.get("contains"))
        and all(same(mine.get(name), theirs.get(name)) for name in ("if", "then", "else"))
        and same(mine.get("dependentSchemas"), theirs.get("dependentSchemas"))
        and "$dynamicRef" not in mine
        and all(_pairs(proof, part, wide, name, depth) for name in _IN_PLACE)
        and _reference(proof, part, wide, depth)
    )


def _pairs(proof: Proof, part: Part, wide: Part, keyword: str, depth: int) -> bool:
    """As `_evaluates`, branch by branch; a value of a branch must satisfy its counterpart.

    Every branch of `allOf` holds in a value of `wide`, which the rule of `allOf` proves.
    """
    mine, theirs = part.schema.get(keyword, ()), wide.schema.get(keyword, ())
    return len(mine) <= len(theirs) and all(
        _evaluates(proof, part.child(one), wide.child(other), depth)
        and (keyword == "allOf" or proof.holds((part.child(one),), wide.child(other), depth + 1))
        for one, other in zip(mine, theirs, strict=False)
    )


#: Most references that are followed one after the other.
_MAX_DEPTH = 30


def _reference(proof: Proof, part: Part, wide: Part, depth: int) -> bool:
    if "$ref" not in part.schema:
        return True
    if part.schema["$ref"] != wide.schema.get("$ref") or depth > _MAX_DEPTH:
        return False
    mine, theirs = part.target(), wide.target()
    return proof.holds((mine,), theirs, depth + 1) and _evaluates(proof, mine, theirs, depth + 1)


Rule = Callable[[Proof, Conjunction, Part, Part, int], bool]

_RULES: Mapping[str, Rule] = {
    "anyOf": _any_of,
    "oneOf": _one_of,
    **dict.fromkeys(("if", "then", "else"), _conditional),
    "$dynamicRef": _dynamic_reference,
    "unevaluatedProperties": _unevaluated("unevaluatedProperties"),
    "unevaluatedItems": _unevaluated("unevaluatedItems"),
}

#: The keyword that a part must have for a rule, where it is not the same.
_FIRST = {"then": "if", "else": "if"}
