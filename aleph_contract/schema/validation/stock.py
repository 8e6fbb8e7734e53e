"""The two validator libraries as they are installed, without any of our corrections.

Users of a contract have these, so an input on which one of them differs from us is gray.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from aleph_contract.schema.keywords import walk
from aleph_contract.schema.validation.validator import plain

#: The keywords on which the libraries differ for values that are not gray by themselves.
_DIFFERING = frozenset({"pattern", "patternProperties", "multipleOf"})


class StockValidators:
    """jsonschema-rs and jsonschema for one schema.

    A library that cannot read the schema, or one of its patterns, has no verdict.

    Args:
        schema: The schema as published.
    """

    def __init__(self, schema: Any) -> None:
        differs = any(_DIFFERING & set(part) for _, part in walk(schema) if isinstance(part, dict))
        self._libraries = list(_libraries(schema)) if differs else []

    def verdicts(self, value: Any) -> set[bool]:
        """The verdicts of the libraries on `value`, a JSON value; empty if there is none."""
        read = plain(value) if self._libraries else None
        found = (_verdict(is_valid, read) for is_valid in self._libraries)
        return {verdict for verdict in found if verdict is not None}


def _libraries(schema: Any) -> Iterator[Callable[[Any], bool]]:
    import jsonschema
    import jsonschema_rs

    for library in (jsonschema_rs, jsonschema):
        with suppress(Exception):  # the library cannot read the schema
            yield library.Draft202012Validator(schema).is_valid


def _verdict(is_valid: Callable[[Any], bool], value: Any) -> bool | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on patterns that a later Python reads in another way
        try:
            return is_valid(value)
        except Exception:  # noqa: BLE001 - such as a pattern that Python cannot read
            return None
