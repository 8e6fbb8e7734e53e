"""`--known`: the lines that accept a change, and the lines that match none."""

from __future__ import annotations

import pytest

from aleph_contract.evolution.known_changes import accept
from aleph_contract.evolution.records import Change, Comparison, Diff
from aleph_contract.verify.known_failing import Line

LOWER = Change(
    "requests", "/properties/seed/maximum", 9, 8, False, False, "breaking", {"seed": 9}, "refused"
)
DIFF = Diff("a", "b", (Comparison("test/one", "a.json", "b.json", "breaking", None, (LOWER,)),))


def accepted_by(*patterns: str) -> Diff:
    return accept(DIFF, [Line(pattern, "agreed", n) for n, pattern in enumerate(patterns, 1)])


@pytest.mark.parametrize(
    "pattern",
    [
        "/properties/seed/maximum",
        "/properties/seed/*",
        "breaking for requests",
        "breaking*",
        "breaking for requests: /properties/seed/maximum",
        "test/one /properties/seed/maximum",
        "test/* breaking for requests",
    ],
)
def test_a_line_accepts_a_change_by_pointer_class_or_glob(pattern: str) -> None:
    found = accepted_by(pattern)
    assert [change.known for change in found.changes()] == ["agreed"]
    assert (found.exit_code, found.stale) == (0, ())
    assert found.counts == {"breaking": 0, "unproved": 0, "compatible": 0, "known": 1}


@pytest.mark.parametrize(
    "pattern", ["/properties/seed", "breaking for replies", "Breaking for requests", "test/two *"]
)
def test_a_line_that_matches_no_change_is_stale(pattern: str) -> None:
    found = accepted_by(pattern)
    assert (found.exit_code, found.stale) == (1, (pattern,))
