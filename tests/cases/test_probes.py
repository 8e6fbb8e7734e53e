"""Probes: their values, their polarity, and the exact text where spelling matters."""

from __future__ import annotations

from typing import Any

import pytest
from sample_cases import BY_NAME

from aleph_contract.cases import cases
from aleph_contract.core.jsonvalue import loads, same


def test_every_probe_has_a_note_and_most_are_gray() -> None:
    probes = [case for case in cases() if case.kind == "probe"]
    assert all(case.note for case in probes)
    portable = {case.name.removeprefix("probe/") for case in probes if case.portable}
    assert portable == {
        "prompt/decomposed",
        "prompt/emoji-sequence",
        "prompt/html",
        "prompt/length-combining",
        "prompt/length-utf8",
        "prompt/lines",
        "seed/2-to-the-53-minus-1",
    }


@pytest.mark.parametrize(
    ("name", "value", "polarity"),
    [
        ("prompt/length-utf16", "\U0001f305" * 1000, "valid"),
        ("prompt/length-utf8", "é" * 1000, "valid"),
        ("prompt/length-graphemes", "e\u0301" * 501, "violating"),
        ("prompt/nul", "a\x00b", "valid"),
        ("prompt/lone-surrogate", "a\ud800b", "valid"),
        ("seed/integral-float", 1.0, "valid"),
        ("seed/minus-zero", 0, "valid"),
        ("seed/2-to-the-53-plus-1", 2**53 + 1, "violating"),
        ("seed/2-to-the-63", 2**63, "violating"),
        ("seed/10-to-the-400", 10**400, "violating"),
        ("seed/text", "42", "violating"),
        ("duration/least-double", 5e-324, "valid"),
        ("duration/10-to-the-400", 10**400, "valid"),
        ("duration/beyond-the-prose", 31, "valid"),
    ],
)
def test_the_value_and_polarity_of_a_probe(name: str, value: Any, polarity: str) -> None:
    case = BY_NAME[f"probe/{name}"]
    assert case.input[name.partition("/")[0]] == value
    assert case.polarity == polarity


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("seed/integral-float", '"seed":1.0}'),
        ("seed/exponent", '"seed":1e0}'),
        ("seed/minus-zero", '"seed":-0}'),
        ("duration/many-digits", "0.1000000000000000055511151231257827"),
    ],
)
def test_a_probe_of_spelling_keeps_the_exact_text(name: str, written: str) -> None:
    case = BY_NAME[f"probe/{name}"]
    assert case.text is not None
    assert written in case.text
    assert same(loads(case.text), case.input)


def test_the_text_of_a_repeated_key_repeats_it() -> None:
    case = BY_NAME["probe/repeated-key/prompt"]
    assert case.text
    read = loads(case.text)
    assert read.repeated == ("prompt",)
    assert same(read, case.input)
