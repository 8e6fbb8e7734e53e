"""The text of `explain contract`: both forms of the input schema, and what was left out."""

from __future__ import annotations

import json
from collections.abc import Iterator

from aleph_contract.contract import Contract
from aleph_contract.contract.defaults import optional_members


def contract_text(contract: Contract) -> str:
    """What was read from an entry, for people.

    The schema that a caller writes to and the one that the service parses to differ only if members
    are required and have a default; then both are shown.
    """
    return "\n".join(_lines(contract))


def _lines(contract: Contract) -> Iterator[str]:
    yield f"contract {contract.model}  ({contract.source})"
    route = f"POST …/ai/run/{contract.model}" if contract.in_path else "POST …/ai/run"
    prices = [f"{unit}: {usd} USD" for unit, usd in contract.pricing.items()]
    facts = {
        "task": contract.task,
        "version": contract.version,
        "route": route,
        "examples": str(len(contract.examples)),
        "price": "; ".join(prices) or "not published",
    }
    yield from (f"  {label:<9}{text}" for label, text in facts.items() if text)
    yield from (f"  note     {note}" for note in contract.notes)
    optional = list(optional_members(contract.parsed_schema))
    if optional:
        yield "  required by the schema but with a default, so a caller may leave them out:"
        yield from (f"    {where}" for where in optional)
        yield "input schema, as the service parses it (published):"
        yield _shown(contract.parsed_schema)
    yield "input schema, as a caller writes it:"
    yield _shown(contract.input_schema)
    yield "output schema:"
    yield _shown(contract.output_schema)


def _shown(schema: object) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False)
