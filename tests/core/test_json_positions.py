"""Every value and key is found where it stands in the text."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aleph_contract.core.json_positions import Place, Positions
from aleph_contract.core.jsonvalue import pointer

TEXT = '{\n  "a": [1, {"b/c": "x\\"y"}],\r\n "m~": {},"a": [ true,\n\t{"q": 2.5e3}]}'


def test_places_count_lines_and_characters_from_one() -> None:
    positions = Positions(TEXT)
    assert positions.value("") == Place(1, 1)
    assert positions.value("/m~0") == Place(3, 8)
    assert positions.value("/a/1/q") == Place(4, 8)
    assert positions.key("/a/1", "q") == Place(4, 3)


def test_of_a_repeated_key_the_last_counts() -> None:
    assert Positions(TEXT).value("/a") == Place(3, 16)


def test_a_missing_value_is_shown_at_what_it_is_missing_from() -> None:
    assert Positions(TEXT).value("/a/1/seconds") == Place(4, 2)
    assert Positions(TEXT).key("/a/1", "seconds") == Place(4, 2)


def test_a_line_comes_without_its_end() -> None:
    assert Positions(TEXT).line(2) == '  "a": [1, {"b/c": "x\\"y"}],'


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(_json, st.sampled_from([None, 0, 3]), st.booleans())
def test_at_the_place_of_every_value_its_own_text_begins(
    document: Any, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    positions = Positions(text)
    starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
    decoder = json.JSONDecoder()

    def visit(value: Any, path: tuple[str | int, ...]) -> None:
        place = positions.value(pointer(path))
        assert decoder.raw_decode(text, starts[place.line - 1] + place.column - 1)[0] == value
        if isinstance(value, (dict, list)):
            parts = value.items() if isinstance(value, dict) else enumerate(value)
            for step, part in parts:
                visit(part, (*path, step))

    visit(document, ())
