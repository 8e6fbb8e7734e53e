"""The exchanges of a case, once its client has reported."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aleph_contract.core.clock import Clock
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.outcome import Outcome

if TYPE_CHECKING:
    from aleph_contract.verify.fakes import FakeAccount

#: Seconds that the fake has to end the exchanges of a case before the case is judged.
SETTLE_SECONDS = 1.0

#: The same on a faster clock, at least, in seconds of the machine: it computes as slowly as ever.
MIN_SETTLE_SECONDS = 0.01


def settled(account: FakeAccount, outcome: Outcome, clock: Clock) -> tuple[Exchange, ...]:
    """Wait until the calls of a case have ended, or end them; return the exchanges.

    A client that has reported, but left its call open, gave up on it. It has not read a response
    that was sent later: such an exchange counts as cut. The journal has every exchange before the
    last bytes of its response are sent.

    Args:
        account: The account of the case.
        outcome: The report of the client, which has just arrived.
        clock: The clock of the client.
    """
    stuck = outcome.kind == "stuck"
    if not stuck and account.settle(0):
        return account.exchanges
    read = {exchange.number for exchange in account.exchanges}
    if stuck or not account.settle(max(clock.wait(SETTLE_SECONDS), MIN_SETTLE_SECONDS)):
        account.hang_up(SETTLE_SECONDS)
    return tuple(
        x if x.number in read or x.outcome == "cut" else _unread(x) for x in account.exchanges
    )


def _unread(exchange: Exchange) -> Exchange:
    """An exchange whose response the client has not read."""
    return replace(exchange, outcome="cut", status=None, response_headers=(), response_body=b"")
