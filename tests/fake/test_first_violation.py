"""The first violation of a large input is found as fast as that of a small one."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from calling import INPUT
from hypothesis import given
from hypothesis import strategies as st

from aleph_contract.contract.validate import validator_for
from aleph_contract.schema.validation.validator import Validator
from aleph_contract.schema.validation.violations import Violation, leaves
from fake_server.replies.first_violation import SIZE, excerpt, first_violation

JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=20,
)


def count(value: Any) -> int:
    """The number of values in a value, including itself."""
    children = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    )
    return 1 + sum(map(count, children))


@given(JSON)
def test_a_large_excerpt_is_complete(value: Any) -> None:
    assert excerpt(value, (), count(value)) == (value, True)


@given(JSON, st.integers(1, 20))
def test_a_small_excerpt_is_marked_incomplete(value: Any, size: int) -> None:
    kept, whole = excerpt(value, (), size)
    assert whole == (kept == value)
    assert count(kept) <= size + 1


def test_known_names_are_always_kept() -> None:
    kept, whole = excerpt({"a": 1, "b": 2, "c": 3}, {"c"}, 1)
    assert kept == {"c": 3}
    assert not whole


MANY = 100_000


def first_of(validator: Validator, value: Any) -> Violation | None:
    """The first violation of an input that arrives as compact JSON."""
    found = first_violation(validator, value, len(orjson.dumps(value)))
    return found and found.described()


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (INPUT | {"keyframes": [1] * MANY}, "/keyframes"),
        (INPUT | {"keyframes": [[[1] * 100] * 100] * 1000}, "/keyframes/0"),
        ({str(number): 1 for number in range(MANY)} | INPUT, ""),
        ([1] * MANY, ""),
    ],
    ids=["items", "nested", "members", "root"],
)
def test_a_violation_in_a_large_input_is_located(value: Any, place: str) -> None:
    violation = first_of(validator_for(), value)
    assert violation is not None
    assert violation.instance == place
    assert violation.keyword != "required", "nothing is missing but what was cut"


@given(
    st.sampled_from(
        [
            {},
            5,
            None,
            INPUT | {"seed": -1},
            INPUT | {"keyframes": []},
            INPUT | {"keyframes": [{"uri": "", "seconds": 31, "at": 2}, {"at": "x"}]},
            INPUT | {"prompt_images": [{"uri": "", "position": {"type": "position"}}, 1]},
            INPUT | {"x": 1, "": 2, "seed": 0.5},
        ]
    )
)
def test_of_a_small_input_it_is_the_first_violation(value: Any) -> None:
    validator = validator_for()
    assert first_of(validator, value) == leaves(validator.violations(value))[0]


def test_a_violation_near_the_end_is_found() -> None:
    schema = {"items": {"type": "integer"}}
    violation = first_of(validator_for(schema), [1] * (SIZE * 20) + ["x"])
    assert violation is not None
    assert violation.instance == f"/{SIZE * 20}"


def test_a_valid_input_has_none() -> None:
    assert first_of(validator_for(), json.loads(json.dumps(INPUT))) is None
