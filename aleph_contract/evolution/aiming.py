"""Build values at the place of an edit, outside of the changed keyword."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from aleph_contract.cases.case import Case
from aleph_contract.cases.catalogue import CatalogueBuilder
from aleph_contract.cases.constraints import Constraint, constraints
from aleph_contract.contract import Contract
from aleph_contract.core.jsonvalue import dumps, pointer
from aleph_contract.evolution.changes import ABSENT, Edit
from aleph_contract.schema.generation.budget import Budget
from aleph_contract.schema.generation.builder import Builder
from aleph_contract.schema.keywords import Path, ends_in_keyword
from aleph_contract.schema.pointers import plain
from aleph_contract.schema.subschemas import nodes

#: Most values built for one edit at one place, most places, and the steps for each place.
_MAX_VALUES = 8
_MAX_PLACES = 3
_STEPS = 3_000

#: Keywords whose meaning depends on others beside them.
_GROUPS = (
    ("properties", "patternProperties", "additionalProperties"),
    ("prefixItems", "items"),
    ("contains", "minContains", "maxContains"),
    ("if", "then", "else"),
)


def aimed(narrow: Contract, wide: Contract, edit: Edit) -> Iterator[Any]:
    """Inputs of `narrow` that break, at the place of an edit, what only `wide` asks there.

    Nothing is certain of them: a value may satisfy `wide` in another way, or miss the place.
    """
    schemas = plain(narrow.input_schema), plain(wide.input_schema)
    aims = (
        _outside(schemas[1], edit),
        _around(schemas[1], edit),
        _more_items(*schemas, edit),
        _overlaps(*schemas, edit),
        _anything(edit),
    )
    for holder, outside in chain(*aims):
        where = pointer(holder)
        places = (node.path for node in nodes(narrow.document) if node.where == where)
        if '"$' not in dumps(outside):
            for path in islice(places, _MAX_PLACES):
                builder = Builder(narrow.document, {}, budget=Budget(_STEPS))
                yield from map(plain, islice(builder.values(path, outside), _MAX_VALUES))


def cases_at(contract: Contract, edits: Sequence[Edit]) -> tuple[Case, ...]:
    """The boundary cases of the constraints of a contract that an edit touches."""
    return _boundary_cases(contract, tuple(edit.pointer for edit in edits))


@lru_cache(maxsize=4)
def _boundary_cases(contract: Contract, places: tuple[str, ...]) -> tuple[Case, ...]:
    asked = [each for each in constraints(contract) if _touches(each, places)]
    if not asked:
        return ()
    searches = CatalogueBuilder(contract).boundaries(asked)
    return tuple(case for search in searches for case in search.cases)


def _touches(constraint: Constraint, places: tuple[str, ...]) -> bool:
    """Whether an edit is at the keyword of a constraint, around it, or inside of it."""
    where = f"{constraint.schema}/"
    return any(where.startswith(f"{place}/") or f"{place}/".startswith(where) for place in places)


#: Keywords that do not ask a value to satisfy each of their subschemas.
SELECTING = frozenset({"contains", "if", "then", "else", "not", "oneOf", "anyOf"})

#: Path of a schema, and a schema for values at that place.
_Aim = tuple[Path, Any]


def _outside(wide: Any, edit: Edit) -> Iterator[_Aim]:
    """Values that the changed keyword, or the changed member, of `wide` refuses."""
    if ends_in_keyword(edit.path):
        yield from _refused(wide, edit.path)
    elif edit.path[-2:-1] == ("properties",):
        holder, name = edit.path[:-2], edit.path[-1]
        held = _at(wide, edit.path)
        refused = True if held is ABSENT else {"not": held}
        yield holder, {"type": "object", "required": [name], "properties": {name: refused}}


def _around(wide: Any, edit: Edit) -> Iterator[_Aim]:
    """Values that a keyword of `wide` around the edit refuses, where it counts or selects."""
    for end in range(1, len(edit.path)):
        if edit.path[end - 1] in SELECTING and ends_in_keyword(edit.path[:end]):
            yield from _refused(wide, edit.path[:end])


def _more_items(narrow: Any, wide: Any, edit: Edit) -> Iterator[_Aim]:
    """Arrays with too many items for `maxContains` of `wide`, not counted in `narrow`."""
    for end in range(1, len(edit.path)):
        holder, name = edit.path[: end - 1], edit.path[end - 1]
        old, new = (_at(schema, holder) for schema in (narrow, wide))
        if name == "contains" and all(_has(each, "contains") for each in (old, new)):
            counted = {"allOf": [new["contains"], {"not": old["contains"]}]}
            if "maxContains" in new:
                yield holder, {"contains": counted, "minContains": new["maxContains"] + 1}


def _anything(edit: Edit) -> Iterator[_Aim]:
    """Values with any part at the place of the edit."""
    if ends_in_keyword(edit.path):
        yield edit.path[:-1], True


def _refused(wide: Any, path: Path) -> Iterator[_Aim]:
    """Values that the keyword at the end of a path refuses, with those it depends on."""
    holder, name = path[:-1], path[-1]
    schema = _at(wide, holder)
    group = next((names for names in _GROUPS if name in names), (name,))
    asked = {each: schema[each] for each in group if _has(schema, each)}
    if asked:
        yield holder, {"not": asked}


def _overlaps(narrow: Any, wide: Any, edit: Edit) -> Iterator[_Aim]:
    """Values of another branch of a `oneOf` that satisfy the edited branch in `wide` only."""
    for end, part in enumerate(edit.path[:-1]):
        if part != "oneOf" or not ends_in_keyword(edit.path[: end + 1]):
            continue
        branch = edit.path[: end + 2]
        after, branches = _at(wide, branch), _at(wide, branch[:-1])
        others = [each for each in branches if each is not after]
        for holder, refused in _outside(narrow, edit) if after is not ABSENT else ():
            inner = _nested(holder[len(branch) :], refused)
            yield from ((edit.path[:end], {"allOf": [after, other, inner]}) for other in others)


def _nested(path: Path, schema: Any) -> Any:
    """A schema for values with a part at the end of a path that satisfies `schema`."""
    for index in range(len(path) - 1, -1, -1):
        part, inside = path[index], path[:index]
        if inside and inside[-1] == "properties" and not ends_in_keyword(path[: index + 1]):
            schema = {"type": "object", "required": [part], "properties": {part: schema}}
        elif part == "items" and ends_in_keyword(path[: index + 1]):
            schema = {"type": "array", "minItems": 1, "items": schema}
    return schema


def _at(schema: Any, path: Path) -> Any:
    """The value at a path; `ABSENT` if there is none."""
    for part in path:
        schema = schema[part] if _has(schema, part) else ABSENT
    return schema


def _has(schema: Any, part: Any) -> bool:
    return (isinstance(schema, dict) and part in schema) or (
        isinstance(schema, list) and isinstance(part, int) and part < len(schema)
    )
