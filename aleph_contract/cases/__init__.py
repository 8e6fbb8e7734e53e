"""The deterministic catalogue of named, certified cases.

The module is callable: `from aleph_contract import cases; cases()`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from types import ModuleType
from typing import Any

from aleph_contract.cases.case import Case, Gap, Kind, Polarity
from aleph_contract.cases.catalogue import Catalogue, build, build_matching
from aleph_contract.cases.certificates import Certificate
from aleph_contract.cases.doubt import Doubt, DoubtKind
from aleph_contract.cases.name_globs import NameGlobs
from aleph_contract.cases.shipped import catalogue_of
from aleph_contract.contract import Contract

__all__ = [
    "Case",
    "Certificate",
    "Doubt",
    "DoubtKind",
    "Gap",
    "Kind",
    "Polarity",
    "cases",
    "gaps",
]


def cases(
    contract: Contract | None = None,
    *,
    polarity: Polarity | None = None,
    constraint: str | None = None,
    names: Iterable[str] | None = None,
) -> tuple[Case, ...]:
    """The cases of a contract in a stable order: the same names and inputs on every run.

    Args:
        contract: The contract; the shipped one by default.
        polarity: Only the cases of this polarity.
        constraint: Only the cases whose name or whose constraint key matches this glob.
        names: Only the cases whose name matches one of these globs. Unless a
            combination may match, constraints without a matching case are skipped: one boundary
            case then takes 5 ms to build, all cases take 500 ms.
    """
    return tuple(
        case
        for case in _named(contract or Contract.load(), names)
        if (polarity is None or case.polarity == polarity)
        and (constraint is None or _matches(case, constraint))
    )


def gaps(contract: Contract | None = None) -> tuple[Gap, ...]:
    """The cases that are left out, each with the reason; empty for the shipped contract."""
    return _catalogue(contract or Contract.load()).gaps


def _matches(case: Case, glob: str) -> bool:
    key = case.constraint.key if case.constraint else ""
    return fnmatchcase(key, glob) or fnmatchcase(case.name, glob)


def _named(contract: Contract, names: Iterable[str] | None) -> tuple[Case, ...]:
    if names is None:
        return _catalogue(contract).cases
    globs = NameGlobs(tuple(names))
    if catalogue_of(contract) is not None or globs.may_match_below("combination/"):
        return tuple(case for case in _catalogue(contract).cases if globs.match(case.name))
    return _matching(contract, globs)


@lru_cache(maxsize=16)
def _matching(contract: Contract, globs: NameGlobs) -> tuple[Case, ...]:
    return build_matching(contract, globs)


@lru_cache(maxsize=16)
def _catalogue(contract: Contract) -> Catalogue:
    return catalogue_of(contract) or build(contract)


class _Callable(ModuleType):
    def __call__(self, *args: Any, **options: Any) -> tuple[Case, ...]:
        return cases(*args, **options)


sys.modules[__name__].__class__ = _Callable
