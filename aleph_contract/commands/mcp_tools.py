"""The tools of `aleph-contract mcp` about the contract: check an input, rules, faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from aleph_contract.commands.check import check, chosen_for
from aleph_contract.commands.glossary import explain
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.escaping import truncate
from aleph_contract.core.json_positions import Positions
from aleph_contract.core.jsonvalue import loads
from aleph_contract.rules import RULES
from aleph_contract.rules.server_table import SERVER_RULES
from fake_server.replies.faults import FAULTS

#: Violations in one answer; an agent mends these first.
MAX_VIOLATIONS = 10

#: Faults in one answer; the table has over a hundred.
MAX_FAULTS = 40

#: Characters of one message.
MAX_TEXT = 300


@dataclass(frozen=True, slots=True)
class ContractTools:
    """The tools that only read the contract and the tables.

    Args:
        contracts: The contracts that inputs are checked by.
    """

    contracts: ContractSet

    @property
    def tools(self) -> tuple[Callable[..., Any], ...]:
        """The tools, in the order that an agent sees."""
        return self.check_input, self.list_rules, self.list_faults, self.explain

    def check_input(self, document: str, model: str | None = None) -> dict[str, Any]:
        """Check the input of a model, or a complete request body, by the published schema.

        Args:
            document: The JSON text of an input, of a REST body {"model", "input"} or of a body of
                the Workers binding {"inputs", "options"}.
            model: Id of the model, if the server knows several and the document names none.
        """
        value = loads(document.encode())
        contract = chosen_for(value, self.contracts, model)
        checked = check(value, Positions(document), contract)
        violations = [
            {
                "pointer": found.pointer,
                "line": found.line,
                "column": found.column,
                "message": truncate(found.message, MAX_TEXT),
            }
            for found in checked.violations[:MAX_VIOLATIONS]
        ]
        return {
            "valid": checked.valid,
            "model": checked.model,
            "form": checked.form,
            "violations": violations,
            "more_violations": len(checked.violations) - len(violations),
            "notes": [truncate(note, MAX_TEXT) for note in checked.notes[:MAX_VIOLATIONS]],
        }

    def list_rules(self, side: Literal["client", "server"] = "client") -> dict[str, Any]:
        """List the rules that judge a client, or a server: id, level and sentence.

        Args:
            side: The side that the rules judge.
        """
        table = RULES if side == "client" else SERVER_RULES
        return {
            "rules": {
                rule.id: f"{rule.level}: the {side} {rule.sentence}" for rule in table.values()
            }
        }

    def list_faults(self, text: str = "", after: str = "") -> dict[str, Any]:
        """List faults that the fake plays on request: names for start_fake, and their meaning.

        Args:
            text: Only faults with this text in the name or the meaning, such as "429".
            after: Only faults after this name: the last one of the previous answer.
        """
        names = list(FAULTS)
        rest = names[names.index(after) + 1 :] if after in FAULTS else names
        meanings = {name: _meaning(name) for name in rest}
        found = {
            name: meaning
            for name, meaning in meanings.items()
            if text.lower() in f"{name} {meaning}".lower()
        }
        return {"faults": _first(found), "more": max(0, len(found) - MAX_FAULTS)}

    def explain(self, name: str) -> str:
        """Explain a rule, a fault, or an outcome in the journal: what it is, why, how to fix it.

        Args:
            name: Its name, such as "request.faithful" or "rate-limited".
        """
        return explain(name)


def _meaning(name: str) -> str:
    """What the client sees of a fault; starts with the status, if there is one."""
    fault = FAULTS[name]
    return f"{fault.status or 'no status'}: {fault.title}"


def _first(found: Mapping[str, str]) -> dict[str, str]:
    return dict(islice(found.items(), MAX_FAULTS))
