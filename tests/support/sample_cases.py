"""Contracts and cases that several test modules read."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from aleph_contract.cases import Case, cases
from aleph_contract.contract import Contract
from aleph_contract.schema.pointers import parts

ROOT = Path(__file__).parents[2]

#: The catalog entries beside the shipped one: name -> path.
ENTRIES = {path.stem: path for path in sorted((ROOT / "fixtures/contracts").glob("*.json"))}

#: The shipped entry.
SHIPPED = ROOT / "aleph_contract/contract/entries/runwayml__aleph-2.json"

#: The cases of the shipped contract by name.
BY_NAME = {case.name: case for case in cases()}


@cache
def load(path: Path | None = None) -> Contract:
    """One object for each file, so that its cases are built once; see `Contract.load`."""
    return Contract.load(path)


def contract_of(schema: Any) -> Contract:
    """A contract with this input schema."""
    entry = {"model_id": "acme/m", "schema_version": "1"}
    return Contract.from_entry(entry | {"schema": {"input": schema, "output": True}})


def cases_of(schema: Any) -> dict[str, Case]:
    """The cases of a contract with this input schema, by name."""
    return {case.name: case for case in cases(contract_of(schema))}


def parts_at(value: Any, pattern: str) -> list[Any]:
    """The parts of an input at the locations that match `pattern`."""
    found = [value]
    for part in parts(pattern):
        inner: list[Any] = []
        for one in found:
            held = dict(enumerate(one)) if isinstance(one, list) else one
            if isinstance(held, dict):
                names = {str(name): child for name, child in held.items()}
                inner += names.values() if part == "*" else [names[part]] if part in names else []
        found = inner
    return found
