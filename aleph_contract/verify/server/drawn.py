"""Inputs that Hypothesis draws for a server: the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase

from aleph_contract import strategies
from aleph_contract.cases import Case, Polarity
from aleph_contract.cases.portability import Portability
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.jsonvalue import identity
from aleph_contract.verify.hypothesis_settings import isolated_hypothesis


def drawn(contract: Contract, polarity: Polarity, seed: int, count: int) -> Iterator[Case]:
    """At most `count` different inputs of one polarity, as cases `drawn/POLARITY/NUMBER`."""
    doubt = Portability(contract).doubt
    is_valid = validator_for(contract).is_valid
    for number, given in enumerate(_draw(contract, polarity, seed, count), 1):
        if is_valid(given) is (polarity == "valid"):
            found = doubt(given)
            yield Case(
                name=f"drawn/{polarity}/{number:03}",
                polarity=polarity,
                constraint=None,
                input=given,
                doubt=found,
                note=found.reason if found else "",
            )


def _draw(contract: Contract, polarity: Polarity, seed: int, count: int) -> list[Any]:
    strategy = (
        strategies.boundary_inputs(contract, portable=True)
        if polarity == "valid"
        else strategies.violating_inputs(contract=contract, portable=True)
    )
    found: dict[Any, Any] = {}

    def collect(value: Any) -> None:
        given = getattr(value, "input", value)
        found.setdefault(identity(given), given)

    run = hypothesis.seed(seed)(
        hypothesis.settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=tuple(HealthCheck),
        )(hypothesis.given(strategy)(collect))
    )
    with isolated_hypothesis():
        run()
    return list(found.values())
