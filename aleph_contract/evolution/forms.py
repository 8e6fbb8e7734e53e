"""Write an old schema in the form of a new one, so that a change of form alone is no change.

A schema and an `allOf` that holds only this schema accept the same values. The old schema is
written with or without the `allOf`, as the new one is; so pointers and cases are those of the new
version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.errors import ContractError
from aleph_contract.schema.document import Document
from aleph_contract.schema.keywords import ASSERTIONS, SUBSCHEMAS
from aleph_contract.schema.pointers import plain

#: Keywords that a schema may not have beside an `allOf` that is only a form.
_ASSERTING = ASSERTIONS | frozenset(SUBSCHEMAS) | {"$ref", "$dynamicRef", "format"}

#: Keywords that make a schema the target of a reference, or change what a reference means.
_NAMING = frozenset({"$id", "$anchor", "$dynamicAnchor", "$defs", "definitions"})


def in_form_of(old: Contract, new: Contract) -> Contract:
    """The old contract with both schemas in the form of the new ones.

    It is the same contract if the forms are equal, or if a reference leads into an `allOf`.
    """
    inputs, asked = plain(old.input_schema), plain(new.input_schema)
    outputs = plain(old.output_schema)
    changed = _aligned(inputs, asked), _aligned(outputs, plain(new.output_schema))
    if changed == (inputs, outputs) or "/allOf/" in dumps([old.document.published, outputs]):
        return old
    published = _aligned(plain(old.document.published), asked)
    try:
        document = Document(published, source=old.source, location=old.document.location)
        Document(changed[1])
    except ContractError:  # a reference leads to a schema that stands elsewhere now
        return old
    return replace(old, input_schema=changed[0], output_schema=changed[1], document=document)


def _aligned(old: Any, new: Any) -> Any:
    """The old schema in the form of the new one."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return old
    wrapped = _is_wrapper(old), _is_wrapper(new)
    if wrapped == (True, False):
        outer = {name: held for name, held in old.items() if name != "allOf"}
        return _aligned({**outer, **old["allOf"][0]}, new)
    if wrapped == (False, True) and not _NAMING & set(old):
        inner = {name: held for name, held in old.items() if name in _ASSERTING}
        outer = {name: held for name, held in old.items() if name not in _ASSERTING}
        return {**outer, "allOf": [_aligned(inner, new["allOf"][0])]}
    return {name: _inside(name, held, new[name]) if name in new else held
            for name, held in old.items()}  # fmt: skip


def _is_wrapper(schema: Mapping[str, Any]) -> bool:
    """Whether only an `allOf` of one schema asserts something."""
    held = schema.get("allOf", ())
    return (
        _ASSERTING & set(schema) == {"allOf"}
        and len(held) == 1
        and isinstance(held[0], dict)
        and not _NAMING & set(held[0])
    )


def _inside(keyword: str, old: Any, new: Any) -> Any:
    """The subschemas of a keyword in the form of those of the new version."""
    holding = SUBSCHEMAS.get(keyword)
    if holding == "schema":
        return _aligned(old, new)
    if holding == "map":
        return {k: _aligned(held, new[k]) if k in new else held for k, held in old.items()}
    if holding == "list" and len(old) == len(new):
        return [_aligned(one, other) for one, other in zip(old, new, strict=True)]
    return old
