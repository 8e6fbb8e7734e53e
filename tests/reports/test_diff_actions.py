"""The sentence that tells the owner of a client what to do about a breaking change."""

from __future__ import annotations

from typing import Any

import pytest

from aleph_contract.evolution.records import Change, Side
from aleph_contract.reports.diff.actions import action

TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("side", "pointer", "old", "new", "sentence"),
    [
        ("requests", "/required", ["a"], ["a", "b", "c"], "send b, c in every call"),
        ("requests", "/properties/p/required", None, ["b"],
         "send b in each object of /properties/p"),
        ("requests", "/not/required", ["a", "b"], ["a"],
         "send no input that /not/required refuses now"),
        ("requests", "/if/required", ["a"], ["a", "b"],
         "send no input that /if/required refuses now"),
        ("requests", "/properties/a~1b", TEXT, None, "stop sending a/b"),
        ("requests", "/properties/required", TEXT, None, "stop sending required"),
        ("requests", "/properties/a/maximum", 9, 8,
         "send no input that /properties/a/maximum refuses now"),
        ("requests", "/model_id", "x/one", "x/two", "call x/two in place of x/one"),
        ("requests", "/model_id", "x/one", None, "stop calling x/one"),
        ("requests", "/format", "provider", "third-party",
         "send calls in the form of third-party entries"),
        ("requests", "", None, None, "send no input that the whole schema refuses now"),
        ("replies", "/required", ["a", "b"], ["a"], "accept results without b"),
        ("replies", "/properties/a", None, TEXT, "accept a in results"),
        ("replies", "/properties/a/type", "string", ["string", "null"],
         "accept the results that /properties/a/type allows now"),
        ("billing", "/pricing/per image", "1", "2", "count with the new price of per image"),
    ],
)  # fmt: skip
def test_action(side: Side, pointer: str, old: Any, new: Any, sentence: str) -> None:
    change = Change(side, pointer, old, new, old is None, new is None, "breaking", {}, "")
    assert action(change) == sentence
