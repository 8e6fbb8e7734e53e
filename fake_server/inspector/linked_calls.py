"""Calls that belong together: a call, its repetitions and the redirects that it followed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.retry_grouping import LinkedRun, group
from aleph_contract.rules.suite import NO_SUITE, Suite
from aleph_contract.rules.traffic import is_judged
from fake_server.inspector.call_summary import CallId, call_id, is_perhaps_billed


@dataclass(frozen=True, slots=True)
class CallLink:
    """How a call continues an earlier call of its run.

    Args:
        previous: The call before it.
        wait: Seconds from the end of that call to its own start.
        position: Its position in the run, from 1.
        doubt: See `LinkedRun`.
    """

    previous: Exchange
    wait: float
    position: int
    doubt: str


@dataclass(frozen=True, slots=True)
class RunCost:
    """What the calls of one run cost together.

    Args:
        usd: USD of the completed calls.
        perhaps_usd: USD of the calls that the service may have charged for.
        unpriced: Number of charged calls whose price is unknown.
    """

    usd: Decimal
    perhaps_usd: Decimal
    unpriced: int


def runs_of(exchanges: Iterable[Exchange], suite: Suite = NO_SUITE) -> list[LinkedRun]:
    """The runs of exchanges of any accounts, in the order of their first calls."""
    by_account: dict[str, list[Exchange]] = {}
    for exchange in sorted(exchanges, key=lambda found: found.number):
        if is_judged(exchange):
            by_account.setdefault(exchange.account, []).append(exchange)
    runs = [run for calls in by_account.values() for run in group(calls, suite)]
    return sorted(runs, key=lambda run: run.calls[0].received_at)


def links_of(run: LinkedRun) -> list[tuple[Exchange, CallLink | None]]:
    """The calls of a run, each with its link to the call before it."""
    links: list[tuple[Exchange, CallLink | None]] = [(run.calls[0], None)]
    for position, (previous, call) in enumerate(zip(run.calls, run.calls[1:], strict=False), 2):
        links.append((call, CallLink(previous, _wait(previous, call), position, run.doubt)))
    return links


def links_by_call(exchanges: Iterable[Exchange], suite: Suite = NO_SUITE) -> dict[CallId, CallLink]:
    """The links of the calls that continue an earlier call."""
    linked = (pair for run in runs_of(exchanges, suite) for pair in links_of(run))
    return {call_id(call): link for call, link in linked if link}


def cost_of(run: LinkedRun) -> RunCost:
    """What the calls of a run cost together."""
    perhaps = [call for call in run.calls if is_perhaps_billed(call)]
    return RunCost(
        usd=sum((call.cost for call in run.calls), Decimal(0)) - sum(c.cost for c in perhaps),
        perhaps_usd=sum((call.cost for call in perhaps), Decimal(0)),
        unpriced=sum(call.billed and not call.cost for call in run.calls),
    )


def _wait(previous: Exchange, call: Exchange) -> float:
    return max(0.0, call.received_at - previous.received_at - previous.elapsed)
