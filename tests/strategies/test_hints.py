"""Realistic values are found for every way to write the name of a member."""

from __future__ import annotations

import pytest

from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.hints import hints_from
from aleph_contract.strategies.scalars import DrawMode
from aleph_contract.strategies.value_strategy import StrategyBuilder

ADDRESS = "https://media.example.com/harbour.mp4"


@pytest.mark.parametrize("name", ["source_url", "sourceUrl", "Source_URL", "SOURCEURL"])
def test_a_hint_for_a_name_is_found_whatever_its_case_and_underscores(name: str) -> None:
    hints = hints_from([{"source_url": ADDRESS}])
    builder = StrategyBuilder(Document({}), hints, DrawMode())
    assert builder.hinted(f"/inner/{name}") == [ADDRESS]
    assert builder.hinted("/inner/sourceUrls") == []
