"""Draw from a strategy, and check each draw with both validators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aleph_contract.cases.certificates import Certifier
from aleph_contract.cases.constraints import Constraint
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.strategies import Violating, boundary_inputs, valid_inputs, violating_inputs
from aleph_contract.verify.hypothesis_settings import isolated_hypothesis


def each(strategy: st.SearchStrategy[Any], check: Callable[[Any], None], number: int = 150) -> None:
    """Check `number` draws, the same ones on every run."""

    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(strategy)
    def test(drawn: Any) -> None:
        check(drawn)

    with isolated_hypothesis():  # otherwise the draws depend on the imported modules
        test()


def assert_valid(contract: Contract) -> Callable[[Any], None]:
    validator = validator_for(contract)

    def check(value: Any) -> None:
        assert validator.is_valid(value)
        assert validator.reference_violations(value) == ()

    return check


def assert_certified(contract: Contract, seen: Counter[str]) -> Callable[[Violating], None]:
    @cache
    def certifier(constraint: Constraint) -> Certifier:
        return Certifier(contract.input_schema, constraint, [constraint.schema])

    def check(drawn: Violating) -> None:
        seen[drawn.constraint.key] += 1
        certificate = certifier(drawn.constraint).certify(drawn.input)
        assert certificate is not None
        assert certificate.removed == (drawn.constraint.schema,)

    return check


def assert_draws_confirmed(contract: Contract) -> None:
    """Assert that both validators confirm draws of each kind."""
    each(valid_inputs(contract), assert_valid(contract), 8)
    each(boundary_inputs(contract), assert_valid(contract), 5)
    each(violating_inputs(contract=contract), assert_certified(contract, Counter()), 15)
