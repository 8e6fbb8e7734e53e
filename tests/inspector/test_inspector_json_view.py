"""A formatted body: indented JSON with every token as it was sent, or plain text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aleph_contract.core.jsonvalue import dumps, loads, same
from fake_server.inspector.json_view import (
    MAX_JSON,
    MAX_PLAIN,
    MAX_STRING,
    FormattedBody,
    Location,
    format_body,
)


def text_of(formatted: FormattedBody) -> str:
    """The text of a formatted body, without the white space that formatting adds."""
    return "".join(span.text.strip(" ") for line in formatted.lines for span in line.spans)


class TestFormatBody:
    """Only the white space between tokens differs from the body."""

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=9,
        )
    )
    def test_the_formatted_text_parses_to_the_same_value(self, value: Any) -> None:
        formatted = format_body(dumps(value).encode())
        assert formatted.json
        text = "\n".join("".join(p.text for p in line.spans) for line in formatted.lines)
        assert same(loads(text), value)

    @pytest.mark.parametrize(
        "text",
        [
            '{"a":1e0,"a":1.50,"b":12345678901234567890123,"c":-0}',
            r'{"a":"\u000a\/","b":[[],{},[1]]}',
            "[]",
            '""',
            '{"a,b":"}{","[":[","]}',
        ],
    )
    def test_every_token_is_unchanged(self, text: str) -> None:
        assert text_of(format_body(text.encode())) == text

    @pytest.mark.parametrize(
        ("sent", "shown"),
        [
            (r"caf\u00e9", "café"),
            (r"\ud83c\udfac \u0041", "\U0001f3ac A"),
            (r"\\\u00e9", r"\\é"),
            *(
                (same, same)
                for same in (r"\\u00e9", r"\u0022", r"\u005c", r"\u202e", r"\ud83c", r"\n")
            ),
        ],
    )
    def test_strings_show_printable_characters_as_typed(self, sent: str, shown: str) -> None:
        assert (
            text_of(format_body(f'{{"a{sent}":["{sent}"]}}'.encode()))
            == f'{{"a{shown}":["{shown}"]}}'
        )

    def test_lines_are_indented_by_depth(self) -> None:
        formatted = format_body(b'{"a":[1,{}],"b":{"c":[]}}')
        lines = ["  " * x.depth + "".join(p.text for p in x.spans) for x in formatted.lines]
        assert lines == [
            "{", '  "a": [', "    1,", "    {}", "  ],", '  "b": {', '    "c": []', "  }", "}",
        ]  # fmt: skip

    def test_a_mark_is_at_the_value_the_key_or_the_nearest_existing_value(self) -> None:
        places = [Location("/a/0"), Location("/a/1/x/y"), Location("", "b"), Location("/missing")]
        formatted = format_body(b'{"a":[1,{"x":3}],"b":2}', places)
        marked = {p.text: p.marks for line in formatted.lines for p in line.spans if p.marks}
        assert marked == {"1": (0,), "3": (1,), '"b"': (2,), "{": (3,)}

    @pytest.mark.parametrize(
        ("raw", "problem"),
        [(b'{"a":', "Expecting value"), (b"\xff", "UTF-8"), (b"[NaN]", "NaN"), (b"", "")],
    )
    def test_a_body_that_is_not_json_is_plain_text_with_the_reason(
        self, raw: bytes, problem: str
    ) -> None:
        formatted = format_body(raw)
        assert not formatted.json
        assert problem in formatted.problem
        assert text_of(formatted) == raw.decode("utf-8", "backslashreplace")

    def test_long_texts_are_cut_and_the_rest_is_counted(self) -> None:
        (line,) = format_body(json.dumps("x" * (MAX_STRING + 10)).encode()).lines
        assert (len(line.spans[0].text), line.spans[0].cut) == (MAX_STRING, 12)
        plain = format_body(b"[" * (MAX_JSON + 1))
        assert (len(text_of(plain)), plain.bytes_left_out) == (MAX_PLAIN, MAX_JSON + 1 - MAX_PLAIN)
