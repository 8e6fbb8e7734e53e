"""Gray properties are left out of a drawn input: the fewest that make it portable."""

from __future__ import annotations

from typing import Any

import pytest

from aleph_contract.cases.portability import Portability
from aleph_contract.contract import Contract
from aleph_contract.strategies.options import DrawFailed
from aleph_contract.strategies.scalars import DrawMode
from aleph_contract.strategies.value_strategy import StrategyBuilder
from aleph_contract.strategies.violating import without_gray_parts

CONTRACT = Contract.load()
STRATEGY = StrategyBuilder(CONTRACT.document, {}, DrawMode(portable=True)).root()
NEEDED = {"prompt": "a", "video_uri": "https://example.com/a.mp4"}
LATE_FRAME = {"keyframes": [{"uri": "https://example.com/a.png", "seconds": 6}], "duration": 5}


@pytest.mark.parametrize(
    ("gray", "left_out"),
    [
        ({}, set()),
        ({"seed": 1.0}, {"seed"}),
        ({"seed": 1.0, "duration": 5e-324}, {"seed", "duration"}),
        (LATE_FRAME, {"keyframes"}),
        (LATE_FRAME | {"seed": 1.0}, {"keyframes", "seed"}),
    ],
)
def test_the_fewest_gray_properties_are_left_out(gray: dict[str, Any], left_out: set[str]) -> None:
    value = NEEDED | gray
    kept = without_gray_parts(STRATEGY, Portability(CONTRACT), value)
    assert value.keys() - kept.keys() == left_out


def test_a_draw_fails_if_a_required_property_is_gray() -> None:
    with pytest.raises(DrawFailed):
        without_gray_parts(STRATEGY, Portability(CONTRACT), NEEDED | {"prompt": "a\0"})
