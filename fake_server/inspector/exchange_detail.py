"""The details of one exchange: violations and their locations, broken rules, bodies, media."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aleph_contract.cases.constraints import Constraint, constraints
from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.contract.validate import validate
from aleph_contract.core.exchange import INPUT_KEY, Exchange, model_in_path
from aleph_contract.core.jsonvalue import dumps, pointer
from aleph_contract.core.results import Finding
from aleph_contract.errors import JSONError
from aleph_contract.rules import RULES, Rule
from aleph_contract.rules.parsed_exchange import header, read_reply, read_request
from aleph_contract.rules.server import judge_server
from aleph_contract.rules.server_table import SERVER_RULES
from aleph_contract.rules.suite import NO_SUITE, Suite
from aleph_contract.rules.traffic import contract_of, judge_exchange
from aleph_contract.schema.validation.messages import quote
from aleph_contract.schema.validation.violations import Violation, leaves
from fake_server.control.verdict import of_upstream
from fake_server.inspector.json_view import FormattedBody, Location, format_body
from fake_server.inspector.result_media import ResultMedium, media_of
from fake_server.journal.base import Filter, Journal
from fake_server.runs.gateway_headers import METADATA, kept_metadata

#: The call that an exchange repeats is searched among this many exchanges before it.
RETRY_WINDOW = 100

#: Maximum violations shown; an input may break the contract in thousands of locations.
MAX_VIOLATIONS = 50


@dataclass(frozen=True, slots=True)
class LocatedViolation:
    """One violation of the input, with its location in the request body.

    Args:
        violation: The violation.
        message: Its sentence; for one of several unknown members, a sentence about that one.
        location: Its location in the body.
        constraint: The constraint that is broken, if the contract has one for it.
        description: The nearest description in the input schema; empty if there is none.
    """

    violation: Violation
    message: str
    location: Location
    constraint: Constraint | None
    description: str


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A broken rule: its row in the rule table, and the finding."""

    rule: Rule
    finding: Finding


@dataclass(frozen=True, slots=True)
class ExchangeDetail:
    """Everything that the page shows of one exchange.

    Args:
        exchange: The exchange.
        violations: At most `MAX_VIOLATIONS` violations of the input.
        violations_left_out: Number of further violations.
        broken_rules: The rules that the exchange breaks, by itself or as a repetition.
        request: The request body.
        reply: The response body.
        media: The files of the result that this fake serves.
        metadata: What the gateway keeps of the call's metadata, as JSON; `None` without metadata.
        hint: How to get the model that the fake does not serve; empty for other replies.
    """

    exchange: Exchange
    violations: tuple[LocatedViolation, ...]
    violations_left_out: int
    broken_rules: tuple[BrokenRule, ...]
    request: FormattedBody
    reply: FormattedBody
    media: tuple[ResultMedium, ...]
    metadata: str | None
    hint: str


def exchange_detail(
    exchange: Exchange,
    journal: Journal,
    contract: Contract | ContractSet,
    suite: Suite = NO_SUITE,
    *,
    forwards: bool = False,
) -> ExchangeDetail:
    """Examine one exchange.

    Args:
        exchange: The exchange.
        journal: The journal that holds it and the calls before it.
        contract: The contract, or the set, that the fake serves.
        suite: The tests that a test runner has reported.
        forwards: Whether an upstream answers the runs, so that its reply is judged too.
    """
    contracts = ContractSet.of(contract)
    request = read_request(exchange)
    called = contract_of(exchange, contracts)
    found: tuple[LocatedViolation, ...] = ()
    if not request.problem:
        in_path = exchange.surface == "rest" and model_in_path(exchange.target)
        base = "" if in_path else pointer([INPUT_KEY[exchange.surface]])
        found = tuple(_violations(request.input, base, called))
    shown = found[:MAX_VIOLATIONS]
    return ExchangeDetail(
        exchange=exchange,
        violations=shown,
        violations_left_out=len(found) - len(shown),
        broken_rules=(
            *_broken_rules(exchange, journal, called, suite),
            *(_broken_by_server(exchange, called) if forwards else ()),
        ),
        request=format_body(exchange.request_body, [v.location for v in shown]),
        reply=format_body(exchange.response_body),
        media=media_of(read_reply(exchange, called).result),
        metadata=_metadata(exchange),
        hint=_hint(exchange, request.model, contracts),
    )


def _metadata(exchange: Exchange) -> str | None:
    sent = header(exchange, METADATA.decode())
    if sent is None:
        return None
    try:
        return dumps(kept_metadata(sent))
    except (JSONError, TypeError, ValueError):  # not a JSON object; the call was refused
        return None


def _hint(exchange: Exchange, model: Any, contracts: ContractSet) -> str:
    if exchange.outcome != "unknown-model" or exchange.fault or not isinstance(model, str):
        return ""
    return f"The fake has no contract of {model!r}{contracts.hint(model)}."


def _violations(value: Any, base: str, contract: Contract) -> Iterator[LocatedViolation]:
    for violation in leaves(validate(value, contract)):
        # One violation lists all unknown members; each gets its own mark, at its key.
        keys = violation.actual if violation.keyword == "additionalProperties" else (None,)
        constraint = _constraint(violation, contract)
        description = _description(violation, contract)
        for key in keys:
            location = Location(base + violation.instance, key)
            several = len(keys) > 1
            message = f"{quote(key)} is not allowed here" if several else violation.message
            yield LocatedViolation(violation, message, location, constraint, description)


def _constraint(violation: Violation, contract: Contract) -> Constraint | None:
    parts = violation.instance.split("/")
    for constraint in constraints(contract):
        pattern = constraint.instance.split("/")
        matches = len(parts) == len(pattern) and all(
            wanted in ("*", part) for part, wanted in zip(parts, pattern, strict=True)
        )
        if matches and constraint.schema == violation.schema:
            return constraint
    return None


def _description(violation: Violation, contract: Contract) -> str:
    """The `description` of the nearest schema around the violated keyword."""
    parent = violation.schema.rpartition("/")[0]
    while parent:
        schema = contract.document.at(parent)
        if isinstance(schema, dict) and isinstance(schema.get("description"), str):
            return str(schema["description"])
        parent = parent.rpartition("/")[0]
    return ""


def _broken_rules(
    exchange: Exchange, journal: Journal, contract: Contract, suite: Suite
) -> Iterator[BrokenRule]:
    """The findings about the exchange itself; its neighbours have their own pages."""
    number = exchange.number
    before = Filter(since=max(0, number - RETRY_WINDOW), before=number)
    earlier = journal.exchanges(exchange.account, before)
    for finding in judge_exchange(exchange, earlier, contract, suite):
        yield BrokenRule(RULES[finding.rule], finding)


def _broken_by_server(exchange: Exchange, contract: Contract) -> Iterator[BrokenRule]:
    """The findings about the upstream that made the reply."""
    if of_upstream(exchange):
        for finding in judge_server(exchange, None, contract).findings:
            yield BrokenRule(SERVER_RULES[finding.rule], finding)
