"""A contract for `runwayml/aleph-2`: its cases, its fake, and the verifier of its clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aleph_contract import cases as cases
    from aleph_contract import strategies as strategies
    from aleph_contract.contract import Contract
    from aleph_contract.contract.validate import validate

__version__ = "0.1.0"

__all__ = ["Contract", "__version__", "cases", "strategies", "validate"]

_HOME = {"Contract": "aleph_contract.contract", "validate": "aleph_contract.contract.validate"}


def __getattr__(name: str) -> Any:
    """Import on first use: a program that only wants the contract never loads Hypothesis."""
    from importlib import import_module

    if name in ("cases", "strategies"):
        return import_module(f"aleph_contract.{name}")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
