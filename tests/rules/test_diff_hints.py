"""The hint at the cause of a change: which usual transformation of clients gives the sent value."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from aleph_contract.core.jsonvalue import Number
from aleph_contract.rules.diff_hints import (
    NUMBERS,
    STRINGS,
    explain,
    first_difference,
    name_character,
)


@pytest.mark.parametrize(
    ("intended", "sent", "note"),
    [
        ("e\u0301", "é", "differs only by normalisation (NFC)"),
        ("é", "e\u0301", "differs only by normalisation (NFD)"),
        ("ﬁ", "fi", "differs only by normalisation (NFKC)"),
        (" a ", "a", "differs only by white space trimmed at the ends"),
        ("a\nb", "a\r\nb", "differs only by line ends (LF became CR LF)"),
        ("a  b", "a b", "differs only by white space collapsed"),
        ("A<b>", "A&lt;b&gt;", "differs only by HTML escapes"),
        (
            "https://x/a(b) c",
            "https://x/a(b)%20c",
            "differs only by percent-encoding of characters not allowed in a URI",
        ),
        ("é", '"\\u00e9"', "differs only by a second JSON encoding"),
        ("é", "Ã©", "differs only by UTF-8 read as Latin-1"),
        ("a€", "a", "differs only by characters outside ASCII dropped"),
        ("a\U0001f600", "a\ufffd", "differs only by characters beyond U+FFFF replaced"),
        ("a\u200bb", "ab", "differs only by invisible format characters removed"),
        ("abcdef", "abc", "cut after 3 of 6 characters"),
        (
            "abcdef",
            "abc…",
            "cut after 3 of 6 characters, with … U+2026 appended",
        ),
        ("éàü", "éà", "cut after 2 of 3 code points (4 bytes of UTF-8)"),
        (
            "\U0001f600" * 1000,
            "\U0001f600" * 500,
            "cut after 1,000 UTF-16 units (500 of 1,000 code points, 2,000 bytes of UTF-8)",
        ),
        ("a\U0001f600b", "a\ud83d", "cut within a surrogate pair after 2 UTF-16 units"),
        ("abc", "xyz", ""),
        ("Ⅸ\u0301", "IX\u0301", "differs only by normalisation (NFKC)"),
        ("ﬁé", "fie\u0301", "differs only by normalisation (NFKD)"),
        ("a\r\nb", "a\nb", "differs only by line ends (CR LF became LF)"),
        (" a ", " a", "differs only by white space trimmed at the end"),
        (" a ", "a ", "differs only by white space trimmed at the start"),
        ("Ab", "ab", "differs only by lower case"),
        ("Ab", "AB", "differs only by upper case"),
        ("&lt;", "<", "differs only by HTML escapes undone"),
        ("a/b ?", "a%2Fb%20%3F", "differs only by percent-encoding"),
        ("a/b ?", "a/b%20%3F", "differs only by percent-encoding of all but slashes"),
        ("a%20b", "a b", "differs only by percent-decoding"),
        ("é\n", '"é\\n"', "differs only by a second JSON encoding"),
        ("€", "\u00e2\u201a\u00ac", "differs only by UTF-8 read as Windows-1252"),
        ("a\x00b", "ab", "differs only by control characters removed"),
        ("a€", "a?", "differs only by characters outside ASCII replaced"),
        ("é\U0001f600", "é", "differs only by characters beyond U+FFFF dropped"),
        ("é\uffff\U0001f600", "é\uffff", "differs only by characters beyond U+FFFF dropped"),
        ("é\uffff\U00010000", "é\uffff\ufffd", "differs only by characters beyond U+FFFF replaced"),
        ("é\U0001f600\uffff", "é?\uffff", "differs only by characters beyond U+FFFF replaced by ?"),
        ("a", "a/", "differs only by a final slash added"),
        ("a/", "a", "differs only by a final slash removed"),
        ("abcdef", "abc...", "cut after 3 of 6 characters, with . U+002E appended"),
        ("abcdef", "abc\ufffd", "cut after 3 of 6 characters, with \ufffd U+FFFD appended"),
        ("abcdef", "", "cut after 0 of 6 characters"),
        ("abc", "abc…", ""),
        ("abc", "ab\ud83d", "cut within a surrogate pair after 3 UTF-16 units"),
        ("abd", "ab\udbff", "cut within a surrogate pair after 3 UTF-16 units"),
        ("abe", "ab\ud800", "cut within a surrogate pair after 3 UTF-16 units"),
        ("abc", "ab\udc00", ""),
        ("abc", "xb\ud800", ""),
        ("abc", "ax\ud800", ""),
        (
            "a" * 2000 + "é",
            "a" * 1000,
            "cut after 1,000 of 2,001 code points (1,000 bytes of UTF-8)",
        ),
        (
            "\U0001f600" * 1000 + "b",
            "\U0001f600" * 999 + "\ud83d",
            "cut within a surrogate pair after 1,999 UTF-16 units",
        ),
        ("a\udc80bc", "a\udc80", "cut after 2 of 4 code points (4 bytes of UTF-8)"),
        (
            "\U00010000bc",
            "\U00010000",
            "cut after 2 UTF-16 units (1 of 3 code points, 4 bytes of UTF-8)",
        ),
        ("\uffffbc", "\uffff", "cut after 1 of 3 code points (3 bytes of UTF-8)"),
    ],
)
def test_the_hint_for_a_string(intended: str, sent: str, note: str) -> None:
    assert explain(intended, sent) == note


@pytest.mark.parametrize(
    ("intended", "sent", "note"),
    [
        (2**53 + 1, 2**53, "rounded to the nearest double"),
        (4294967295, -1, "wrapped to a signed 32-bit integer"),
        (4294967295, 2147483647, "limited to a signed 32-bit integer"),
        (-1, 4294967295, "wrapped to an unsigned 32-bit integer"),
        (0.1, 0.10000000149011612, "rounded to single precision (float32)"),
        (1.7, 1, "the fraction was dropped"),
        (1.7, 2, "rounded to an integer"),
        (0.123, 0.12, "rounded to 2 decimals"),
        (1.5, 1500, "multiplied by 1000"),
        (5, "5", "a number sent as a string"),
        (Number("2.0"), "2.0", "a number sent as a string"),
        ({"a": 1}, '{"a":1}', "an object sent as a string"),
        (5, [5], "wrapped in an array"),
        ([5], 5, "taken out of its array"),
        (1, True, "a number sent as a boolean"),
        (5, None, "a number became null"),
        (5, 6, ""),
        (2147483648, -2147483648, "wrapped to a signed 32-bit integer"),
        (4294967296, 0, "wrapped to a signed 32-bit integer"),
        (-4294967297, 4294967295, "wrapped to an unsigned 32-bit integer"),
        (-3000000000, -(2**31), "limited to a signed 32-bit integer"),
        (0.16, 0.2, "rounded to 1 decimals"),
        (0.12345, 0.123, "rounded to 3 decimals"),
        (-5, 5, "the sign was dropped"),
        (1500, 1.5, "divided by 1000"),
        (1.5, 150, "multiplied by 100"),
        (150, 1.5, "divided by 100"),
        (1, "2", "a number became a string"),
        ("1", 1, "a string became a number"),
        ([1], [2, 3], "an array became an array"),
        ((1,), {}, "an array became an object"),
        (5, [6], "a number became an array"),
        (5, [5, 5], "a number became an array"),
        ([5, 5], 5, "an array became a number"),
        ([5], 6, "an array became a number"),
        (0, False, "a number sent as a boolean"),
        (0, True, "a number became a boolean"),
        (True, "true", "a boolean sent as a string"),
        (None, "null", "null sent as a string"),
        (None, False, "null sent as a boolean"),
        (Decimal("1.5"), 1, "the fraction was dropped"),
        (True, 0, "a boolean became a number"),
        (b"x", 1, "a value became a number"),
    ],
)
def test_the_hint_for_a_number_or_another_type(intended: Any, sent: Any, note: str) -> None:
    assert explain(intended, sent) == note


@pytest.mark.parametrize(
    ("text", "index", "name"),
    [
        ("é", 0, "é U+00E9"),
        ("ab", 1, "b U+0062"),
        ("ab", 2, "the end"),
        (" ", 0, "U+0020 SPACE"),
        ("\u0301", 0, "U+0301 COMBINING ACUTE ACCENT"),
        ("\u00a0", 0, "U+00A0 NO-BREAK SPACE"),
        ("\x00", 0, "U+0000"),
        ("\U0001f600", 0, "\U0001f600 U+1F600"),
    ],
)
def test_a_character_is_shown_with_its_code_point(text: str, index: int, name: str) -> None:
    assert name_character(text, index) == name


@pytest.mark.parametrize(
    ("left", "right", "index"), [("abc", "abd", 2), ("abc", "ab", 2), ("a", "abc", 1), ("", "", 0)]
)
def test_the_first_difference(left: str, right: str, index: int) -> None:
    assert first_difference(left, right) == index


def test_no_transformation_fails_on_hostile_values() -> None:
    """A transformation that raises an exception would lose the whole report."""
    strings = ["", "\ud800", "\x00", "a" * 5000, "\U0010ffff", "%zz%", "&#x110000;"]
    numbers = [0, -1, 10**400, 5e-324, 1.7976931348623157e308, -0.0]
    assert all(isinstance(explain(one, other), str) for one in strings for other in strings)
    assert all(isinstance(explain(one, other), str) for one in numbers for other in numbers)
    assert len({name for name, _ in (*STRINGS, *NUMBERS)}) == len(STRINGS) + len(NUMBERS) - 1
