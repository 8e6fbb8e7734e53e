"""The strategies as a user sees them: shrunk examples, and errors for wrong arguments."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st

from aleph_contract import Contract, strategies
from aleph_contract.cases.constraints import constraints
from aleph_contract.errors import ArgumentError
from aleph_contract.strategies import (
    Violating,
    boundary_inputs,
    requests,
    valid_inputs,
    violating_inputs,
)

SHORTEST = {"prompt": "a", "video_uri": "https://example.com/a.mp4"}
IMAGE = "https://example.com/a.jpg"
OTHERS = sorted((Path(__file__).parents[2] / "fixtures" / "contracts").glob("*.json"))


def smallest(
    strategy: st.SearchStrategy[Any], condition: Callable[[Any], bool] | None = None
) -> Any:
    """The smallest draw that satisfies `condition`, as Hypothesis finds it for a failing test."""
    drawn = find(
        strategy,
        condition or (lambda _: True),
        settings=settings(
            database=None,
            max_examples=1000 if condition else 20,
            derandomize=True,
            phases=(Phase.generate, Phase.shrink),  # no explanation of what must not vary
            suppress_health_check=list(HealthCheck),
        ),
    )
    return drawn.input if isinstance(drawn, Violating) else drawn


def any_draw(strategy: st.SearchStrategy[Any]) -> Any:
    """One draw, without shrinking."""
    once = settings(database=None, max_examples=1, derandomize=True, phases=[Phase.generate])
    return find(strategy, lambda _: True, settings=once)


class TestShrinking:
    """Draws shrink to the examples that a person would write."""

    @pytest.mark.parametrize(
        ("condition", "more"),
        [
            (lambda v: v.get("seed", 0) > 1000, {"seed": 1001}),
            (lambda v: len(v["prompt"]) > 500, {"prompt": "a" * 501}),
            (lambda v: "keyframes" in v, {"keyframes": [{"uri": IMAGE, "seconds": 0}]}),
            (
                lambda v: any(k.get("seconds", 0) > 7 for k in v.get("keyframes", ())),
                {"keyframes": [{"uri": IMAGE, "seconds": 8}]},
            ),
            (
                lambda v: len(v.get("keyframes", ())) > 2,
                {"keyframes": [{"uri": IMAGE, "seconds": 0}] * 3},
            ),
        ],
    )
    def test_valid_inputs(self, condition: Callable[[Any], bool], more: dict[str, Any]) -> None:
        assert smallest(valid_inputs(), condition) == SHORTEST | more

    @pytest.mark.parametrize(
        ("constraint", "more"),
        [
            ("prompt/maxLength", {"prompt": "a" * 1001}),
            ("seed/maximum", {"seed": 4294967296}),
            ("duration/exclusiveMinimum", {"duration": 0}),
            ("keyframes/maxItems", {"keyframes": [{"uri": IMAGE, "seconds": 0}] * 6}),
            ("keyframes/*/anyOf/1/at/minimum", {"keyframes": [{"uri": IMAGE, "at": -1}]}),
            ("additionalProperties", {"unknown_key": True}),
        ],
    )
    def test_violating_inputs(self, constraint: str, more: dict[str, Any]) -> None:
        assert smallest(violating_inputs(constraint)) == SHORTEST | more

    def test_the_smallest_draw_of_each_strategy(self) -> None:
        model = Contract.load().model
        assert smallest(valid_inputs()) == SHORTEST
        assert smallest(boundary_inputs()) == SHORTEST
        assert smallest(requests()) == {"model": model, "input": SHORTEST}


class TestArguments:
    """A wrong argument raises an error at the call, not at the first draw."""

    @pytest.mark.parametrize(
        ("constraint", "message"),
        [
            ("seed/maxmum", r"has no constraint 'seed/maxmum'; did you mean seed/maximum"),
            ("nothing/*", r"has no constraint 'nothing/\*'"),
            ("*/position/anyOf/0/type", r"no known input breaks .* alone"),
            (3, r"must be a Constraint, its key or a glob, not 3"),
        ],
    )
    def test_an_unknown_or_never_isolated_constraint(self, constraint: Any, message: str) -> None:
        with pytest.raises(ArgumentError, match=message):
            violating_inputs(constraint)

    def test_a_constraint_of_another_contract(self) -> None:
        other = Contract.load(OTHERS[0])
        foreign = constraints(other)[0]
        with pytest.raises(ArgumentError, match="has no constraint"):
            violating_inputs(constraints()[-1], contract=other)
        assert violating_inputs(foreign, contract=other) is not None

    def test_a_contract_without_constraints(self) -> None:
        entry = {"model_id": "a/b", "schema_version": "1", "schema": {"input": {}, "output": {}}}
        contract = Contract.from_entry(entry)
        assert smallest(valid_inputs(contract), lambda value: value == {}) == {}
        with pytest.raises(ArgumentError, match="a/b has no constraints"):
            violating_inputs(contract=contract)

    @pytest.mark.parametrize("make", [valid_inputs, boundary_inputs, requests])
    def test_an_argument_that_is_no_contract(self, make: Callable[[Any], Any]) -> None:
        with pytest.raises(ArgumentError, match=r"contract must be a Contract, not 'entry\.json'"):
            make("entry.json")

    def test_a_glob_a_key_and_a_constraint_are_equivalent(self) -> None:
        [seed] = [each for each in constraints() if each.key == "seed/maximum"]
        for named in ("seed/max*", "seed/maximum", seed):
            assert any_draw(violating_inputs(named)).input["seed"] > 4294967295


def test_hypothesis_is_imported_only_with_the_strategies() -> None:
    code = (
        "import sys, aleph_contract\n"
        "from aleph_contract import cases, validate\n"
        "assert 'hypothesis' not in sys.modules\n"
        "from aleph_contract import strategies\n"
        "strategies.valid_inputs()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert sorted(strategies.__all__) == list(strategies.__all__)


@pytest.mark.parametrize("name", ["", "/", "~1", "%", "__proto__", "é"])
def test_a_property_of_any_name_is_drawn_with_its_examples(name: str) -> None:
    address = "https://media.example.com/clip.mp4"
    text = {"type": "string", "maxLength": 60}
    schema = {"type": "object", "required": [name], "properties": {name: text}}
    contract = Contract.from_entry(
        {
            "model_id": "acme/names",
            "schema_version": "1",
            "schema": {"input": schema, "output": True},
            "examples": [
                {
                    "name": "one",
                    "input": {name: address},
                    "output": True,
                    "raw_response": {"state": "Completed", "result": True},
                }
            ],
        }
    )
    found = smallest(valid_inputs(contract), lambda value: "://" in value[name])
    assert found[name].startswith("https://")
    maximum = next(c.key for c in constraints(contract) if c.keyword == "maxLength")
    broken = smallest(violating_inputs(maximum, contract=contract))
    assert len(broken[name]) > 60
