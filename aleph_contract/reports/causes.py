"""Group the findings of one rule by their cause, each with its own smallest example.

Findings about an altered input have one cause if the client altered the input in the same way: by a
known mistake, such as a dropped null, at any place; else at the same place (an item of a list
stands for all items). A case with further alterations belongs to the cause of the case with the
fewest. Example: a client that writes every name in camel case has one cause.
Other findings have one cause if their messages differ only in quoted texts, numbers, accounts and
queries, or if they name a cause themselves (`Finding.is_cause`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aleph_contract.core.escaping import join_first, pluralise
from aleph_contract.core.results import CaseResult, Finding, Level
from aleph_contract.rules.diff import Change, diff_exchange

#: Rules about an altered input: the alteration is the cause.
_ALTERING = ("request.faithful", "request.valid", "boundary.not-repaired")

#: Parts of a message that differ from case to case.
_VARIABLE = re.compile(r"\"[^\"]*\"|'[^']*'|https?://\S+|\?\S+|\b[0-9a-f]{32}\b|\d[\d.,e+-]*")

_INDEX = re.compile(r"/\d+(?=/|$)")


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of the findings of a rule.

    Args:
        names: Names of the cases, in order.
        example: The case to read first: a documented example if there is one, else a valid input
            that probes one constraint, else the smallest input.
        finding: The finding of the example.
        changes: Differences between the intended and the sent input of the example, at the first
            call that has any.
        elsewhere: Places that the same mistake altered in the other cases, as JSON Pointers.
    """

    names: tuple[str, ...]
    example: CaseResult
    finding: Finding
    changes: tuple[Change, ...]
    elsewhere: tuple[str, ...] = ()

    @property
    def share(self) -> str:
        """The other cases, such as ` and 4 more cases, also at /duration`; empty without any."""
        others = len(self.names) - 1
        if not others:
            return ""
        places = f", also at {join_first(self.elsewhere)}" if self.elsewhere else ""
        return f" and {pluralise(others, 'more case')}{places}"


def causes_of(rule: str, level: Level, results: Iterable[CaseResult]) -> tuple[Cause, ...]:
    """The causes of the findings of a rule, the one with the simplest example first.

    Args:
        rule: Id of the rule.
        level: The level of the findings.
        results: The cases with such a finding.
    """
    groups: dict[frozenset[str], list[CaseResult]] = {}
    for result in results:
        groups.setdefault(_cause(result, _finding(result, rule, level)), []).append(result)
    causes = [_group(rule, level, group) for group in _merged(groups).values()]
    return tuple(sorted(causes, key=lambda cause: _simplicity(cause.example)))


def _merged(
    groups: Mapping[frozenset[str], list[CaseResult]],
) -> Mapping[frozenset[str], list[CaseResult]]:
    """`groups`, each joined to one whose alterations are among its own."""
    merged: dict[frozenset[str], list[CaseResult]] = {}
    for alterations in sorted(groups, key=len):
        known = next((smaller for smaller in merged if smaller <= alterations), alterations)
        merged.setdefault(known, []).extend(groups[alterations])
    return merged


def changes_of(result: CaseResult) -> tuple[Change, ...]:
    """The differences between intended and sent input, at the first call that has any."""
    runs = (
        call
        for call in result.exchanges
        if call.outcome not in ("elsewhere", "no-route") and call.method == "POST"
    )
    return next(filter(None, (diff_exchange(result.intended, call) for call in runs)), ())


def _group(rule: str, level: Level, results: Sequence[CaseResult]) -> Cause:
    example = min(results, key=_simplicity)
    names = tuple(result.name for result in results)
    changes = changes_of(example)
    elsewhere: tuple[str, ...] = ()
    if rule in _ALTERING:
        shown = {_place(change) for change in changes}
        ways = {_alteration(change) for change in changes}
        found = (c for result in results for c in changes_of(result) if _alteration(c) in ways)
        elsewhere = tuple(dict.fromkeys(_place(c) for c in found if _place(c) not in shown))
    return Cause(names, example, _finding(example, rule, level), changes, elsewhere)


def _finding(result: CaseResult, rule: str, level: Level) -> Finding:
    return next(f for f in result.findings if f.rule == rule and f.level == level)


def _cause(result: CaseResult, finding: Finding) -> frozenset[str]:
    if finding.is_cause:
        return frozenset({finding.rule})
    if finding.rule in _ALTERING and (changes := changes_of(result)):
        return frozenset(map(_alteration, changes))
    return frozenset({_VARIABLE.sub("…", finding.message)})


def _alteration(change: Change) -> str:
    """The way of an alteration: the mistake if it is known, else the place."""
    return f"{change.kind} {_VARIABLE.sub('…', change.note) or _place(change)}"


def _place(change: Change) -> str:
    return _INDEX.sub("/*", change.pointer) or "the whole input"


def _simplicity(result: CaseResult) -> tuple[bool, bool, bool, bool, bool, int]:
    """Sort key: cases with their evidence, documented examples, valid inputs, small ones.

    A case that probes one constraint says more by its name than a combination, and is repeated
    faster than a drawn input.
    """
    without = result.phase == "traffic" and not result.exchanges
    documented = result.phase in ("examples", "example")
    violating = result.polarity == "violating"
    drawn = result.phase == "properties"
    unnamed = result.constraint is None
    return without, not documented, violating, drawn, unnamed, len(repr(result.intended))
