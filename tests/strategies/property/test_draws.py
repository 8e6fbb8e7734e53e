"""Both validators confirm every draw for the shipped contract.

`tests/cases/test_every_entry.py` does the same for the other contracts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from drawing import assert_certified, assert_valid, each

from aleph_contract import Contract
from aleph_contract.cases import cases
from aleph_contract.cases.constraints import constraints
from aleph_contract.cases.portability import Portability
from aleph_contract.errors import ArgumentError
from aleph_contract.strategies import (
    Violating,
    boundary_inputs,
    requests,
    valid_inputs,
    violating_inputs,
)


class TestShippedContract:
    """Both validators confirm each draw, and values on a bound come up often."""

    @pytest.mark.parametrize("make", [valid_inputs, boundary_inputs])
    def test_valid_draws_are_valid(self, make: Callable[..., Any]) -> None:
        each(make(), assert_valid(Contract.load()))

    def test_violating_draws_break_exactly_their_constraint(self) -> None:
        seen: Counter[str] = Counter()
        each(violating_inputs(), assert_certified(Contract.load(), seen), 250)
        assert len(seen) > 30

    def test_every_constraint_that_can_be_isolated_is_drawn(self) -> None:
        seen: Counter[str] = Counter()
        check = assert_certified(Contract.load(), seen)
        compound = {case.constraint for case in cases() if case.compound and case.constraint}
        for constraint in set(constraints()) - compound:
            each(violating_inputs(constraint), check, 4)
        assert len(seen) == len(constraints()) - len(compound)
        for constraint in compound:
            with pytest.raises(ArgumentError, match="alone"):
                violating_inputs(constraint)

    def test_a_request_has_the_model_and_a_valid_input(self) -> None:
        contract = Contract.load()
        valid = assert_valid(contract)

        def check(body: Any) -> None:
            assert body.keys() == {"model", "input"}
            assert body["model"] == contract.model
            valid(body["input"])

        each(requests(), check, 50)

    def test_values_on_a_bound_come_up_often(self) -> None:
        seen: Counter[str] = Counter()

        def look(value: dict[str, Any]) -> None:
            frames = value.get("keyframes", [])
            seen["every optional field"] += len(value) == 7
            seen["five keyframes"] += len(frames) == 5
            seen["the longest prompt"] += len(value["prompt"]) == 1000
            seen["the longest, astral"] += len(value["prompt"].encode()) == 4000
            seen["the shortest prompt"] += len(value["prompt"]) == 1
            seen["seed 0"] += value.get("seed") == 0
            seen["the greatest seed"] += value.get("seed") == 4294967295
            for frame in frames:
                seen["seconds 0"] += frame.get("seconds") == 0
                seen["seconds 30"] += frame.get("seconds") == 30
                seen["at 0"] += frame.get("at") == 0
                seen["at 1"] += frame.get("at") == 1

        each(valid_inputs(), look, 1000)
        assert min(seen.values()) >= 5, seen
        assert seen["the longest, astral"] >= 10

    def test_boundary_draws_are_on_the_bounds(self) -> None:
        def check(value: dict[str, Any]) -> None:
            assert len(value["prompt"]) in (1, 1000)
            assert value.get("seed", 0) in (0, 4294967295)
            assert len(value.get("keyframes", [0])) in (1, 5)
            for frame in value.get("keyframes", ()):
                assert frame.get("seconds", 0) in (0, 30)
                assert frame.get("at", 0) in (0, 1)

        each(boundary_inputs(), check)

    def test_portable_draws_are_portable(self) -> None:
        portability = Portability(Contract.load())

        def check(drawn: Any) -> None:
            value = drawn.input if isinstance(drawn, Violating) else drawn
            assert portability.reason(value) == ""

        for make in (valid_inputs, boundary_inputs, violating_inputs):
            each(make(portable=True), check)

    def test_portable_draws_hold_everyday_text(self) -> None:
        """A client that corrupts emoji, line breaks or letters meets them."""
        seen: Counter[str] = Counter()

        def check(value: dict[str, Any]) -> None:
            prompt = value["prompt"]
            seen["emoji"] += max(prompt) > "\uffff"
            seen["line breaks"] += bool({"\n", "\r"} & set(prompt))
            seen["accents"] += "\u00e9" in prompt
            seen["white space at an end"] += prompt != prompt.strip()

        each(valid_inputs(portable=True), check)
        assert min(seen.values()) >= 5, seen


def test_a_keyword_that_can_be_broken_many_times_is_broken_once() -> None:
    schema = {
        "type": "object",
        "required": ["a", "b", "c"],
        "propertyNames": {"maxLength": 3},
        "properties": {name: {"type": "null"} for name in "abcdefgh"},
        "dependentRequired": {"d": ["e", "f"], "g": ["h"]},
        "minProperties": 3,
    }
    both = {"input": schema, "output": {}}
    contract = Contract.from_entry({"model_id": "a/b", "schema_version": "1", "schema": both})
    for key in ("required", "propertyNames/maxLength", "dependentRequired"):
        each(violating_inputs(key, contract=contract), assert_certified(contract, Counter()), 60)
