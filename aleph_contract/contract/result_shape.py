"""What the output schema says about a result: which member a client returns, and its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aleph_contract.contract import Contract

#: Content type of a stream of events.
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class ResultShape:
    """The shape of the result of one model.

    Args:
        primary: The member that holds the result, such as `video`; `None` if it is the whole value.
        is_required: Whether a result must have the primary member.
        is_text: Whether the primary member must be a string.
        is_uri: Whether the primary member must be a URI.
        binary: Content types of results that are bytes, streams of events included.
    """

    primary: str | None
    is_required: bool
    is_text: bool
    is_uri: bool
    binary: tuple[str, ...]

    @classmethod
    def of(cls, schema: Any) -> ResultShape:
        """Read the shape from an output schema.

        The primary member is the only required one if it is a scalar; else the only one that is a
        URI; else the only member at all.
        """
        properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
        primary = _primary(properties, schema)
        member = properties.get(primary) if primary is not None else None
        rules: Mapping[str, Any] = member if isinstance(member, Mapping) else {}
        return cls(
            primary,
            isinstance(schema, Mapping) and primary in schema.get("required", ()),
            rules.get("type") == "string",
            _is_uri(rules),
            tuple(_binary(schema)),
        )


@lru_cache(maxsize=64)
def shape_of(contract: Contract) -> ResultShape:
    """The shape of a contract's result; cached, because each reply is read by it."""
    return ResultShape.of(contract.output_schema)


def _primary(properties: Mapping[str, Any], schema: Any) -> str | None:
    scalars = [name for name, rules in properties.items() if _is_scalar(rules)]
    required = schema.get("required", ()) if isinstance(schema, Mapping) else ()
    choices = (
        list(required),
        [name for name in scalars if _is_uri(properties[name])],
        list(properties),
    )
    alone = next((names for names in choices if len(names) == 1), [])
    return alone[0] if alone and alone[0] in scalars else None


def _is_scalar(rules: Any) -> bool:
    return isinstance(rules, Mapping) and rules.get("type") in ("string", "number", "integer")


def _is_uri(rules: Any) -> bool:
    return isinstance(rules, Mapping) and rules.get("format") == "uri"


def _binary(schema: Any) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    if schema.get("format") == "binary":
        yield (
            schema.get("contentType")
            or schema.get("contentMediaType")
            or ("application/octet-stream")
        )
    for keyword in ("oneOf", "anyOf"):
        for branch in schema.get(keyword, ()):
            yield from _binary(branch)
