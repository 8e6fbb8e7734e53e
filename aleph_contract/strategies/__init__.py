"""Hypothesis strategies for the inputs of a contract: valid, on the bounds, violating.

Hypothesis is imported only with this package.
"""

from __future__ import annotations

import contextlib
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from aleph_contract.cases import cases
from aleph_contract.cases.constraints import Constraint, constraints
from aleph_contract.cases.portability import Portability
from aleph_contract.contract import Contract
from aleph_contract.errors import ArgumentError
from aleph_contract.schema.document import plain
from aleph_contract.schema.generation.hints import hints_from
from aleph_contract.strategies.options import DrawFailed, index_below
from aleph_contract.strategies.scalars import DrawMode
from aleph_contract.strategies.value_strategy import StrategyBuilder
from aleph_contract.strategies.violating import (
    MAX_DRAWS,
    Violating,
    ViolatingStrategy,
    known_value,
    without_gray_parts,
)

__all__ = ["Violating", "boundary_inputs", "requests", "valid_inputs", "violating_inputs"]


def valid_inputs(
    contract: Contract | None = None, *, portable: bool = False
) -> SearchStrategy[Any]:
    """Inputs that the contract allows; values on a bound come up often.

    Args:
        contract: The contract; the shipped one by default.
        portable: Draw no gray inputs, such as an integer beyond 2^53.
    """
    return _inputs(contract, DrawMode(portable=portable))


def boundary_inputs(
    contract: Contract | None = None, *, portable: bool = False
) -> SearchStrategy[Any]:
    """Valid inputs in which every bounded value is on one of its bounds.

    Each number is the least or the greatest allowed, each string and array the shortest or the
    longest. `violating_inputs` draws values just outside. Arguments as for `valid_inputs`.
    """
    return _inputs(contract, DrawMode(bounds_only=True, portable=portable))


def requests(contract: Contract | None = None, *, portable: bool = False) -> SearchStrategy[Any]:
    """Valid REST request bodies, `{"model": …, "input": …}`; arguments as for `valid_inputs`."""
    contract = _checked(contract)
    inputs = valid_inputs(contract, portable=portable)
    return st.fixed_dictionaries({"model": st.just(contract.model), "input": inputs})


def violating_inputs(
    constraint: Constraint | str | None = None,
    *,
    contract: Contract | None = None,
    portable: bool = False,
) -> SearchStrategy[Violating]:
    """Inputs that break exactly one constraint, each with that constraint.

    Args:
        constraint: This constraint, or those whose keys match this glob, such as `seed/*`; by
            default every constraint that an input can break alone.
        contract: The contract; the shipped one by default.
        portable: As for `valid_inputs`.

    Raises:
        ArgumentError: The contract has no such constraint, or none that can be broken alone.
    """
    contract = _checked(contract)
    chosen = _breakable(contract, constraint, portable=portable)
    mode = DrawMode(portable=portable)
    off_path_builder = StrategyBuilder(contract.document, _hints(contract), mode)

    @cache
    def strategy(index: int) -> ViolatingStrategy:
        return ViolatingStrategy(contract, chosen[index], off_path_builder)

    @st.composite
    def violating(draw: DrawFn) -> Violating:
        return strategy(index_below(draw, len(chosen))).draw(draw)

    return violating()


def _inputs(contract: Contract | None, mode: DrawMode) -> SearchStrategy[Any]:
    contract = _checked(contract)
    strategy = StrategyBuilder(contract.document, _hints(contract), mode).root()
    portability = Portability(contract)

    def known() -> list[Any]:
        found = cases(contract, polarity="valid")
        return [case.input for case in found if case.portable or not mode.portable]

    @st.composite
    def inputs(draw: DrawFn) -> Any:
        for _ in range(MAX_DRAWS):
            with contextlib.suppress(DrawFailed):
                value = strategy.value(draw)
                return without_gray_parts(strategy, portability, value) if mode.portable else value
        return known_value(draw, known())

    return inputs()


def _checked(contract: Contract | None) -> Contract:
    if contract is not None and not isinstance(contract, Contract):
        raise ArgumentError(
            f"contract must be a Contract, not {contract!r}; Contract.load(path) reads one"
        )
    return contract or Contract.load()


def _hints(contract: Contract) -> dict[str, list[Any]]:
    return hints_from([plain(example.input) for example in contract.examples])


def _breakable(
    contract: Contract, wanted: Constraint | str | None, *, portable: bool
) -> list[Constraint]:
    """The wanted constraints that an input can break alone."""
    if not isinstance(wanted, (Constraint, str, type(None))):
        raise ArgumentError(f"constraint must be a Constraint, its key or a glob, not {wanted!r}")
    known = constraints(contract)
    if not known:
        raise ArgumentError(f"{contract.model} has no constraints: every input is valid")
    glob = wanted.key if isinstance(wanted, Constraint) else "*" if wanted is None else wanted
    exact = [each for each in known if wanted in (each, each.key)]
    by_glob = [each for each in known if fnmatchcase(each.key, glob)]
    matching = exact if exact or isinstance(wanted, Constraint) else by_glob
    if not matching:
        near = get_close_matches(glob, [each.key for each in known], 3, 0.4)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ArgumentError(f"{contract.model} has no constraint {glob!r}{hint}")
    violating = cases(contract, polarity="violating")
    fitting = [case for case in violating if case.portable or not portable]
    alone = {case.constraint.key for case in fitting if case.constraint and not case.compound}
    found = [each for each in matching if each.key in alone]
    if not found:
        raise ArgumentError(
            f"no known input breaks {glob} alone: every one breaks another constraint too"
        )
    return found
