"""Results that all builders of one document share: expanded unions and compiled tests.

The catalogue of the shipped contract needs 181 different expansions 2,422 times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.branches import Choice, Member, expand_branches, referring


class DocumentResults:
    """Expanded unions and compiled tests of one document; kept where `members` are part of it.

    Args:
        document: The document.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._expansions: dict[tuple[object, ...], Iterable[tuple[Member, ...]]] = {}
        self._tests: dict[tuple[str, ...], Callable[[Any], bool]] = {}

    def expand(self, members: Sequence[Member], choice: Choice) -> Iterable[tuple[Member, ...]]:
        """As `expand_branches`."""
        pointers = _pointers(members)
        if pointers is None:
            return expand_branches(self._document, members, choice)
        key = (pointers, choice)
        if key not in self._expansions:
            self._expansions[key] = _Replayed(expand_branches(self._document, members, choice))
        return self._expansions[key]

    def test(self, members: Sequence[Member]) -> Callable[[Any], bool]:
        """The test whether a value satisfies all of `members`."""
        pointers = _pointers(members)
        if pointers is None:
            return self._document.accepts(map(referring, members))
        if pointers not in self._tests:
            self._tests[pointers] = self._document.accepts(map(referring, members))
        return self._tests[pointers]


@lru_cache(maxsize=64)
def results_of(document: Document) -> DocumentResults:
    """The shared results of a document."""
    return DocumentResults(document)


def _pointers(members: Sequence[Member]) -> tuple[str, ...] | None:
    """JSON Pointers to `members`; `None` if one is not part of the document."""
    found = tuple(member.where for member in members if member.where is not None)
    return found if len(found) == len(members) else None


class _Replayed:
    """An iterator's values, each computed once and kept; safe to iterate in several threads."""

    def __init__(self, source: Iterator[tuple[Member, ...]]) -> None:
        self._source = source
        self._kept: list[tuple[Member, ...]] = []
        self._lock = Lock()

    def __iter__(self) -> Iterator[tuple[Member, ...]]:
        index = 0
        while index < len(self._kept) or self._extend(index):
            yield self._kept[index]
            index += 1

    def _extend(self, index: int) -> bool:
        """Compute the value at `index` unless another thread has; whether there is one."""
        with self._lock:
            if index == len(self._kept):
                self._kept.extend(next(([value] for value in self._source), []))
            return index < len(self._kept)
