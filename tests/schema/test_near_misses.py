"""Violating values close to valid ones: listed values, patterns, and members of objects."""

from __future__ import annotations

from typing import Any

from boundary_cases import boundary_values


def test_near_misses_of_an_enum_differ_in_case_space_and_length() -> None:
    assert boundary_values({"enum": ["low", "auto"], "type": "string"}, "enum") == {
        "+on-low": "low",
        "+on-auto": "auto",
        "-low-upper-case": "LOW",
        "-low-capital": "Low",
        "-low-leading-space": " low",
        "-low-trailing-space": "low ",
        "-low-longer": "lows",
        "-low-shorter": "lo",
        "-auto-upper-case": "AUTO",
        "-auto-capital": "Auto",
        "-auto-leading-space": " auto",
        "-auto-trailing-space": "auto ",
        "-auto-longer": "autos",
        "-auto-shorter": "aut",
        "-off": "x",
    }


def test_a_neighbouring_type_is_a_near_miss_where_no_type_stands_beside() -> None:
    found = boundary_values({"enum": ["low", 3]}, "enum")
    assert found["-low-in-a-list"] == ["low"]
    assert found["-3-text"] == "3"


def test_near_misses_of_a_pattern_are_one_step_from_it() -> None:
    found = boundary_values({"type": "string", "pattern": "^[a-z]{2}-[A-Z]{2}$"}, "pattern")
    assert found == {
        "+on": "aa-AA",
        "-one-short": "aa-A",
        "-one-more": "aa-AA!",
        "-wrong-start": "!a-AA",
        "-wrong-case": "AA-aa",
        "-leading-space": " aa-AA",
        "-trailing-space": "aa-AA ",
        "-trailing-line-feed": "aa-AA\n",
        "-other-characters": "%%-%%",
        "-digits": "77-77",
        "-empty": "",
    }


def test_an_absent_key_is_left_out_and_nothing_else() -> None:
    properties = {name: {"const": name} for name in "ab"}
    found = boundary_values(
        {"type": "object", "properties": properties, "required": ["a", "b"]}, "required"
    )
    assert found == {
        "+on": {"a": "a", "b": "b"},
        "-without-a": {"b": "b"},
        "-without-b": {"a": "a"},
    }


def test_an_unknown_key_is_also_a_known_one_in_another_case() -> None:
    properties = {name: {"const": 1} for name in ("video_uri", "mixedCase", "plain")}
    found = boundary_values(
        {"type": "object", "properties": properties, "additionalProperties": False},
        "additionalProperties",
    )
    assert found.pop("-unknown") == {"unknown_key": "x"}
    assert found == {
        "+on": {"video_uri": 1, "mixedCase": 1, "plain": 1},
        "+on-fewest": {},
        "-as-videoUri": {"videoUri": 1},
        "-as-mixed_case": {"mixed_case": 1},
        "-as-Plain": {"Plain": 1},
    }


def test_what_belongs_to_another_branch_is_tried_in_each() -> None:
    def branch(name: str) -> Any:
        one = {"type": "object", "properties": {name: {"const": 1}}, "required": [name]}
        return one | {"additionalProperties": False}

    both = {"anyOf": [branch("a"), branch("b")]}
    assert boundary_values(both, "additionalProperties", "x/anyOf/0")["-with-b"] == {"b": 1, "a": 1}
    assert boundary_values(both, "required", "x/anyOf/1")["-without-b"] == {}
    assert boundary_values(both, "anyOf")["-none-object"] == {}
