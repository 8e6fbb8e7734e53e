"""Portability: only inputs that every sane implementation treats alike are portable."""

from __future__ import annotations

from typing import Any

import pytest
from sample_cases import BY_NAME, ENTRIES

from aleph_contract.cases import cases
from aleph_contract.cases.portability import Portability, gray_reason
from aleph_contract.contract import Contract
from aleph_contract.core.jsonvalue import leaves


def test_portable_cases_contain_only_portable_values() -> None:
    for case in cases():
        if not case.portable or case.kind == "example":
            continue
        assert case.text is None
        for _, leaf in leaves(case.input):
            if isinstance(leaf, str):
                assert all(c == "\n" or (c.isprintable() and c <= "\uffff") for c in leaf)
            elif isinstance(leaf, int):
                assert abs(leaf) < 2**53
            elif isinstance(leaf, float):
                assert leaf != int(leaf)
                assert 1e-16 < abs(leaf) < 1e16


@pytest.mark.parametrize(
    ("part", "gray"),
    [
        ({"prompt": "x" * 1000}, False),
        ({"prompt": "Le café"}, False),
        ({"prompt": "é" * 500}, False),
        ({"prompt": "é" * 501}, True),
        ({"prompt": "e\u0301" * 501}, True),
        ({"prompt": "\U0001f305"}, True),
        ({"prompt": "a\x00b"}, True),
        ({"prompt": "a\u200bb"}, True),
        ({"prompt": "a\ud800b"}, True),
        ({"prompt": "one\ntwo"}, False),
        ({"seed": 2**53 - 1}, False),
        ({"seed": 2**53}, True),
        ({"seed": 1.0}, True),
        ({"duration": 5e-324}, True),
        ({"duration": 2.220446049250313e-16}, False),
        ({"duration": 30}, False),
        ({"duration": 31}, True),
        ({"keyframes": [{"seconds": 30.000000000000004}]}, False),
        ({"keyframes": [{}], "prompt_images": [{}]}, True),
        ({"keyframes": [{"seconds": 6}], "duration": 5}, True),
        ({"keyframes": [{"seconds": 5}], "duration": 5}, False),
    ],
)
def test_gray_values(part: Any, gray: bool) -> None:
    given = BY_NAME["example/simple-video-edit"].input | part
    assert bool(Portability(Contract.load()).reason(given)) is gray


def test_non_ascii_text_is_gray_without_a_contract() -> None:
    assert gray_reason({"prompt": "Le café"})
    assert not gray_reason({"prompt": "The cafe"})


def test_a_string_that_violates_its_format_is_gray() -> None:
    """Many validators assert `format`; a client that does must not fail."""
    contract = Contract.load(ENTRIES["herald__schedule-1"])
    found = {case.name: case for case in cases(contract)}
    assert not found["probe/mail/not-a-email"].portable
    assert found["probe/mail/not-a-email"].polarity == "valid"
    stretched = found["boundary/callback/maxLength/on"]
    assert stretched.input["callback"].startswith("https://media.example.com/clip.mp4")
    assert (len(stretched.input["callback"]), stretched.portable) == (200, True)
    reason = Portability(contract).reason
    given = found["example/one"].input
    assert reason(given) == ""
    assert reason(given | {"day": "some day"})
    assert reason(given | {"id": "7449093b"})


def test_an_input_on_which_a_validator_library_differs_is_gray() -> None:
    """Python's `$` lets a line feed follow, so jsonschema alone accepts this one."""
    contract = Contract.load(ENTRIES["scribe__transcribe-5"])
    found = {case.name: case for case in cases(contract)}
    gray = [name for name, case in found.items() if "libraries differ" in case.note]
    assert gray == [
        "boundary/language/pattern/trailing-line-feed",
        "boundary/target/pattern/trailing-line-feed",
    ]
    assert not any(found[name].portable for name in gray)


def test_inputs_that_the_documentation_leaves_open_are_gray() -> None:
    late = BY_NAME["probe/keyframes/*/anyOf/0/seconds/after-the-end"]
    assert late.input["keyframes"][0]["seconds"] > late.input["duration"]
    assert late.polarity == "valid"
    both = BY_NAME["probe/together/keyframes+prompt_images"]
    assert both.input.keys() == {"prompt", "video_uri", "keyframes", "prompt_images"}
    assert (both.polarity, both.portable) == ("valid", False)
    assert not BY_NAME["combination/all"].portable
    assert {"keyframes", "prompt_images"} <= BY_NAME["combination/all"].input.keys()
