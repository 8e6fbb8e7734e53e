"""Combinations: several properties or bounds in one valid input."""

from __future__ import annotations

from sample_cases import BY_NAME

from aleph_contract.core.jsonvalue import leaves


def test_each_optional_field_alone_and_all_together() -> None:
    optional = {"keyframes", "prompt_images", "seed", "content_moderation", "duration"}
    for name in optional:
        alone = BY_NAME[f"combination/only/{name}"]
        assert alone.input.keys() == {"prompt", "video_uri", name}
        assert alone.portable
        assert BY_NAME[f"combination/only/{name}"].polarity == "valid"
    assert BY_NAME["combination/all"].input.keys() == optional | {"prompt", "video_uri"}
    assert BY_NAME["combination/all/but/keyframes"].portable


def test_every_maximum_at_once() -> None:
    most = BY_NAME["combination/every-maximum"].input
    assert len(most["prompt"]) == 1000
    assert most["seed"] == 2**32 - 1
    assert [frame["seconds"] for frame in most["keyframes"]] == [30] * 5
    assert len(most["prompt_images"]) == 5
    other = BY_NAME["combination/every-maximum-2"].input
    assert [frame["at"] for frame in other["keyframes"]] == [1] * 5
    least = BY_NAME["combination/every-minimum"].input
    assert (len(least["prompt"]), least["seed"], least["keyframes"][0]["seconds"]) == (1, 0, 0)


def test_pairs_of_bounds_share_an_input() -> None:
    pair = BY_NAME["combination/pair/prompt/maxLength+seed/maximum"].input
    assert (len(pair["prompt"]), pair["seed"]) == (1000, 2**32 - 1)
    assert sum(name.startswith("combination/pair/") for name in BY_NAME) > 80


def test_every_kind_of_address_has_a_case() -> None:
    for place in ("video_uri", "keyframes/*/uri", "prompt_images/*/uri"):
        starts = {
            "https-with-query": "https://",
            "not-normalised": "https://Media.EXAMPLE.com:443/%7e",
            "query-without-path": "https://example.com?",
            "runway": "runway://",
            "data": "data:",
        }
        for label, start in starts.items():
            case = BY_NAME[f"combination/uri/{place}/{label}"]
            assert case.portable
            assert any(
                isinstance(leaf, str) and leaf.startswith(start) for _, leaf in leaves(case.input)
            )


def test_texts_as_shells_and_phones_produce_them_are_portable() -> None:
    texts = {
        label: BY_NAME[f"combination/text/prompt/{label}"]
        for label in ("outer-line-breaks", "tabs", "windows-line-ends", "emoji")
    }
    assert all(case.portable for case in texts.values())
    prompts = {label: case.input["prompt"] for label, case in texts.items()}
    assert prompts["outer-line-breaks"].strip("\n") != prompts["outer-line-breaks"]
    assert "\t" in prompts["tabs"]
    assert prompts["windows-line-ends"].endswith("\r\n")
    assert max(prompts["emoji"]) > "\uffff"
