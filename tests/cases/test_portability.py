"""Portability: only inputs that every sane implementation treats alike are portable."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sample_cases import BY_NAME, ENTRIES, contract_of

from aleph_contract.cases import cases
from aleph_contract.cases.doubt import Doubt, DoubtKind
from aleph_contract.cases.portability import Portability
from aleph_contract.contract import Contract
from aleph_contract.core.jsonvalue import leaves
from aleph_contract.schema.validation.stock import StockValidators

#: The sentences about a value, by a word for each.
CARRIAGE = {
    "notation": "Few JSON readers keep the notation of a number, or the first of two equal keys.",
    "integer": "A reader that stores numbers as doubles rounds integers beyond 2^53.",
    "integral": "Implementations differ on whether a number such as 1.0 is an integer.",
    "tiny": "Some readers round numbers this close to zero.",
    "surrogate": "UTF-8 cannot hold a lone surrogate.",
    "nul": "C strings and shell variables end before a NUL.",
}
ACCEPTANCE = {
    "blank": "Some implementations take blank text for missing text.",
    "control": "Some implementations refuse control, format and unassigned characters.",
    "length": (
        "Whether it is valid depends on what length counts:"
        " code points, UTF-16 code units or grapheme clusters."
    ),
    "format": "`format` is an annotation in draft 2020-12, but many validators assert it.",
    "line feed": (
        "In a pattern, `$` of ECMA-262 matches at the very end only; that of Python, PCRE"
        " and others also before a line feed there."
    ),
    "stock": "Validator libraries differ on this pattern or multiple; ours follows the standard.",
    "default": "It leaves out a member that is required and has a default.",
}
SHORT = {"minLength": 1, "maxLength": 2}
NESTED = {"properties": {"a": {"items": {"pattern": "^a$"}}}}
CLOSED = {"patternProperties": {"^a$": True}, "additionalProperties": False}
REQUIRED = {"properties": {"a": {"default": 1}, "b": {}}, "required": ["a", "b"]}


@pytest.mark.parametrize(
    ("schema", "value", "doubt"),
    [
        ({}, 2**53 - 1, ""),
        ({}, 1 - 2**53, ""),
        ({}, 2**53, "integer"),
        ({}, -(2**53), "integer"),
        ({}, [True, {"a": [2**53]}], "integer"),
        ({}, 0.0, "integral"),
        ({}, 1e300, "integral"),
        ({}, 0.5, ""),
        ({}, 1e-16, ""),
        ({}, -1e-16, ""),
        ({}, 9.9e-17, "tiny"),
        ({}, -5e-324, "tiny"),
        ({}, "a\ud7ff", "control"),
        ({}, "a\ud800", "surrogate"),
        ({}, "b\udfff", "surrogate"),
        ({}, "a\ue000", "control"),
        ({}, "\0", "nul"),
        ({}, {"a\0": 1}, "nul"),
        ({}, "", ""),
        ({}, " ", "blank"),
        ({}, [1, None, "", "\n"], "blank"),
        ({}, "a\x1b", "control"),
        ({}, [1, "a\x1b"], "control"),
        ({}, "a\u2003b\t\r\n", ""),
        ({}, "a\u2028b", "control"),
        (SHORT, "ab", ""),
        (SHORT, "\U0001f305", ""),
        (SHORT, "\U0001f305\U0001f305", "length"),
        (SHORT, "\U00010000\U00010000", "length"),
        (SHORT, "\U0001f305\U0001f305\U0001f305", ""),
        (SHORT, "e\u0301", ""),
        (SHORT, "e\u0301\u0301", "length"),
        (SHORT, "\u0301", "length"),
        ({"minLength": 2}, "\U0001f305", "length"),
        ({"items": {"properties": {"a": SHORT}}}, [{"a": "\U0001f305" * 2}], "length"),
        ({"items": {"properties": {"a": SHORT}}}, [{"a": "\U0001f305"}], ""),
        ({"items": {"enum": ["abc", "é"]}}, ["abc", "é"], ""),
        ({"items": {"not": {"pattern": "[A-Z]"}}}, ["\U0001f305"], ""),
        ({"format": "date"}, "some day", "format"),
        ({"format": "date"}, "2026-02-28", ""),
        (NESTED, {"a": ["a\n"]}, "line feed"),
        (NESTED, {"a": ["a"], "b": "a\n"}, ""),
        (NESTED, {"a": ["b\n", 1]}, ""),
        (CLOSED, {"a\n": 1}, "line feed"),
        (CLOSED, {"b\n": 1}, ""),
        ({"multipleOf": 0.5}, 1.5, ""),
        (REQUIRED, {"a": 1, "b": 2}, ""),
        (REQUIRED, {"b": 2}, "default"),
        (REQUIRED, {"a": 1}, ""),
    ],
)
def test_the_doubt_about_a_value_for_a_schema(schema: Any, value: Any, doubt: str) -> None:
    portability = Portability(contract_of(schema))
    found = portability.doubt(value)
    if not doubt:
        assert found is None
        assert portability.reason(value) == ""
    else:
        kind: DoubtKind = "carriage" if doubt in CARRIAGE else "acceptance"
        assert found == Doubt(kind, (CARRIAGE | ACCEPTANCE)[doubt])
        assert portability.reason(value) == found.reason


@pytest.mark.parametrize("verdicts", [{True}, {False}, {True, False}, set()])
def test_a_valid_value_is_in_doubt_if_a_validator_library_refuses_it(
    verdicts: set[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    def libraries(schema: Any) -> SimpleNamespace:
        assert schema == {"pattern": "a"}
        return SimpleNamespace(verdicts=lambda value: verdicts if value == "a" else set())

    monkeypatch.setattr("aleph_contract.cases.portability.StockValidators", libraries)
    refused = ACCEPTANCE["stock"] if False in verdicts else ""
    assert Portability(contract_of({"pattern": "a"})).reason("a") == refused


def test_the_documentation_of_the_model_is_the_last_reason() -> None:
    given = BY_NAME["example/simple-video-edit"].input
    reason = Portability(Contract.load()).reason
    assert "Max Input Duration" in reason(given | {"duration": 31})
    assert reason(given | {"duration": 31, "prompt": " "}) == ACCEPTANCE["blank"]


def test_portable_cases_contain_only_portable_values() -> None:
    for case in cases():
        if not case.portable or case.kind == "example":
            continue
        assert case.text is None
        for _, leaf in leaves(case.input):
            if isinstance(leaf, str):
                assert all(c in "\n\r\t\u200d" or c.isprintable() for c in leaf)
            elif isinstance(leaf, int):
                assert abs(leaf) < 2**53
            elif isinstance(leaf, float):
                assert leaf != int(leaf)
                assert 1e-16 < abs(leaf) < 1e16


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"prompt": "x" * 1000}, None),
        ({"prompt": "Le café"}, None),
        ({"prompt": "é" * 501}, None),
        ({"prompt": "é" * 1000}, None),
        ({"prompt": "é" * 1001}, None),
        ({"prompt": "e\u0301" * 500}, None),
        ({"prompt": "e\u0301" * 501}, "acceptance"),
        ({"prompt": "\U0001f305"}, None),
        ({"prompt": "\U0001f305" * 500}, None),
        ({"prompt": "\U0001f305" * 501}, "acceptance"),
        ({"prompt": "\U0001f305" * 1001}, None),
        ({"prompt": "\U0001f469\u200d\U0001f680 \u2764\ufe0f"}, None),
        ({"prompt": "a\x01b"}, "acceptance"),
        ({"prompt": "a\u200bb"}, "acceptance"),
        ({"prompt": "\u202eb"}, "acceptance"),
        ({"prompt": " \n"}, "acceptance"),
        ({"prompt": "a\x00b"}, "carriage"),
        ({"prompt": "a\ud800b"}, "carriage"),
        ({"prompt": "\U0001f305" * 501 + "\0"}, "carriage"),
        ({"prompt": "\r\none\ttwo\n\n"}, None),
        ({"prompt": "un\u00a0deux\u3000"}, None),
        ({"seed": 2**53 - 1}, None),
        ({"seed": 2**53}, "carriage"),
        ({"seed": 1.0}, "carriage"),
        ({"duration": 5e-324}, "carriage"),
        ({"duration": 2.220446049250313e-16}, None),
        ({"duration": 30}, None),
        ({"duration": 31}, "acceptance"),
        ({"keyframes": [{"seconds": 30.000000000000004}]}, None),
        ({"keyframes": [{}], "prompt_images": [{}]}, "acceptance"),
        ({"keyframes": [], "prompt_images": [{}]}, None),
        ({"keyframes": [{"seconds": 6}], "duration": 5}, "acceptance"),
        ({"keyframes": [{"seconds": 5}], "duration": 5}, None),
        ({"prompt_images": [{"position": {"timestampSeconds": 6}}], "duration": 5}, "acceptance"),
        ({"keyframes": {"seconds": 6}, "duration": "x"}, None),
    ],
)
def test_the_kind_of_doubt_about_a_value(part: Any, kind: str | None) -> None:
    given = BY_NAME["example/simple-video-edit"].input | part
    doubt = Portability(Contract.load()).doubt(given)
    assert (doubt and doubt.kind) == kind
    if Portability.is_gray_anywhere(part):
        assert doubt is not None


@pytest.mark.parametrize(
    ("part", "gray"),
    [
        ({"prompt": "a\x01b"}, True),
        ({"\0": "a"}, True),
        ({"keyframes": [{"seconds": 1.0}]}, True),
        ({"duration": 31}, False),  # gray for the model
        ({"prompt": "e\u0301" * 501}, False),  # gray beside its bound
    ],
)
def test_a_part_is_gray_in_every_value_for_its_texts_numbers_and_names(
    part: Any, gray: bool
) -> None:
    assert Portability.is_gray_anywhere(part) is gray


def test_text_whose_notation_matters_is_in_doubt_of_carriage() -> None:
    given = BY_NAME["example/simple-video-edit"].input
    doubt = Portability(Contract.load()).doubt(given, text="{}")
    assert doubt == Doubt("carriage", CARRIAGE["notation"])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("prompt/length-utf16", "acceptance"),
        ("prompt/length-utf8", None),
        ("prompt/length-graphemes", "acceptance"),
        ("prompt/control", "acceptance"),
        ("prompt/lone-surrogate", "carriage"),
        ("prompt/lines", None),
        ("prompt/emoji-sequence", None),
        ("prompt/html", None),
        ("seed/integral-float", "carriage"),
        ("seed/minus-zero", "carriage"),
        ("seed/2-to-the-53-plus-1", "carriage"),
        ("seed/text", "acceptance"),
        ("repeated-key/prompt", "carriage"),
        ("together/keyframes+prompt_images", "acceptance"),
        ("video_uri/with-a-space", "acceptance"),
        ("video_uri/dot-segments", "acceptance"),
        ("duration/beyond-the-prose", "acceptance"),
        ("keyframes/*/anyOf/0/seconds/after-the-end", "acceptance"),
    ],
)
def test_the_kind_of_doubt_about_a_probe(name: str, kind: str | None) -> None:
    doubt = BY_NAME[f"probe/{name}"].doubt
    assert (doubt and doubt.kind) == kind


def test_every_doubt_has_a_reason() -> None:
    assert all(case.doubt.reason.endswith(".") for case in cases() if case.doubt)


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


@pytest.mark.parametrize("pattern", ["^[a-z]+$", "^[\\p{Ll}]+$", "^(a|b$)", "^a$|^b"])
@pytest.mark.parametrize("stock", [True, False])
def test_a_line_feed_after_the_end_of_a_pattern_is_gray(
    pattern: str, stock: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    r"""No installed library has to differ: for `\p{…}`, jsonschema has no verdict."""
    if not stock:
        monkeypatch.setattr(StockValidators, "verdicts", lambda *_: set())
    portability = Portability(contract_of({"type": "string", "pattern": pattern}))
    doubt = portability.doubt("b\n" if "b" in pattern and "|^b" not in pattern else "a\n")
    assert doubt is not None
    assert doubt.kind == "acceptance"
    assert "line feed" in doubt.reason
    assert portability.doubt("a") is None
    assert portability.doubt("\na%") is None


def test_a_line_feed_after_a_name_of_pattern_properties_is_gray() -> None:
    schema = {"patternProperties": {"^a$": True}, "additionalProperties": False}
    portability = Portability(contract_of({"type": "object"} | schema))
    assert portability.doubt({"a\n": 1}) is not None
    assert portability.doubt({"b\n": 1}) is None


def test_a_line_feed_that_no_pattern_ends_before_is_portable() -> None:
    portability = Portability(contract_of({"type": "string", "pattern": "^a"}))
    assert portability.doubt("a b\n") is None


def test_cases_with_a_line_feed_after_a_pattern_are_gray() -> None:
    found = {case.name: case for case in cases(Contract.load(ENTRIES["scribe__transcribe-5"]))}
    gray = [name for name, case in found.items() if "line feed there" in case.note]
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
