"""Contracts and cases that several test modules read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aleph_contract.cases import Case, cases
from aleph_contract.contract import Contract

ROOT = Path(__file__).parents[2]

#: The catalog entries beside the shipped one: name -> path.
ENTRIES = {path.stem: path for path in sorted((ROOT / "fixtures/contracts").glob("*.json"))}

#: The cases of the shipped contract by name.
BY_NAME = {case.name: case for case in cases()}


def contract_of(schema: Any) -> Contract:
    """A contract with this input schema."""
    entry = {"model_id": "acme/m", "schema_version": "1"}
    return Contract.from_entry(entry | {"schema": {"input": schema, "output": True}})


def cases_of(schema: Any) -> dict[str, Case]:
    """The cases of a contract with this input schema, by name."""
    return {case.name: case for case in cases(contract_of(schema))}
