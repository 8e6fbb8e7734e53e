"""Patterns mean in Python what they mean in JSON Schema."""

from __future__ import annotations

import re
import warnings

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aleph_contract.errors import ArgumentError
from aleph_contract.schema.regex import compiled, to_python

PATTERNS = (
    "^a$", "a", r"^\d+$", r"^\D$", r"^\w$", r"^\W$", r"^[\w-]$", r"^[\d.]$", r"^\s$", r"^\S$",
    r"^[\s]$", r"^[^\s]$", r"^[\S]$", r"^.$", r"^[^a]$", r"^[a-c]{2,3}$", "^(a|b)*$", r"^\u0041$",
    r"^\u{1F305}$", r"^\cJ$", r"^\x41$", "^(?<n>a)b$", r"^(a)\1$", "^(?=a)a", "^(?!a).", "(?<=a)b$",
    r"^\$$", r"^[$]$", r"^[[a]$", r"^[a&&b]$", r"^\/$", r"^\.$", r"\bab", r"a\B", "^a?b+?$",
)  # fmt: skip
CHARACTERS = "aAbBcJ019_-.$[&/ \t\n\r\x0b\x1c\x85\xa0\u00e9\u0663\u2028\u3000\ufeff\U0001f305"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from(PATTERNS), st.text(CHARACTERS, max_size=3))
def test_both_engines_find_the_same(pattern: str, text: str) -> None:
    fast = jsonschema_rs.Draft202012Validator({"pattern": pattern})
    assert bool(compiled(pattern).search(text)) == fast.is_valid(text)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_character_alone(pattern: str) -> None:
    fast = jsonschema_rs.Draft202012Validator({"pattern": pattern})
    for char in CHARACTERS:
        assert bool(compiled(pattern).search(char)) == fast.is_valid(char), char


@pytest.mark.parametrize(
    "pattern", [r"\p{L}", r"\P{Lu}", "(?i)a", "(?P<n>a)", r"\Z", r"\A", "a++", "(?>a)", r"\h"]
)
def test_what_has_no_counterpart_is_refused_by_name(pattern: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(f"{pattern!r} uses ")):
        to_python(pattern)


@pytest.mark.parametrize("pattern", ["(", "[a", "*", r"\k<n>", "a{3,2}"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ArgumentError, match="is not a regular expression"):
        to_python(pattern)


def test_patterns_can_be_joined_and_none_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        joined = re.compile("|".join(map(to_python, ["^a$", r"^\d$", "[[a--b]"])))
    assert joined.search("1")
    assert not joined.search("\u0663")
