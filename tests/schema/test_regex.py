"""Patterns mean in both engines what they mean in ECMA-262."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import warnings
from collections.abc import Sequence
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aleph_contract.errors import ArgumentError
from aleph_contract.schema.regex import compiled, to_python, to_rust
from aleph_contract.schema.validation.validator import Validator

PATTERNS = (
    "^a$", "a", r"^\d+$", r"^\D$", r"^\w$", r"^\W$", r"^[\w-]$", r"^[\d.]$", r"^\s$", r"^\S$",
    r"^[\s]$", r"^[^\s]$", r"^[\S]$", r"^[\W\d]$", r"^[^\W\d]$", r"^.$", r"^..$", r"^[^a]$",
    r"^[a-c]{2,3}$", "^(a|b)*$", r"^\u0041$", r"^\u{1F305}$", r"^\ud83c\udf05$", r"^\cJ$",
    r"^\x41$", "^(?<n>a)b$", r"^(?<n>a)\k<n>$", r"^(a)\1$", r"^(a|b)\1$", "^(?=a)a", "^(?!a).",
    "(?<=a)b$", "(?<!a)b$", r"^\$$", r"^[$]$", r"^[[a]$", r"^[a&&b]$", r"^\/$", r"^\.$", r"\bab",
    r"a\B", r"\b\b", r"\B", r"^[\b]$", "^a?b+?$", "a|", "()", "[^]", "^[^]$", "[]", "a[]|b",
    r"^[\w-.]$", r"^[.-\d]$", "^[]-a]$", "^[a-]$", "^[-a]$", "^[+--]$", "^{$", "^]$", "^a{$",
    r"^\-\_\@\ $", r"^[\-\_\@]$", r"\0", "^a{0}$", "a^", "$a", "^$", "^^a$$", "(?:^a|b$)",
    r"^\p{L}$", r"^\P{L}$", r"^\p{Lu}$", r"^[\p{Ll}\d]$", r"^[^\p{N}]$", r"^\p{ASCII}$",
    r"^\p{Letter}$", r"^\p{gc=Decimal_Number}$", r"^\p{White_Space}$", r"^\p{AHex}$", r"^\p{LC}$",
    r"^\p{Any}$", r"^\p{P}$",
)  # fmt: skip
CHARACTERS = (
    "aAbBcJ019_-.$[]{}&@/+, \b\t\n\r\x0b\x0c\x1c\x7f\x85\xa0\u00e9\u017f\u0130\u0663\u180e"
    "\u2028\u2029\u200b\u212a\u3000\ufeff\U0001f305"
)
TEXTS = (
    "",
    *CHARACTERS,
    "ab",
    "aa",
    "a\n",
    "a\r",
    "a\u2028",
    "-_@ ",
    "xa",
    "a b",
    "\u00e9a",
    "a\u00e9",
    "\r\n",
)


@lru_cache(maxsize=32)
def validators(pattern: str) -> tuple[Validator, Validator]:
    """The validators of a text, and of a name, with this pattern."""
    return Validator({"pattern": pattern}), Validator({"patternProperties": {pattern: False}})


def by_us(pattern: str, text: str) -> bool:
    """Whether `pattern` is found in `text`, on which both engines must agree."""
    validator, names = validators(pattern)
    found = {
        bool(compiled(pattern).search(text)),
        validator.is_valid(text),
        not validator.violations(text),
        not validator.reference_violations(text),
        not names.is_valid({text: 1}),
        bool(names.violations({text: 1})),
        bool(names.reference_violations({text: 1})),
    }
    assert len(found) == 1, (pattern, text, to_rust(pattern))
    return found.pop()


_SCRIPT = """
const [patterns, texts] = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const read = (p) => { try { return new RegExp(p, "u"); } catch { return new RegExp(p); } };
console.log(JSON.stringify(patterns.map(read).map((r) => texts.map((t) => r.test(t)))));
"""


def by_node(patterns: Sequence[str], texts: Sequence[str]) -> dict[tuple[str, str], bool]:
    """What ECMA-262 says, by the regular expressions of Node."""
    asked = json.dumps([patterns, texts])
    done = subprocess.run(
        ["node", "-e", _SCRIPT], input=asked, capture_output=True, text=True, check=True
    )
    rows = json.loads(done.stdout)
    return {
        (pattern, text): found
        for pattern, row in zip(patterns, rows, strict=True)
        for text, found in zip(texts, row, strict=True)
    }


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is the oracle")


@lru_cache(maxsize=1)
def _expected() -> dict[tuple[str, str], bool]:
    return by_node(PATTERNS, TEXTS)


@needs_node
@pytest.mark.parametrize("pattern", PATTERNS)
def test_both_engines_read_a_pattern_as_ecma_262_does(pattern: str) -> None:
    expected = _expected()
    for text in TEXTS:
        assert by_us(pattern, text) == expected[pattern, text], ascii(text)


_atoms = st.sampled_from(
    [
        *[*"ab1_ \u00e9", ".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\n", r"\r", r"\u2028"],
        *["[a-c]", r"[^\w]", r"[\s\d]", r"[^\S\n]", r"\p{L}", r"\P{Nd}", r"\."],
    ]
)
_assertions = st.sampled_from(["^", "$", r"\b", r"\B", "(?=a)", "(?!a)", "(?<=b)", "(?<!b)"])
_terms = st.recursive(
    _assertions | st.builds(str.__add__, _atoms, st.sampled_from(["", "?", "*", "+?", "{2}"])),
    lambda inner: st.builds(
        "(?:{}|{}){}".format, inner, inner, st.sampled_from(["", "?", "+"])
    ) | st.builds("({})".format, st.lists(inner, max_size=3).map("".join)),
    max_leaves=4,
)  # fmt: skip
drawn_patterns = st.lists(_terms, min_size=1, max_size=4).map("".join)
drawn_texts = st.lists(st.text("ab1_ \n\r\u2028\u00e9\u0663.-", max_size=4), min_size=4, max_size=9)


@needs_node
@settings(max_examples=6, deadline=None, derandomize=True)  # each starts Node
@given(st.lists(drawn_patterns, min_size=15, max_size=20), drawn_texts)
def test_any_pattern_is_read_as_ecma_262_does(patterns: list[str], texts: list[str]) -> None:
    for (pattern, text), found in by_node(patterns, texts).items():
        assert by_us(pattern, text) == found, (pattern, text)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(drawn_patterns, drawn_texts)
def test_both_engines_find_the_same(pattern: str, texts: list[str]) -> None:
    for text in texts:
        by_us(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "construct"),
    [
        (r"\p{Script=Greek}", r"\p{Script=Greek}"),
        (r"\p{Emoji}", r"\p{Emoji}"),
        ("(?i)a", "(?i"),
        ("(?P<n>a)", "(?P"),
        ("(?>a)", "(?>"),
        (r"\Z", r"\Z"),
        (r"\A", r"\A"),
        (r"\h", r"\h"),
        ("a++", "++"),
        ("a{2}{3}", "{2}{3}"),
        ("a{,3}", "{,"),
        (r"[\B]", r"\B"),
        (r"\1(a)", r"\1 "),
        (r"(?:(a)|b)\1", r"\1 "),
        (r"(a)?\1", r"\1 "),
        (r"(?!(a))\1", r"\1 "),
        (r"(?<=(a)\1)b", r"\1 "),
        (r"(a\1)", r"\1 "),
        (r"\ud800", "half a surrogate pair"),
        ("\ud800", "half a surrogate pair"),
        (r"\u{110000}", "half a surrogate pair"),
    ],
)
def test_what_the_engines_do_not_share_is_refused_by_name(pattern: str, construct: str) -> None:
    for spell in (to_python, to_rust):
        with pytest.raises(ArgumentError, match=re.escape(f"{pattern!r} uses {construct}")):
            spell(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *["(", ")", "[a", "[a-", "*", "a|*", "^*", r"\k<n>", "a{3,2}", "[b-a]", "\\"],
        *["(?<n>a)(?<n>b)", "(?<=a+)b", "a{99999999999}", "(" * 9999],
    ],
    ids=lambda pattern: pattern[:20],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ArgumentError, match="is not a regular expression: "):
        to_rust(pattern)


def test_the_rewritten_form_holds_characters_and_ranges_only() -> None:
    assert to_rust(r"^\d.[\w\W]$") == r"^[0-9][^\u000a\u000d\u2028-\u2029][\u0000-" + "\U0010ffff]$"
    assert to_python("a$") == r"a\Z"


def test_patterns_that_are_rewritten_to_the_same_name_keep_their_own_schemas() -> None:
    schema = {"patternProperties": {r"^\d$": {"minimum": 5}, "^[0-9]$": {"maximum": 3}}}
    validator = Validator(schema)
    found = validator.violations({"1": 4})
    assert [v.schema for v in found] == [
        "/patternProperties/^[0-9]$/maximum",
        r"/patternProperties/^\d$/minimum",
    ]
    assert validator.reference_violations({"1": 4}) == found


def test_backreferences_count_the_groups_of_their_own_pattern() -> None:
    schema = {"patternProperties": {r"^(a)\1$": {}, r"^(b)\1$": {}}, "additionalProperties": False}
    validator = Validator(schema)
    for value in ({"aa": 1, "bb": 1}, {"aa": 1, "b": 1}):
        assert validator.violations(value) == validator.reference_violations(value)
        assert validator.is_valid(value) == ("b" not in value)


def test_a_pattern_behind_a_reference_to_no_keyword_is_rewritten_too() -> None:
    validator = Validator({"$ref": "#/x/y", "x": {"y": {"pattern": r"^\d$"}}})
    assert validator.violations("\u0663") == validator.reference_violations("\u0663") != ()


def test_no_pattern_warns_when_it_is_compiled() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for pattern in PATTERNS:
            re.compile(to_python(pattern))
