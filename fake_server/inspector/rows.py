"""The rows of the list: the text of the input, the reason of a refusal, the link to a run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.body_start import BodyStart
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.rules.parsed_exchange import read_request
from aleph_contract.rules.suite import NO_SUITE, Suite
from aleph_contract.rules.traffic import contract_of
from fake_server.inspector.call_summary import GOOD_OUTCOMES, call_id
from fake_server.inspector.linked_calls import CallLink, links_by_call
from fake_server.observe.call_log import reason

#: Maximum characters of the request that a row shows.
MAX_EXCERPT = 140

#: Bytes of a body that are searched for the text of a row; a data URI may have millions.
_MAX_SEARCHED = 64 * 1024

#: Outcomes that need no reason.

#: The end of a JSON string that was cut within an escape.
_CUT_ESCAPE = re.compile(r"(\\u[dD][89abAB][0-9a-fA-F]{2})?\\u[0-9a-fA-F]{0,3}$")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the list.

    Args:
        exchange: The exchange.
        excerpt: The prompt, or the start of the body, or method and URL.
        reason: Why the call has no result; empty for a completed run.
        model: The model that it names; empty where the fake serves only one.
        link: How the call continues an earlier one; `None` if it does not.
    """

    exchange: Exchange
    excerpt: str
    reason: str
    model: str
    link: CallLink | None = None


def rows_of(
    exchanges: Iterable[Exchange],
    contracts: ContractSet,
    context: Iterable[Exchange] | None = (),
    suite: Suite = NO_SUITE,
) -> list[Row]:
    """The rows of exchanges, in the same order.

    Args:
        exchanges: The exchanges.
        contracts: The contracts that the fake serves.
        context: Further exchanges that may belong to the same runs; `None` shows no links.
        suite: The tests that made the calls.
    """
    shown = list(exchanges)
    links: Mapping[tuple[str, int], CallLink] = {}
    if context is not None:
        known = {call_id(exchange): exchange for exchange in (*shown, *context)}
        links = links_by_call(known.values(), suite)
    return [_row(exchange, contracts, links.get(call_id(exchange))) for exchange in shown]


def _row(exchange: Exchange, contracts: ContractSet, link: CallLink | None) -> Row:
    contract = contract_of(exchange, contracts)
    return Row(
        exchange,
        excerpt_of(exchange, contract),
        "" if exchange.outcome in GOOD_OUTCOMES else reason(exchange, contracts),
        _named_model(exchange) if len(contracts) > 1 else "",
        link,
    )


def _named_model(exchange: Exchange) -> str:
    model = read_request(exchange).model
    return model if isinstance(model, str) else ""


def excerpt_of(exchange: Exchange, contract: Contract) -> str:
    """The text that a row shows of a request.

    It is the first required string of the input, such as a prompt; otherwise the start of the body;
    otherwise method and URL.
    """
    body = exchange.request_body[:_MAX_SEARCHED]
    about = ""
    if isinstance(exchange.request_body, BodyStart):
        about = (
            f"{exchange.request_body.length:,} bytes, sha256 {exchange.request_body.sha256[:8]}: "
        )
    found = _pattern(contract).search(body)
    if found:
        return about + _as_typed(found[1].decode("utf-8", "replace"))[:MAX_EXCERPT]
    text = body[:MAX_EXCERPT].decode("utf-8", "replace")
    return about + text or f"{exchange.method} {exchange.target}"


@lru_cache(maxsize=256)
def _pattern(contract: Contract) -> re.Pattern[bytes]:
    name = re.escape(dumps(_required_text(contract)).encode())
    return re.compile(name + rb'\s*:\s*"((?:[^"\\]|\\.){0,%d})' % (6 * MAX_EXCERPT))


def _as_typed(escaped: str) -> str:
    r"""The characters of a JSON string that may be cut: `caf\u00e9` becomes `café`."""
    try:
        return str(json.loads(f'"{_CUT_ESCAPE.sub("", escaped)}"', strict=False))
    except ValueError:
        return escaped


def _required_text(contract: Contract) -> str:
    """The name of the first required member that is a string; a name that no body has if none."""
    schema = contract.input_schema
    if isinstance(schema, Mapping):
        properties = schema.get("properties", {})
        for name in schema.get("required", ()):
            rules = properties.get(name)
            if isinstance(rules, Mapping) and rules.get("type") == "string":
                return str(name)
    return "\0"
