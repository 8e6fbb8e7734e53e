"""A change has the pointer, the values and a hint at the cause."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest

from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import loads
from aleph_contract.rules.diff import Change, describe, diff, diff_exchange, shown


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
        ([1, 2], [2, 2], [("/0", "changed", 1, 2)]),
        ([1, 2, 3], [1, 9], [("/1", "changed", 2, 9), ("/2", "missing", 3, None)]),
        ([1, 2, 3], [9, 3], [("/0", "changed", 1, 9), ("/1", "missing", 2, None)]),
        ([9, 3], [1, 2, 3], [("/0", "changed", 9, 1), ("/1", "added", None, 2)]),
        ([1, 1], [1, 1, 1], [("/2", "added", None, 1)]),
        ([], [1, 2], [("/0", "added", None, 1), ("/1", "added", None, 2)]),
        ((1, 2), [1], [("/1", "missing", 2, None)]),
        ([[1], {"a": 1}], [[2], {"a": 2}], [("/0/0", "changed", 1, 2), ("/1/a", "changed", 1, 2)]),
        ([*range(200)], [*range(1, 200), 0], [("", "changed", [*range(200)], [*range(1, 200), 0])]),
        (
            [0, *[1] * 199, 2],
            [2, *[1] * 199, 0],
            [("/0", "changed", 0, 2), ("/200", "changed", 2, 0)],
        ),
    ],
)
def test_dropped_inserted_and_reordered_items(
    intended: list[Any] | tuple[Any, ...], sent: list[Any], expected: list[tuple[Any, ...]]
) -> None:
    found = [(c.pointer, c.kind, c.intended, c.sent) for c in diff(intended, sent)]
    assert found == expected


@pytest.mark.parametrize("value", [0, False, "", [], {}])
def test_a_dropped_false_value_has_a_hint(value: Any) -> None:
    (change,) = diff({"a": value}, {})
    note = f"dropped, perhaps because {json.dumps(value)} is false in a condition"
    assert change == Change("/a", "missing", value, note=note)


def test_a_dropped_null_has_a_hint() -> None:
    (change,) = diff({"a": None}, {})
    assert change.note == "dropped, perhaps because null is treated as absent"


@pytest.mark.parametrize("value", [None, 0, "https://example.com/a.mp4", {"a": [1]}])
def test_a_renamed_member_is_said_to_be_renamed(value: Any) -> None:
    assert diff({"a": {"video_uri": value}}, {"a": {"videoUri": value}}) == (
        Change("/a/video_uri", "missing", value, note="renamed to videoUri"),
        Change("/a/videoUri", "added", sent=value, note="renamed from video_uri"),
    )


def test_a_member_of_another_name_or_value_is_not_renamed() -> None:
    assert [c.note for c in diff({"a": 1, "b_c": 2}, {"d": 1, "bC": 3})] == ["", "", "", ""]


def test_a_dropped_item_has_its_place_and_hint() -> None:
    (change,) = diff({"a": [7, 0]}, {"a": [7]})
    assert (change.pointer, change.note) == (
        "/a/1", "dropped, perhaps because 0 is false in a condition",
    )  # fmt: skip


def test_a_changed_value_has_its_hint_at_any_depth() -> None:
    assert diff({"a": [1.7]}, {"a": [1]}) == (
        Change("/a/0", "changed", 1.7, 1, "the fraction was dropped"),
    )
    assert diff({"a": 1}, []) == (Change("", "changed", {"a": 1}, [], "an object became an array"),)


def test_an_added_value_is_shown_with_its_note() -> None:
    (change,) = diff({"a": {}}, {"a": {"b": None}})
    assert change == Change("/a/b", "added", None, None, "null instead of an absent key")
    assert diff({}, {"b": 1}) == (Change("/b", "added", None, 1),)


def test_the_whole_input_has_no_pointer() -> None:
    assert describe(Change("", "missing", 1)) == ("missing  the whole input: 1",)
    assert describe(Change("", "added", sent=1)) == ("added    the whole input: 1",)
    assert describe(Change("", "changed", 1, 2)) == (
        "changed  the whole input", "  intended 1", "  sent     2",
    )  # fmt: skip
    assert describe(Change("/a", "changed", "x", 2, "why")) == (
        "changed  /a", '  intended "x"', "  sent     2", "  why",
    )  # fmt: skip


def test_the_longest_string_shown_whole_can_be_chosen() -> None:
    assert describe(Change("/a", "missing", "abcde"), long=4) == (
        'missing  /a: "ab… (5 characters)"',
    )
    assert describe(Change("/a", "added", sent="abcde"), long=4) == (
        'added    /a: "ab… (5 characters)"',
    )
    assert describe(Change("/a", "changed", "abcde", 1), long=4) == (
        "changed  /a", '  intended "ab… (5 characters)"', "  sent     1",
    )  # fmt: skip
    assert describe(Change("/a", "changed", 1, {"k": ["abcde"]}), long=4) == (
        "changed  /a", "  intended 1", '  sent     {"k":["ab… (5 characters)"]}',
    )  # fmt: skip
    assert shown(("abcd", "abcde"), long=4) == '["abcd","ab… (5 characters)"]'
    assert shown("a" * 121) == f'"{"a" * 60}… (121 characters)"'


def test_another_order_is_named() -> None:
    (change,) = diff({"keyframes": [1, 2]}, {"keyframes": [2, 1]})
    assert (change.pointer, change.note) == ("/keyframes", "the same items in another order")


def test_a_repeated_key_is_one_change_unless_intended() -> None:
    sent = loads('{"seed":1,"seed":1}')
    (change,) = diff({"seed": 1}, sent)
    assert (change.pointer, change.kind) == ("/seed", "added")
    assert (change.sent, change.note) == (1, "the key occurs more than once")
    assert diff({"a": {"seed": 1}}, loads('{"a":{"seed":1,"seed":1}}'))[0].pointer == "/a/seed"
    assert diff(loads('{"seed":2,"seed":1}'), {"seed": 1}) == ()
    assert diff(loads('{"seed":2,"seed":1}'), sent) == ()


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
    assert (change.pointer, change.kind, change.intended) == ("", "changed", {"seed": 1})
    assert change.sent == body.decode("utf-8", "backslashreplace")
    assert change.note.startswith(note)


def test_an_input_given_as_text_is_parsed() -> None:
    body = b'{"model":"m","input":{"seed":1}}'
    assert diff_exchange('{"seed":1e0}', exchange(body)) == ()
    assert diff_exchange("not JSON", exchange(b'{"input":"not JSON"}')) == ()
