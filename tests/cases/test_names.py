"""Names and inputs: unique, the same on every run, and selectable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from sample_cases import BY_NAME

import aleph_contract
from aleph_contract.cases import cases


def test_names_are_unique_and_begin_with_the_kind() -> None:
    assert len(BY_NAME) == len(cases())
    kinds = {"example", "boundary", "combination", "probe"}
    assert {(case.name.partition("/")[0], case.kind) for case in cases()} == {
        (kind, kind) for kind in kinds
    }
    for name in (
        "example/simple-video-edit",
        "boundary/seed/maximum/on",
        "boundary/seed/maximum/above",
        "boundary/prompt/maxLength/above",
        "probe/prompt/length-utf16",
    ):
        assert name in BY_NAME


def test_the_printed_cases_do_not_depend_on_the_hash_seed() -> None:
    command = [sys.executable, "-m", "aleph_contract", "cases", "--json", "--certificates"]
    told = {
        subprocess.run(
            command, env=os.environ | {"PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("0", "7")
    }
    assert len(told) == 1
    assert told.pop().count(b"\n") == len(cases())


def test_inputs_are_plain_json_values() -> None:
    plain = {dict, list, str, int, float, bool, type(None)}

    def types(value: Any) -> set[type]:
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        found = {type(value)}
        return found.union(*map(types, inner)) if isinstance(value, (dict, list)) else found

    for case in cases():
        assert types(case.input) <= plain, case.name
        if case.portable:
            assert json.loads(json.dumps(case.input, allow_nan=False)) == case.input


def test_cases_are_selected_by_polarity_constraint_and_name() -> None:
    assert {case.name for case in cases(constraint="seed/maximum", polarity="violating")} == {
        "boundary/seed/maximum/above",
        *(f"probe/seed/2-to-the-{power}" for power in ("53-minus-1", "53-plus-1", "63")),
        "probe/seed/10-to-the-400",
    }
    assert [case.name for case in cases(constraint="example/t*")] == ["example/timed-keyframe-edit"]
    assert cases(constraint="no-such") == ()


def test_the_module_is_callable() -> None:
    from aleph_contract import cases as module

    assert module() == cases()  # type: ignore[operator] # a module that can be called
    assert aleph_contract.cases.cases is cases
