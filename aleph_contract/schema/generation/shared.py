"""Results that all builders of one document share: expanded unions and compiled tests.

The catalogue of the shipped contract needs 181 different expansions 2,422 times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.branches import Choice, Member, expand_branches, referring
from aleph_contract.schema.generation.budget import Budget

#: Most steps of one expansion.
_MAX_STEPS = 4_000


class DocumentResults:
    """Expanded unions and compiled tests of one document; kept where `members` are part of it.

    Args:
        document: The document.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._expansions: dict[tuple[object, ...], _Expansion] = {}
        self._tests: dict[tuple[str, ...], Callable[[Any], bool]] = {}

    def expand(
        self, members: Sequence[Member], choice: Choice, budget: Budget
    ) -> Iterator[tuple[Member, ...]]:
        """As `expand_branches`."""
        pointers = _pointers(members)
        if pointers is None:
            return expand_branches(self._document, members, choice, budget)
        key = (pointers, choice)
        if key not in self._expansions:
            own = Budget(_MAX_STEPS)
            made = expand_branches(self._document, members, choice, own)
            self._expansions[key] = _Expansion(made, own)
        return self._expansions[key].paid_from(budget)

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


class _Expansion:
    """The conjunctions of one expansion, each computed once and kept; safe in several threads.

    Args:
        source: Yields the conjunctions.
        budget: The budget that `source` spends.
    """

    def __init__(self, source: Iterator[tuple[Member, ...]], budget: Budget) -> None:
        self._source = source
        self._budget = budget
        self._kept: list[tuple[tuple[Member, ...], float]] = []
        self._lock = Lock()

    def paid_from(self, budget: Budget) -> Iterator[tuple[Member, ...]]:
        """The conjunctions until `budget`, which pays for them, is empty."""
        index = 0
        while index < len(self._kept) or self._extend(index):
            conjuncts, spent = self._kept[index]
            if not budget.pay_for(self, spent):
                return
            yield conjuncts
            index += 1
        budget.pay_for(self, self._budget.spent)
        budget.cut = budget.cut or self._budget.cut

    def _extend(self, index: int) -> bool:
        """Compute the conjunction at `index` unless another thread has; whether there is one."""
        with self._lock:
            if index == len(self._kept):
                more = next(self._source, None)
                if more is not None:
                    self._kept.append((more, self._budget.spent))
            return index < len(self._kept)
