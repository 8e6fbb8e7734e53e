"""Realistic values from documented inputs: by location, and by the name of the member."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.schema.generation.interface import Hints


def name_key(location: str) -> str:
    """The last name of a location as a key of hints: `/a/Image_URL` becomes `imageurl`.

    Publishers write one name in several ways; a value for one of them fits the others.
    """
    return location.rpartition("/")[2].replace("_", "").lower()


def hinted(hints: Hints, location: str) -> list[Any]:
    """The hints for a location, those for its last name after those for the location itself."""
    return [*hints.get(location, ()), *hints.get(name_key(location), ())]


def hints_from(values: Sequence[Any]) -> dict[str, list[Any]]:
    """Hints from documented inputs: their scalar values by location and by property name."""
    found: dict[str, list[Any]] = {}
    for value in values:
        _collect(value, "", found)
    return found


def _collect(value: Any, location: str, found: dict[str, list[Any]]) -> None:
    if isinstance(value, dict):
        for name, child in value.items():
            _collect(child, location + pointer([name]), found)
    elif isinstance(value, list):
        for child in value:
            _collect(child, f"{location}/*", found)
    else:
        for key in (location, name_key(location)):
            known = found.setdefault(key, [])
            if value not in known:
                known.append(value)
