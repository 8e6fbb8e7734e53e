"""The written list of disagreements is measured, and what we say of each value holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from disagreements import (
    AGREED,
    MEASURED,
    NUMBERS,
    SHAPES,
    TEXTS,
    Row,
    by_fast,
    by_second,
    by_us,
    installed,
    page,
)

ROWS = (*NUMBERS, *TEXTS, *SHAPES, *AGREED)
PAGE = Path(__file__).parents[2] / "docs" / "disagreements.md"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.shown} {row.schema}")
def test_both_our_paths_say_what_the_page_says(row: Row) -> None:
    assert by_us(row) == row.ours


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.shown} {row.schema}")
@pytest.mark.skipif(
    installed() != MEASURED, reason="other versions than the page was measured with"
)
def test_each_library_says_what_the_page_says(row: Row) -> None:
    assert (by_fast(row), by_second(row)) == (row.fast, row.second)


def test_the_page_is_printed_from_the_table() -> None:
    assert PAGE.read_text("utf-8") == "\n".join(page()) + "\n", (
        "run tests/support/disagreements.py again"
    )
