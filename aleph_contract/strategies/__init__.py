"""Hypothesis strategies for the inputs of a contract: valid, on the bounds, one step wrong.

The module, with those it draws by, is the only one that needs Hypothesis.
"""

from __future__ import annotations

import contextlib
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from aleph_contract.cases import cases
from aleph_contract.cases.constraints import Constraint, constraints
from aleph_contract.cases.portability import Portability
from aleph_contract.contract import Contract
from aleph_contract.errors import ArgumentError
from aleph_contract.schema.document import plain
from aleph_contract.schema.generation.builder import hints_from
from aleph_contract.strategies.options import Missed, index_below
from aleph_contract.strategies.scalars import Manner
from aleph_contract.strategies.value_plan import StrategyBuilder
from aleph_contract.strategies.violating import TRIES, Breaker, Violating, beyond_doubt, known_value

__all__ = ["Violating", "boundary_inputs", "requests", "valid_inputs", "violating_inputs"]


def valid_inputs(
    contract: Contract | None = None, *, portable: bool = False
) -> SearchStrategy[Any]:
    """Inputs that the contract allows; its corners often, not once in a million.

    Args:
        contract: The contract; the shipped one by default.
        portable: Leave out gray inputs, such as texts beyond ASCII.
    """
    return _inputs(contract, Manner(portable=portable))


def boundary_inputs(
    contract: Contract | None = None, *, portable: bool = False
) -> SearchStrategy[Any]:
    """Valid inputs in which everything that has a bound sits on one, several at once.

    Each number is the least or the greatest, each text and array the shortest or the longest; what
    lies just outside comes from `violating_inputs`. Arguments as for `valid_inputs`.
    """
    return _inputs(contract, Manner(corners=True, portable=portable))


def requests(contract: Contract | None = None, *, portable: bool = False) -> SearchStrategy[Any]:
    """Whole bodies of valid REST requests: `{"model": …, "input": …}`; see `valid_inputs`."""
    contract = _meant(contract)
    inputs = valid_inputs(contract, portable=portable)
    return st.fixed_dictionaries({"model": st.just(contract.model), "input": inputs})


def violating_inputs(
    constraint: Constraint | str | None = None,
    *,
    contract: Contract | None = None,
    portable: bool = False,
) -> SearchStrategy[Violating]:
    """Inputs that break exactly one constraint, and which one.

    Args:
        constraint: Only this one, or those whose keys this glob matches, such as `seed/*`; any
            that can be broken alone by default.
        contract: The contract; the shipped one by default.
        portable: As for `valid_inputs`.

    Raises:
        ArgumentError: The contract has no such constraint, or none that can be broken alone.
    """
    contract = _meant(contract)
    chosen = _breakable(contract, constraint, portable=portable)
    manner = Manner(portable=portable)
    intact = StrategyBuilder(contract.document, _hints(contract), manner)
    breakers = [Breaker(contract, each, intact) for each in chosen]

    @st.composite
    def violating(draw: DrawFn) -> Violating:
        return breakers[index_below(draw, len(breakers))].draw(draw)

    return violating()


def _inputs(contract: Contract | None, manner: Manner) -> SearchStrategy[Any]:
    contract = _meant(contract)
    plan = StrategyBuilder(contract.document, _hints(contract), manner).root()
    portability = Portability(contract)

    def known() -> list[Any]:
        found = cases(contract, polarity="valid")
        return [case.input for case in found if case.portable or not manner.portable]

    @st.composite
    def inputs(draw: DrawFn) -> Any:
        for _ in range(TRIES):
            with contextlib.suppress(Missed):
                value = plan.value(draw)
                return beyond_doubt(plan, portability, value) if manner.portable else value
        return known_value(draw, known())

    return inputs()


def _meant(contract: Contract | None) -> Contract:
    if contract is not None and not isinstance(contract, Contract):
        raise ArgumentError(
            f"a Contract is asked for, not {contract!r}; Contract.load(path) reads one"
        )
    return contract or Contract.load()


def _hints(contract: Contract) -> dict[str, list[Any]]:
    return hints_from([plain(example.input) for example in contract.examples])


def _breakable(
    contract: Contract, wanted: Constraint | str | None, *, portable: bool
) -> list[Constraint]:
    """The constraints that are meant, all of them such as can be broken alone."""
    if not isinstance(wanted, (Constraint, str, type(None))):
        raise ArgumentError(f"a constraint is named by a Constraint or its key, not by {wanted!r}")
    known = constraints(contract)
    if not known:
        raise ArgumentError(f"{contract.model} allows everything: no input breaks it")
    glob = wanted.key if isinstance(wanted, Constraint) else "*" if wanted is None else wanted
    exact = [each for each in known if wanted in (each, each.key)]
    by_glob = [each for each in known if fnmatchcase(each.key, glob)]
    meant = exact if exact or isinstance(wanted, Constraint) else by_glob
    if not meant:
        near = get_close_matches(glob, [each.key for each in known], 3, 0.4)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ArgumentError(f"{contract.model} has no constraint {glob!r}{hint}")
    violating = cases(contract, polarity="violating")
    fitting = [case for case in violating if case.portable or not portable]
    alone = {case.constraint.key for case in fitting if case.constraint and not case.compound}
    found = [each for each in meant if each.key in alone]
    if not found:
        raise ArgumentError(
            f"no input breaks {glob} alone: whatever breaks it breaks another constraint too"
        )
    return found
