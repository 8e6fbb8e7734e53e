"""Members that a schema requires and gives a default: a caller may leave them out.

The publisher writes its schemas from the parsed side, where every default is filled in. Its own
examples omit these members, so the service accepts inputs without them (observed in its examples).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.schema.keywords import PREFERRED, Path, rewrite, walk


def defaulted(schema: Any) -> tuple[str, ...]:
    """The names that one schema requires and gives a default."""
    if not isinstance(schema, Mapping) or not isinstance(schema.get("properties"), Mapping):
        return ()
    properties = schema["properties"]
    return tuple(
        name
        for name in schema.get("required", ())
        if isinstance(properties.get(name), Mapping) and "default" in properties[name]
    )


def written(schema: Any, *, annotated: bool = False) -> Any:
    """The schema of the input as a caller writes it: members with a default are not required.

    Args:
        schema: The schema as published, of the input as the service parses it.
        annotated: Whether to keep the names in the annotation `PREFERRED`, so that the builders of
            inputs fill these members in: an input without them is gray.

    Returns:
        `schema` itself if it requires no member with a default.
    """
    if not any(defaulted(part) for _, part in walk(schema)):
        return schema

    def change(part: Any, _: Path, __: Path) -> Any:
        names = defaulted(part)
        if not names:
            return part
        rest = [name for name in part["required"] if name not in names]
        changed = {key: value for key, value in part.items() if key != "required"}
        if rest:
            changed["required"] = rest
        if annotated:
            changed[PREFERRED] = list(names)
        return changed

    return rewrite(schema, change)


def optional_members(schema: Any) -> Iterator[str]:
    """JSON Pointers to the properties that a published schema requires and gives a default."""
    for path, part in walk(schema):
        for name in defaulted(part):
            yield pointer([*path, "properties", name])
