"""Facts about patterns: the lengths and the characters of the texts that match."""

from __future__ import annotations

import math
from typing import Any

import pytest
from anyschema import PATTERNS
from hypothesis import given
from hypothesis import strategies as st

from aleph_contract.evolution.containment import is_contained
from aleph_contract.evolution.patterns import implies, lengths
from aleph_contract.schema.document import Document
from aleph_contract.schema.regex import compiled

CODE = "^[a-z]{2}(-[A-Z]{2})?$"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (CODE, (2, 5)),
        ("^a+$", (1, math.inf)),
        ("[a-z]{2}$", (2, math.inf)),
        ("^[a-z]{2}", (2, math.inf)),
        ("^(?:a|bc)$", (1, 2)),
        ("^a$|^bc$", (1, 2)),
        ("^a|bc$", (1, math.inf)),
        ("^(?!b)[a-z]$", (1, 1)),
        ("(^a$)?", (0, math.inf)),
        ("", (0, math.inf)),
    ],
)
def test_lengths(pattern: str, expected: tuple[int, float]) -> None:
    assert lengths(pattern) == expected


@pytest.mark.parametrize(
    ("narrow", "wide", "implied"),
    [
        (r"^\d$", "^[0-9]$", True),
        (CODE, "^[ -~]*$", True),
        (CODE, "^[a-zA-Z-]{2,5}$", True),
        (CODE, "^[a-zA-Z-]{2,4}$", False),
        (CODE, "^[a-zA-Z-]{3,5}$", False),
        (CODE, "^[a-zA-Z]*$", False),
        ("^[^a]$", "^[a-z]$", False),
        ("^b$", "^[^a]$", True),
        ("[a-z]", "^[ -~]*$", False),
        (r"^(?=(.))\1$", "^[a-z]$", False),
        ("^a$", "^a$|^b$", False),  # it is implied, but there is no rule for it
    ],
)
def test_implied_patterns(narrow: str, wide: str, implied: bool) -> None:
    assert implies(narrow, wide) is implied


texts = st.text(st.sampled_from("ab1 -A\n\u0663"), max_size=4)
patterns = st.sampled_from((*PATTERNS, CODE, "^[ab]*$", "^[^b]{1,2}$", "^[a-b1]+?$", "(^a|b$)"))


@given(patterns, patterns, texts)
def test_no_text_is_a_counterexample(narrow: str, wide: str, text: str) -> None:
    if compiled(narrow).search(text):
        least, most = lengths(narrow)
        assert least <= len(text) <= most
        if implies(narrow, wide):
            assert compiled(wide).search(text)


@pytest.mark.parametrize(
    ("narrow", "wide", "contained"),
    [
        ({"type": "string", "pattern": CODE}, {"minLength": 2, "maxLength": 5}, True),
        ({"type": "string", "pattern": CODE}, {"maxLength": 4}, False),
        ({"pattern": CODE}, {"type": "string"}, False),
        ({"type": "string", "pattern": CODE, "minLength": 6}, False, True),
        ({"type": "string", "pattern": CODE, "minLength": 5}, False, False),
        ({"type": "string", "pattern": CODE}, {"pattern": "^[ -~]*$"}, True),
    ],
)
def test_a_pattern_bounds_the_length(narrow: Any, wide: Any, contained: bool) -> None:
    assert is_contained(Document(narrow), Document(wide)) is contained
