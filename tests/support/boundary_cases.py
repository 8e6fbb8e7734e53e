"""The boundary cases of one keyword, made from a contract around one schema."""

from __future__ import annotations

from typing import Any

from aleph_contract.cases.catalogue import build
from aleph_contract.contract import Contract
from aleph_contract.schema.generation.strings import PLAIN


def boundary_values(schema: Any, keyword: str, key: str = "x") -> dict[str, Any]:
    """The values of the catalogue for one keyword of the property `x`: label -> value.

    The label begins with `+` for a valid case and with `-` for a violating one.
    """
    whole = {"type": "object", "properties": {"x": schema}, "required": ["x"]}
    entry = {
        "model_id": "acme/model-1",
        "schema_version": "1.0.0",
        "schema": {"input": whole, "output": True},
    }
    cases = build(Contract.from_entry(entry)).cases
    start = f"boundary/{key}/{keyword}/"
    return {
        ("+" if case.polarity == "valid" else "-") + case.name.removeprefix(start): abbreviated(
            case.input["x"]
        )
        for case in cases
        if case.name.startswith(start) and "/" not in case.name.removeprefix(start)
    }


def abbreviated(value: Any) -> Any:
    """`value` with `x` in place of the default text."""
    if isinstance(value, dict):
        return {name: abbreviated(child) for name, child in value.items()}
    if isinstance(value, list):
        return [abbreviated(child) for child in value]
    return "x" if isinstance(value, str) and value.startswith(PLAIN[:20]) else value
