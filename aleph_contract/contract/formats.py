"""Read the two formats in which the provider publishes catalog entries.

A third-party model has `model_id`, `schema`, `examples` and `pricing`. A model of the provider's
own (`@cf/…`) has `name`, `properties` (its price is one of them), `task` and `schema`, and no
examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aleph_contract.core.jsonvalue import pointer

#: Location and text of one problem or note.
Remark = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Published:
    """One catalog entry, in one form for both formats.

    Args:
        model: The model id.
        version: Version of the schemas; empty if the entry states none.
        task: Name of the task, such as `Text-to-Video`; empty if the entry states none.
        input: The input schema.
        output: The output schema.
        examples: The examples, not checked.
        pricing: Each price in USD by its unit, as published.
        metadata: Facts in prose, such as limits.
        in_path: Whether a REST call names the model in the path, and the body is the input.
    """

    model: str
    version: str
    task: str
    input: Any
    output: Any
    examples: Sequence[Any]
    pricing: Mapping[str, Any]
    metadata: Mapping[str, Any]
    in_path: bool


def published(entry: Any) -> tuple[Published | None, list[Remark], list[Remark]]:
    """Read an entry of either format.

    Returns:
        The entry, `None` if it cannot be used; every problem that makes it unusable; and a note for
        every part that was left out.
    """
    if not isinstance(entry, Mapping):
        return None, [("", "is not a catalog entry: that is an object")], []
    read = _FORMATS[format_of(entry)]
    notes: list[Remark] = []
    problems = list(_unusable(entry, read.id_member))
    if problems:
        return None, problems, notes
    return read.read(entry, notes), problems, notes


def format_of(entry: Mapping[str, Any]) -> str:
    """`provider` if the entry has the provider's own format, else `third-party`."""
    own = "model_id" not in entry and isinstance(entry.get("properties"), list)
    return "provider" if own else "third-party"


def _unusable(entry: Mapping[str, Any], id_member: str) -> Iterator[Remark]:
    """The problems that no part of the entry makes up for: no model id, or no schemas."""
    name = entry.get(id_member)
    if name is None:
        other = "; the provider's own format has `name` and a list `properties`"
        yield "", f"has no `{id_member}`; a catalog entry has one{other}"
    elif not isinstance(name, str) or not name:
        yield f"/{id_member}", "is not a model id: that is a string"
    elif not name.isprintable() or " " in name:  # it is printed, and part of paths
        yield f"/{id_member}", "is not a model id: it has white space or control characters"
    schemas = entry.get("schema")
    if schemas is None:
        yield "", "has no `schema`; a catalog entry has one"
    elif not isinstance(schemas, Mapping):
        yield "/schema", "is not an object"
    else:
        for part in ("input", "output"):
            if part not in schemas:
                yield "/schema", f"has no `{part}`; the schemas of an entry have one"
            elif not isinstance(schemas[part], (Mapping, bool)):
                yield f"/schema/{part}", "is not a schema"


def _third_party(entry: Mapping[str, Any], notes: list[Remark]) -> Published:
    version = entry.get("schema_version", entry["schema"].get("version"))
    prices = _member(entry, "pricing", dict, notes)
    return Published(
        model=entry["model_id"],
        version=version if isinstance(version, str) else "",
        task=_text(entry.get("task")),
        input=entry["schema"]["input"],
        output=entry["schema"]["output"],
        examples=_member(entry, "examples", list, notes),
        pricing=dict(_prices((("/pricing", *price) for price in prices.items()), notes)),
        metadata=_member(entry, "metadata", dict, notes),
        in_path=False,
    )


def _provider(entry: Mapping[str, Any], notes: list[Remark]) -> Published:
    task = entry.get("task")
    return Published(
        model=entry["name"],
        version="",
        task=_text(task.get("name")) if isinstance(task, Mapping) else "",
        input=entry["schema"]["input"],
        output=entry["schema"]["output"],
        examples=(),
        pricing=dict(_prices(_price_rows(entry["properties"]), notes)),
        metadata={},
        in_path=True,
    )


@dataclass(frozen=True, slots=True)
class _Format:
    id_member: str
    read: Callable[[Mapping[str, Any], list[Remark]], Published]


_FORMATS: Mapping[str, _Format] = {
    "third-party": _Format("model_id", _third_party),
    "provider": _Format("name", _provider),
}

_WORDS: Mapping[type, str] = {dict: "an object", list: "an array"}


def _member(entry: Mapping[str, Any], name: str, kind: type, notes: list[Remark]) -> Any:
    """An optional member; an empty one, and a note, if it has another type."""
    value = entry.get(name)
    if isinstance(value, kind):
        return value
    if value is not None:
        notes.append((f"/{name}", f"is not {_WORDS[kind]}; it is left out"))
    return kind()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _price_rows(properties: Sequence[Any]) -> Iterator[tuple[str, str, Any]]:
    """Location, unit and USD of each row of the property `price`."""
    for index, item in enumerate(properties):
        if isinstance(item, Mapping) and item.get("property_id") == "price":
            rows = item.get("value")
            for row in rows if isinstance(rows, list) else ():
                if isinstance(row, Mapping) and row.get("currency", "USD") == "USD":
                    where = f"/properties/{index}/value"
                    yield where, _text(row.get("unit")), row.get("price")


def _prices(rows: Iterator[tuple[str, str, Any]], notes: list[Remark]) -> Iterator[tuple[str, Any]]:
    for where, unit, price in rows:
        if isinstance(price, bool) or not isinstance(price, (int, float)) or price < 0:
            reason = "is not a price: that is a number of USD, 0 or more; it is left out"
            notes.append((where + pointer([unit]), reason))
        else:
            yield unit, price
