"""The page lists our verdicts, and our verdicts are those of the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from disagreements import AGREED, NUMBERS, SHAPES, TEXTS, Row, by_us, page

ROWS = (*NUMBERS, *TEXTS, *SHAPES, *AGREED)
PAGE = Path(__file__).parents[2] / "docs" / "disagreements.md"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.shown} {row.schema}")
def test_every_way_to_ask_gives_the_verdict_of_the_page(row: Row) -> None:
    assert by_us(row) == row.ours


def test_the_page_is_printed_from_the_table() -> None:
    assert PAGE.read_text("utf-8") == "\n".join(page()) + "\n", (
        "run tests/support/disagreements.py again"
    )
