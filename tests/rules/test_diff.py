"""A change has the pointer, the values and a hint at the cause."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest

from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import Number, loads
from aleph_contract.rules.diff import Change, describe, diff, diff_exchange, shown
from aleph_contract.rules.diff_hints import NUMBERS, STRINGS, explain


def exchange(body: bytes, surface: Any = "rest") -> Exchange:
    return Exchange(
        1,
        "a" * 32,
        surface,
        "POST",
        "/run",
        (),
        body,
        True,
        "accepted",
        200,
        (),
        b"{}",
        "completed",
    )


def test_another_notation_of_the_same_value_is_no_difference() -> None:
    intended = {"seed": 2, "at": 1.5, "list": [1, {"b": None, "a": "é"}]}
    sent = loads('{"list":[1.0,{"a":"\\u00e9","b":null}],"at":15e-1,"seed":2.0}')
    assert diff(intended, sent) == ()


def test_a_dropped_zero_is_missing_and_its_cause_is_guessed() -> None:
    (change,) = diff({"prompt": "x", "seed": 0}, {"prompt": "x"})
    assert change == Change("/seed", "missing", 0, note=change.note)
    assert describe(change) == (
        "missing  /seed: 0",
        "  dropped, perhaps because 0 is false in a condition",
    )


def test_a_dropped_truthy_value_has_no_hint() -> None:
    assert describe(*diff({"seed": 7}, {})) == ("missing  /seed: 7",)


def test_an_inserted_key_is_added() -> None:
    changes = diff({}, {"duration": 5, "seed": None})
    assert [describe(change) for change in changes] == [
        ("added    /duration: 5",),
        ("added    /seed: null", "  null instead of an absent key"),
    ]


def test_a_dropped_null_is_missing() -> None:
    assert [change.kind for change in diff({"seed": None}, {})] == ["missing"]


def test_a_boolean_is_not_a_number() -> None:
    (change,) = diff({"a": True}, {"a": 1})
    assert change.note == "a boolean became a number"


def test_pointers_are_escaped_by_rfc_6901() -> None:
    (change,) = diff({"a/b": {"c~d": [1, 2]}}, {"a/b": {"c~d": [1, 3]}})
    assert change.pointer == "/a~1b/c~0d/1"


@pytest.mark.parametrize(
    ("intended", "sent", "expected"),
    [
        ([1, 2, 3, 4], [1, 3, 4], [("/1", "missing", 2, None)]),
        ([1, 3, 4], [1, 2, 3, 4], [("/1", "added", None, 2)]),
        ([1, 2], [], [("/0", "missing", 1, None), ("/1", "missing", 2, None)]),
        ([1, 1, 1], [1, 1], [("/2", "missing", 1, None)]),
        ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 3}], [("/1/a", "changed", 2, 3)]),
        ([1, 2, 3], [3, 1, 2], [("", "changed", [1, 2, 3], [3, 1, 2])]),
    ],
)
def test_dropped_inserted_and_reordered_items(
    intended: list[Any], sent: list[Any], expected: list[tuple[Any, ...]]
) -> None:
    found = [(c.pointer, c.kind, c.intended, c.sent) for c in diff(intended, sent)]
    assert found == expected


def test_another_order_is_named() -> None:
    (change,) = diff({"keyframes": [1, 2]}, {"keyframes": [2, 1]})
    assert (change.pointer, change.note) == ("/keyframes", "the same items in another order")


def test_a_repeated_key_is_one_change_unless_intended() -> None:
    sent = loads('{"seed":1,"seed":1}')
    (change,) = diff({"seed": 1}, sent)
    assert (change.pointer, change.kind) == ("/seed", "added")
    assert "more than once" in change.note
    assert diff(loads('{"seed":2,"seed":1}'), sent) == ()


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
    ],
)
def test_the_hint_for_a_number_or_another_type(intended: Any, sent: Any, note: str) -> None:
    assert explain(intended, sent) == note


def test_no_transformation_fails_on_hostile_values() -> None:
    """A transformation that raises an exception would lose the whole report."""
    strings = ["", "\ud800", "\x00", "a" * 5000, "\U0010ffff", "%zz%", "&#x110000;"]
    numbers = [0, -1, 10**400, 5e-324, 1.7976931348623157e308, -0.0]
    assert all(isinstance(explain(one, other), str) for one in strings for other in strings)
    assert all(isinstance(explain(one, other), str) for one in numbers for other in numbers)
    assert len({name for name, _ in (*STRINGS, *NUMBERS)}) == len(STRINGS) + len(NUMBERS) - 1


def test_a_long_string_is_shown_by_its_length_and_first_difference() -> None:
    intended = "a" * 996 + "e\u0301" + "zz"
    (change,) = diff({"prompt": intended}, {"prompt": unicodedata.normalize("NFC", intended)})
    assert describe(change) == (
        "changed  /prompt",
        f'  intended "{"a" * 60}… (1,000 characters)"',
        f'  sent     "{"a" * 60}… (999 characters)"',
        "  first difference at character 996: e U+0065 became é U+00E9",
        "  differs only by normalisation (NFC)",
    )


def test_long_strings_inside_a_value_are_shortened() -> None:
    assert len(shown({"a": ["x" * 9000]})) < 120
    assert shown({"a": ["x" * 120]}) == json.dumps({"a": ["x" * 120]}, separators=(",", ":"))


def test_the_first_difference_can_be_the_end_of_a_string() -> None:
    lines = describe(*diff("abc", "ab"))
    assert lines[-2:] == (
        "  first difference at character 2: c U+0063 became the end",
        "  cut after 2 of 3 characters",
    )


def test_the_input_is_read_from_the_body_of_each_surface() -> None:
    assert diff_exchange({"seed": 1}, exchange(b'{"model":"m","input":{"seed":1.0}}')) == ()
    assert diff_exchange({"seed": 1}, exchange(b'{"inputs":{"seed":1}}', "binding")) == ()


@pytest.mark.parametrize(
    ("body", "note"),
    [
        (b"", "the body is not JSON: line 1 column 1"),
        (b"{", "the body is not JSON: line 1 column 2"),
        (b"\xff", "the body is not JSON: line 1 column 1: byte 0xff is not UTF-8"),
        (b"[]", "the body is not a JSON object"),
        (b'{"seed":1}', 'the body has no "input"'),
    ],
)
def test_a_body_without_an_input_is_one_change(body: bytes, note: str) -> None:
    (change,) = diff_exchange({"seed": 1}, exchange(body))
    assert (change.pointer, change.kind) == ("", "changed")
    assert change.note.startswith(note)


def test_an_input_given_as_text_is_parsed() -> None:
    body = b'{"model":"m","input":{"seed":1}}'
    assert diff_exchange('{"seed":1e0}', exchange(body)) == ()
    assert diff_exchange("not JSON", exchange(b'{"input":"not JSON"}')) == ()
