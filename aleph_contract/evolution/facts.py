"""Compare the parts of two entries that are no schemas: model id, prices, examples, prose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from aleph_contract.contract import Contract
from aleph_contract.contract.formats import format_of
from aleph_contract.core.jsonvalue import identity, pointer
from aleph_contract.evolution.changes import ABSENT, Edit
from aleph_contract.evolution.records import Change, Class, Side
from aleph_contract.schema.keywords import Path, ends_in_keyword, rewrite
from aleph_contract.schema.pointers import plain

_LISTING = "a fact of the listing, which no call carries"
_EXAMPLE = "an example rejects no value; the examples of an entry are checked against its schemas"
_PROSE = "a fact in prose, which no validator can check: read it"
_EFFECT = "no schema states its effect on a call: read it"
_OTHER_ID = "a call of the old model id is not answered by this entry"
_OTHER_ROUTE = "a REST call names the model in the other place, and its body has another form"
_RAISED = "a unit costs more than before"
_LOWERED = "a unit costs no more than before"
_NEW_UNIT = "no price of this unit was published before"
_NO_UNIT = "the price of this unit is no longer published"
_DEFAULT = "an input without this member gets another value now"
_SAME_NUMBERS = "a text that rejects no value; its numbers are the same"


class _Kind(NamedTuple):
    """How a change of one member of an entry is classed."""

    classed: Class
    reason: str


#: Member of an entry -> its class, if it changes. A member that is not here is `unproved`.
_MEMBERS: Mapping[str, _Kind] = {
    **dict.fromkeys(
        (
            "banner", "cover_image_url", "created_at", "external_info", "id", "name",
            "provider_details", "provider_id", "providers", "schema_version", "source", "tags",
            "task", "terms", "zdr", "zdr_comment",
        ),
        _Kind("compatible", _LISTING),
    ),
    **dict.fromkeys(("examples", "default_example"), _Kind("compatible", _EXAMPLE)),
    "metadata": _Kind("unproved", _PROSE),
}  # fmt: skip

_NUMBER = re.compile(r"\d[\d.,]*")

#: Keywords of prose: a number in them may be a limit that no keyword states.
_TEXTS = ("description", "title", "$comment")
_ANNOTATIONS = (*_TEXTS, "default")

_OTHER_MEMBER = _Kind("unproved", _EFFECT)

#: Members that are compared by their parts, and how a part is named.
_BY_PART = ("metadata", "examples", "properties")

#: Members that the comparison of models, prices and schemas covers.
_COVERED = frozenset({"schema", "pricing", "model_id"})


def compare_facts(old: Contract, new: Contract) -> Iterator[Change]:
    """The changes of everything but the schemas."""
    yield from _identity(old, new)
    yield from _prices(old, new)
    before, after = _facts(old), _facts(new)
    for path in dict.fromkeys((*before, *after)):
        one, other = before.get(path, ABSENT), after.get(path, ABSENT)
        if one is ABSENT or other is ABSENT or identity(one) != identity(other):
            kind = _MEMBERS.get(path[0], _OTHER_MEMBER)
            yield _change("documentation", path, one, other, kind)


def is_annotation(edit: Edit) -> bool:
    """Whether an edit of a schema is one of prose or of a default, which rejects no value."""
    return ends_in_keyword(edit.path) and edit.path[-1] in _ANNOTATIONS


def without_annotations(schema: Any) -> Any:
    """A copy of a schema without prose and defaults, so that schemas can be compared as texts."""

    def stripped(each: Any, *_: Path) -> Any:
        if not isinstance(each, dict):
            return each
        return {name: value for name, value in each.items() if name not in _ANNOTATIONS}

    return rewrite(schema, stripped)


def annotation(edit: Edit, schema: str) -> Change:
    """The change of an annotation.

    Args:
        edit: An edit for which `is_annotation` is true.
        schema: `input` or `output`.
    """
    numbers = [_NUMBER.findall(str(text)) for text in (edit.old, edit.new) if text is not ABSENT]
    if edit.path[-1] == "default":
        kind = _Kind("unproved", _DEFAULT)
    elif numbers.count(numbers[0]) == len(numbers) and (len(numbers) > 1 or not numbers[0]):
        kind = _Kind("compatible", _SAME_NUMBERS)
    else:
        kind = _Kind("unproved", _PROSE)
    return _change("documentation", ("schema", schema, *edit.path), edit.old, edit.new, kind)


def _change(
    side: Side, path: Path, old: Any, new: Any, kind: _Kind, *, witness: Any = None
) -> Change:
    added, removed = old is ABSENT, new is ABSENT
    values = (None if added else old, None if removed else new)
    return Change(side, pointer(path), *values, added, removed, kind.classed, witness, kind.reason)


def _identity(old: Contract, new: Contract) -> Iterator[Change]:
    if old.model != new.model:
        kind, witness = _Kind("breaking", _OTHER_ID), {"model": old.model}
        yield _change("requests", ("model_id",), old.model, new.model, kind, witness=witness)
    if old.in_path != new.in_path:
        before, after = format_of(old.entry), format_of(new.entry)
        kind, witness = _Kind("breaking", _OTHER_ROUTE), {"model": old.model, "format": before}
        yield _change("requests", ("format",), before, after, kind, witness=witness)


def _prices(old: Contract, new: Contract) -> Iterator[Change]:
    for unit in dict.fromkeys((*old.pricing, *new.pricing)):
        before, after = old.pricing.get(unit), new.pricing.get(unit)
        path = ("pricing", unit)
        if before is None:
            yield _change("billing", path, ABSENT, str(after), _Kind("unproved", _NEW_UNIT))
        elif after is None:
            yield _change("billing", path, str(before), ABSENT, _Kind("unproved", _NO_UNIT))
        elif after > before:
            kind, witness = _Kind("breaking", _RAISED), {"unit": unit, "usd": str(after)}
            yield _change("billing", path, str(before), str(after), kind, witness=witness)
        elif after < before:
            yield _change("billing", path, str(before), str(after), _Kind("compatible", _LOWERED))


def _facts(contract: Contract) -> dict[tuple[str, ...], Any]:
    """The other members of an entry by their path; an example or a property by its name."""
    found: dict[tuple[str, ...], Any] = {}
    own = format_of(contract.entry) == "provider"
    for name, value in contract.entry.items():
        if name in _COVERED or (own and name == "name"):
            continue
        parts = _parts(value) if name in _BY_PART else None
        if parts is None:
            found[name,] = plain(value)
        else:
            found.update({(name, part): plain(held) for part, held in parts.items()})
    return found


def _parts(value: Any) -> dict[str, Any] | None:
    """The parts of a member by name; `None` if it has none. The price of a model is left out."""
    if isinstance(value, Mapping):
        return dict(value)
    if not isinstance(value, list):
        return None
    named = {}
    for index, item in enumerate(value):
        names = item if isinstance(item, Mapping) else {}
        name = names.get("name") or names.get("property_id") or index
        if name != "price":
            named[str(name)] = item
    return named
