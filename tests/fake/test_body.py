"""A request body is read up to a limit, and the fast JSON parser agrees with the exact one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aleph_contract.core.jsonvalue import MAX_DEPTH, loads, same
from aleph_contract.errors import JSONError
from fake_server.http.body import Body, read
from fake_server.runs.json_body import parse

NUMBERS = st.from_regex(r"\A-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?\Z")
TEXTS = st.recursive(
    NUMBERS | st.sampled_from(["null", "true", '"x"', '""']),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[" + ",".join(items) + "]")
        | st.lists(inner, max_size=3).map(
            lambda items: "{" + ",".join(f'"{i}":{item}' for i, item in enumerate(items)) + "}"
        )
    ),
    max_leaves=8,
)


def attempt(reader: Callable[[bytes], Any], raw: bytes) -> tuple[Any, str]:
    """The result of a reader: a value and no error, or no value and the error message."""
    try:
        return reader(raw), ""
    except JSONError as error:
        return None, str(error)


class TestParse:
    """The fast parser gives the same values and errors as the exact one."""

    @given(TEXTS.map(str.encode) | TEXTS.map(lambda text: text[1:].encode()) | st.binary())
    @example(b"18446744073709551615")
    @example(b"18446744073709551616")
    @example(b"[-9223372036854775809]")
    @example(b'{"a":{"b":[1e400]}}')
    @example(b'{"a":1,"a":2}')
    @example(b"[1e20]")
    @example(b'["\\ud83d\\ude00"]')
    @example(b'["\\ud83d"]')
    @example(b'["\xff"]')
    @example(b"[" * 2000)
    @example(b"[" + b"1" * 4001 + b"]")
    def test_it_reads_and_refuses_as_the_exact_reader_does(self, raw: bytes) -> None:
        exact, refusal = attempt(loads, raw)
        assert attempt(lambda raw: parse(raw)[0], raw)[1] == refusal
        assert refusal or same(parse(raw)[0], exact)

    @given(TEXTS)
    @example('{"a":[1.0,{"b":-0.0,"c":1.5}]}')
    def test_a_plain_value_holds_no_whole_float(self, text: str) -> None:
        value, plain = parse_or_skip(text)
        if plain:
            assert not [leaf for leaf in leaves(value) if type(leaf) is float and leaf == int(leaf)]

    def test_more_numbers_than_are_kept_are_read(self) -> None:
        numbers = [f"{number}.5" for number in range(3000)]
        assert parse(f"[{','.join(numbers)}]".encode())[0] == [n + 0.5 for n in range(3000)]

    @pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1])
    @pytest.mark.parametrize(("start", "end"), [("[", "]"), ('{"a":', "}")])
    def test_nesting_has_one_bound(self, depth: int, start: str, end: str) -> None:
        raw = (start * depth + "1" + end * depth).encode()
        if depth > MAX_DEPTH:
            with pytest.raises(JSONError, match="nested deeper"):
                parse(raw)
        else:
            assert same(parse(raw)[0], json.loads(raw))


def parse_or_skip(text: str) -> tuple[Any, bool]:
    """The parsed value and whether it is plain; `(None, False)` if it is not JSON."""
    try:
        return parse(text.encode())
    except JSONError:
        return None, False


def leaves(value: Any) -> list[Any]:
    """Every value inside `value` that is no array and no object."""
    if isinstance(value, (dict, list)):
        children = value.values() if isinstance(value, dict) else value
        return [leaf for child in children for leaf in leaves(child)]
    return [value]


class TestRead:
    """A body is read up to a limit."""

    @staticmethod
    def read(limit: int, *messages: dict[str, Any]) -> tuple[Body, int]:
        """The body read from messages, and the number of unread messages."""
        left = list(messages)

        async def receive() -> dict[str, Any]:
            return left.pop(0)

        return asyncio.run(read(receive, limit)), len(left)

    @staticmethod
    def piece(raw: bytes, *, more: bool = True) -> dict[str, Any]:
        """One ASGI message with a part of a body."""
        return {"type": "http.request", "body": raw, "more_body": more}

    def test_a_body_in_one_piece(self) -> None:
        assert self.read(3, self.piece(b"abc", more=False)) == (Body(b"abc", complete=True), 0)

    def test_a_body_in_pieces(self) -> None:
        pieces = (self.piece(b"a"), self.piece(b"b"), self.piece(b"c", more=False))
        assert self.read(3, *pieces) == (Body(b"abc", complete=True), 0)

    def test_a_message_may_be_empty(self) -> None:
        assert self.read(3, {"type": "http.request"}) == (Body(b"", complete=True), 0)

    def test_reading_stops_beyond_the_bound(self) -> None:
        pieces = [self.piece(b"ab") for _ in range(5)]
        assert self.read(3, *pieces) == (Body(b"abab", complete=False), 3)

    def test_a_body_one_byte_too_long(self) -> None:
        assert self.read(2, self.piece(b"abc", more=False)) == (Body(b"abc", complete=False), 0)

    def test_a_client_that_leaves(self) -> None:
        gone = {"type": "http.disconnect"}
        assert self.read(9, gone) == (Body(b"", complete=False, disconnected=True), 0)
        assert self.read(9, self.piece(b"ab"), gone) == (
            Body(b"ab", complete=False, disconnected=True),
            0,
        )
