"""One exchange opened: what is wrong with it and where, what rules it breaks, what it would show.

The judge is built on what the fake records, not the fake on it: so it, its rules and the
coverage are looked up by name, and only when somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aleph_contract.cases.constraints import Constraint, constraints
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validate
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import dumps, pointer
from aleph_contract.schema.validation.violations import Violation, leaves
from fake_server import media
from fake_server.inspector.json_view import Place, Shown, lay_out
from fake_server.journal.base import Filter, Journal

#: Exchanges around the opened one among which repetitions of the same call are looked for.
AROUND = 500

#: Marks of one input; a hostile one may break the contract in a thousand places.
MOST = 50


@dataclass(frozen=True, slots=True)
class Trouble:
    """One violation of the request's input.

    Args:
        violation: The violation.
        place: Where it stands in the body.
        constraint: The constraint that is broken, if the contract names one.
        meaning: What the contract says of the value, in its own words.
    """

    violation: Violation
    place: Place
    constraint: Constraint | None
    meaning: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that the wire shows broken: the row of the rule table, and the finding."""

    rule: Any
    finding: Any


@dataclass(frozen=True, slots=True)
class Opened:
    """Everything that is shown of one exchange."""

    exchange: Exchange
    troubles: tuple[Trouble, ...]
    more_troubles: int
    unread: str
    broken: tuple[Broken, ...]
    request: Shown
    reply: Shown
    video: str | None


def opened(exchange: Exchange, journal: Journal, contract: Contract) -> Opened:
    """Look into one exchange."""
    from aleph_contract.rules.parsed_exchange import INPUT_KEY, read_reply, read_request

    request = read_request(exchange)
    found: tuple[Trouble, ...] = ()
    if not request.problem:
        base = pointer([INPUT_KEY[exchange.surface]])
        found = tuple(_troubles(request.input, base, contract))
    shown = found[:MOST]
    return Opened(
        exchange=exchange,
        troubles=shown,
        more_troubles=len(found) - len(shown),
        unread=request.problem if exchange.method == "POST" else "",
        broken=tuple(_broken(exchange, journal, contract)),
        request=lay_out(exchange.request_body, [trouble.place for trouble in shown]),
        reply=lay_out(exchange.response_body),
        video=_video(read_reply(exchange).video),
    )


def _troubles(value: Any, base: str, contract: Contract) -> Iterator[Trouble]:
    for violation in leaves(validate(value, contract)):
        names = violation.actual if violation.keyword == "additionalProperties" else (None,)
        constraint = _constraint(violation, contract)
        meaning = _meaning(violation, contract)
        for name in names:
            yield Trouble(violation, Place(base + violation.instance, name), constraint, meaning)


def _constraint(violation: Violation, contract: Contract) -> Constraint | None:
    parts = violation.instance.split("/")
    for constraint in constraints(contract):
        pattern = constraint.instance.split("/")
        fits = len(parts) == len(pattern) and all(
            wanted in ("*", part) for part, wanted in zip(parts, pattern, strict=True)
        )
        if fits and constraint.schema == violation.schema:
            return constraint
    return None


def _meaning(violation: Violation, contract: Contract) -> str:
    """The description that stands nearest around the keyword in the schema."""
    above = violation.schema.rpartition("/")[0]
    while above:
        schema = contract.document.at(above)
        if isinstance(schema, dict) and isinstance(schema.get("description"), str):
            return str(schema["description"])
        above = above.rpartition("/")[0]
    return ""


def _broken(exchange: Exchange, journal: Journal, contract: Contract) -> Iterator[Broken]:
    """Findings of the passive judge on the call that the exchange belongs to."""
    from aleph_contract.rules import RULES
    from aleph_contract.rules.traffic import judge_traffic

    for result in judge_traffic(_related(exchange, journal), contract):
        if exchange.number in [other.number for other in result.exchanges]:
            for finding in result.findings:
                yield Broken(RULES[finding.rule], finding)


def _related(exchange: Exchange, journal: Journal) -> Sequence[Exchange]:
    """The exchange, its repetitions, and where redirects of them led."""
    number, related = exchange.number, list[Exchange]()
    near = Filter(since=max(0, number - AROUND), before=number + AROUND)
    for other in journal.read(exchange.account, near):
        led = other.outcome == "elsewhere" and related and related[-1].number == other.number - 1
        if other.request_body == exchange.request_body or led:
            related.append(other)
    return related


def _video(url: Any) -> str | None:
    """The path of a video that this fake serves; no other is played."""
    path = urlsplit(url).path if isinstance(url, str) else ""
    return path if media.serves(path) else None


def literal(value: Any) -> str:
    """A limit as the contract writes it."""
    return dumps(value)
