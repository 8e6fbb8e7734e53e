"""JSON is read exactly, written as it was read, and compared by value."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aleph_contract.core.jsonvalue import (
    MAX_DEPTH,
    MAX_DIGITS,
    Number,
    Object,
    dumps,
    identity,
    loads,
    pointer,
    repeated_keys,
    same,
)
from aleph_contract.errors import JSONError

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


class TestReading:
    """RFC 8259, and nothing that any sane reader must refuse."""

    @settings(max_examples=200, deadline=None)
    @given(_json, st.booleans())
    def test_what_json_writes_is_read(self, value: Any, ascii_only: bool) -> None:
        text = json.dumps(value, ensure_ascii=ascii_only)
        assert same(loads(text), value)
        assert same(loads(text.encode()), value)

    @pytest.mark.parametrize("text", ["2.0", "1e0", "-0.0", "1E+2", "5e-324", "0.10", "1e-400"])
    def test_a_number_with_a_fraction_remembers_its_text(self, text: str) -> None:
        number = loads(f" [{text}] ")[0]
        assert isinstance(number, Number)
        assert (number.text, number) == (text, float(text))
        pickled = pickle.loads(pickle.dumps(number))  # noqa: S301 - our own
        assert {copy.copy(number).text, copy.deepcopy(number).text, pickled.text} == {text}

    @pytest.mark.parametrize("value", [2**53 + 1, 2**64, -(10**400), 0])
    def test_no_integer_loses_a_digit(self, value: int) -> None:
        assert type(loads(str(value))) is int
        assert loads(str(value)) == value

    def test_minus_zero_is_the_integer_zero(self) -> None:
        assert loads("-0") == 0

    @pytest.mark.parametrize(
        ("raw", "message"),
        [
            (b"", "line 1 column 1: Expecting value"),
            (b"[1,\n 2,]", "line 2 column "),
            (b'{"a" 1}', "line 1 column 6: Expecting ':' delimiter"),
            (b"{'a': 1}", "line 1 column 2: Expecting property name"),
            (b"[1] 2", "line 1 column 5: Extra data"),
            (b"[01]", "line 1 column 3: "),
            (b"[1.]", "line 1 column 3: "),
            (b"[+1]", "line 1 column 2: Expecting value"),
            (b'"a\nb"', "line 1 column 3: Invalid control character at"),
            (b'"\\x41"', "line 1 column 2: Invalid \\escape"),
            (b"[\xc2\xa01]", "line 1 column 2: Expecting value"),
            (b'{"NaN":\n NaN}', "line 2 column 2: NaN is not JSON"),
            (b"[1, -Infinity]", "line 1 column 5: -Infinity is not JSON"),
            (b'["1e400",\n\t1e400]', "line 2 column 2: number 1e400 is beyond the range"),
            (b"\xef\xbb\xbf{}", "line 1 column 1: a byte order mark"),
            (b'{\n"\xc3\xa4": "\xff"}', "line 2 column 7: byte 0xff is not UTF-8"),
            (b"\xff\xfe{\x00}\x00", "line 1 column 1: byte 0xff is not UTF-8"),
            (b'"\xed\xa0\x80"', "line 1 column 2: byte 0xed is not UTF-8"),
            (b'["\\\\ud800",\n"\\uD83D"]', "line 2 column 2: lone surrogate U+D83D"),
            (b'"\\ude00\\ud83d"', "line 1 column 2: lone surrogate U+DE00"),
            (b'{"a": "\\ud800", "a": 1}', "line 1 column 8: lone surrogate U+D800"),
            (b'{"\\ud800": 1}', "line 1 column 3: lone surrogate U+D800"),
        ],
    )
    def test_what_is_refused_and_where(self, raw: bytes, message: str) -> None:
        with pytest.raises(JSONError) as error:
            loads(raw)
        assert str(error.value).startswith(message)

    @pytest.mark.parametrize("text", ['"\\ud83d\\ude00"', '"\\uD83D\\uDE00"', '"\U0001f600"'])
    def test_a_pair_of_surrogates_is_one_character(self, text: str) -> None:
        assert loads(text) == "\U0001f600"

    def test_depth_is_bounded_and_brackets_in_strings_are_none(self) -> None:
        deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
        assert dumps(loads(deepest)) == deepest
        with pytest.raises(JSONError, match=f"column {MAX_DEPTH + 1}: nested deeper"):
            loads(f"[{deepest}]")
        with pytest.raises(JSONError, match="nested deeper"):
            loads('{"a":' * 100_000)
        assert loads(json.dumps(["[{" * MAX_DEPTH, '"\\' * MAX_DEPTH])) is not None

    def test_an_integer_longer_than_any_reader_takes_is_refused(self) -> None:
        assert loads("9" * MAX_DIGITS) == 10**MAX_DIGITS - 1
        with pytest.raises(JSONError, match="an integer of 4001 digits") as error:
            loads("[1,\n" + "9" * (MAX_DIGITS + 1) + "]")
        assert (error.value.line, error.value.column) == (2, 1)

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=20) | st.text('[]{},:"\\u0019deN.-+ \n').map(str.encode))
    def test_any_bytes_are_read_or_refused_with_a_place_inside_them(self, raw: bytes) -> None:
        with contextlib.suppress(JSONError):
            loads(raw)
            return
        with pytest.raises(JSONError) as refused:
            loads(raw)
        text = raw.decode("utf-8", "replace")
        assert 0 <= refused.value.offset <= len(text)
        assert 1 <= refused.value.line <= text.count("\n") + 1


class TestRepeatedKeys:
    """Of keys written twice the last counts, and the others are not forgotten."""

    def test_each_is_named_once_wherever_it_stands(self) -> None:
        value = loads('{"a":1,"a":2,"b":[{"c":1,"c":2,"c":3}],"a":4}')
        assert value == {"a": 4, "b": [{"c": 3}]}
        assert repeated_keys(value) == ("a", "c")

    def test_none_in_values_that_were_not_read(self) -> None:
        assert repeated_keys({"a": [Object(b=1), ({"c": 1},), 2]}) == ()


class TestSame:
    """The same JSON value: by exact number, by code point, whatever the order of members."""

    @pytest.mark.parametrize(
        ("left", "right"),
        [
            (2, 2.0),
            (2, Number("2.0")),
            (Number("1e2"), 100),
            (0, -0.0),
            (Decimal("0.5"), 0.5),
            ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
            ([1, [2]], (1, (2,))),
            (None, None),
        ],
    )
    def test_the_same_value(self, left: Any, right: Any) -> None:
        assert same(left, right)
        assert same(right, left)

    @pytest.mark.parametrize(
        ("left", "right"),
        [
            (2**53, 2**53 + 1),
            (float(2**53), 2**53 + 1),
            (Number("0.30000000000000004"), 0.3),
            (True, 1),
            (False, 0),
            (None, False),
            ("1", 1),
            ("\u00e9", "e\u0301"),
            ({"a": 1}, {"a": 1, "b": None}),
            ({"a": 1}, {"b": 1}),
            ([1, 2], [2, 1]),
            ([], {}),
            ("", []),
        ],
    )
    def test_another_value(self, left: Any, right: Any) -> None:
        assert not same(left, right)
        assert not same(right, left)


class TestWriting:
    """A literal comes out as it was written, and the text can be stored."""

    @pytest.mark.parametrize(
        "text",
        [
            '{"seconds":2.0,"seed":9007199254740993,"at":1e-1}',
            '["\u00e9\\n",null,true,{"\u00e4\\"":[]}]',
            "-0.0",
        ],
    )
    def test_what_was_read_is_written_as_it_was(self, text: str) -> None:
        assert dumps(loads(text)) == text

    @settings(max_examples=200, deadline=None)
    @given(_json)
    def test_what_is_written_is_read_again(self, value: Any) -> None:
        assert same(loads(dumps(value).encode()), value)

    def test_half_a_character_can_be_written_to_a_file(self) -> None:
        assert dumps({"\udc00": "\ud800\u00e9"}).encode() == b'{"\\udc00":"\\ud800\\u00e9"}'

    def test_what_json_cannot_say_is_not_written(self) -> None:
        with pytest.raises(ValueError, match="JSON compliant"):
            dumps([float("nan")])


def test_a_pointer_escapes_what_it_must() -> None:
    assert pointer([]) == ""
    assert pointer(["a/b", 0, "~1", ""]) == "/a~1b/0/~01/"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(_json, min_size=2, max_size=4))
def test_identity_is_equal_for_the_same_values_only(values: list[Any]) -> None:
    for left in values:
        for right in values:
            assert (identity(left) == identity(right)) is same(left, right), (left, right)


def test_identity_tells_booleans_from_numbers() -> None:
    values = [True, 1, False, 0, [True], [1], {"a": True}, {"a": 1}, [], {}, "", None, "1"]
    assert len({identity(value) for value in values}) == len(values)
    assert identity({"a": [2**64]}) == identity({"a": [float(2**64)]})
