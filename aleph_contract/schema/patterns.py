"""The patterns of a whole schema, rewritten for one engine, and back to the published ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.errors import ArgumentError, ContractError
from aleph_contract.schema.keywords import SUBSCHEMAS, Path, rewrite

#: Keywords whose value is data, never a schema.
_DATA = frozenset({"enum", "const", "default", "examples"})


class Patterns:
    """Rewrites the patterns of one schema document.

    A name in `patternProperties` is a pattern too, and part of the paths that an engine reports;
    `published` turns such a path back.

    Args:
        spell: `to_python` or `to_rust`.
    """

    def __init__(self, spell: Callable[[str], str]) -> None:
        self._spell = spell
        self._published: dict[Path, dict[str, str]] = {}

    def rewrite(self, schema: Any, path: Path) -> None:
        """Rewrite the patterns that stand directly in `schema`, in place; `path` leads to it.

        Raises:
            ContractError: A pattern cannot be used; the message says which and why.
        """
        if isinstance(schema, dict):
            try:
                self._rewrite(schema, path)
            except ArgumentError as error:
                raise ContractError("schema", pointer(path), str(error)) from None
            for keyword, value in schema.items():
                if keyword not in SUBSCHEMAS and keyword not in _DATA:
                    self._rewrite_unknown(value, (*path, keyword))

    def _rewrite(self, schema: dict[str, Any], path: Path) -> None:
        if isinstance(schema.get("pattern"), str):
            schema["pattern"] = self._spell(schema["pattern"])
        if isinstance(schema.get("patternProperties"), dict):
            names: dict[str, str] = {}
            for published in schema["patternProperties"]:
                name = self._spell(published)
                while name in names:  # `\\d` and `[0-9]` become one name, but hold two schemas
                    name += "(?:)"
                names[name] = published
            held = schema["patternProperties"].values()
            schema["patternProperties"] = dict(zip(names, held, strict=True))
            self._published[path] = names

    def _rewrite_unknown(self, value: Any, path: Path) -> None:
        """Rewrite what stands below an unknown keyword, where a `$ref` may lead nevertheless."""
        for part_path, part in _objects(value, path):
            with suppress(ArgumentError):  # no schema, or one that is never used
                self._rewrite(part, part_path)

    def published(self, document: Any, steps: Iterable[str | int]) -> Path:
        """A path in the rewritten document as a path in `document`, the published one.

        Indices come back as integers and names as strings: jsonschema-rs gives the name "1" as 1.
        """
        path: Path = ()
        for step in steps:
            part = int(step) if isinstance(document, list) else str(step)
            if path[-1:] == ("patternProperties",) and path[:-1] in self._published:
                part = self._published[path[:-1]][str(part)]
            path, document = (*path, part), document[part]
        return path


def with_patterns(schema: Any, spell: Callable[[str], str]) -> Any:
    """A copy of a schema document with every pattern rewritten.

    Raises:
        ContractError: A pattern cannot be used.
    """
    patterns = Patterns(spell)

    def change(part: Any, path: Path, _: Path) -> Any:
        patterns.rewrite(part, path)
        return part

    return rewrite(schema, change)


def _objects(value: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The objects in a JSON value, itself among them, the innermost first."""
    if isinstance(value, (dict, list)):
        for step, part in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield from _objects(part, (*path, step))
    if isinstance(value, dict):
        yield path, value
