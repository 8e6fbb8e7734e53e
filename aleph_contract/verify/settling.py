"""The exchanges of a case, once its client has reported."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aleph_contract.core.clock import Clock
from aleph_contract.core.exchange import Exchange

if TYPE_CHECKING:
    from aleph_contract.verify.fakes import FakeAccount

#: Seconds that the fake has to end the exchanges of a case before the case is judged.
SETTLE_SECONDS = 1.0

#: The same on a faster clock, at least, in seconds of the machine: it computes as slowly as ever.
MIN_SETTLE_SECONDS = 0.01


class Settling:
    """The exchanges of a case whose client has just reported.

    A client that has reported, but left its call open, gave up on it. It has not read a response
    that was sent later: such an exchange counts as cut. The journal has every exchange before the
    last bytes of its response are sent.

    Args:
        account: The account of the case.
        stuck: Whether there is no report, but its time is over.
    """

    def __init__(self, account: FakeAccount, *, stuck: bool) -> None:
        self._account = account
        self._stuck = stuck
        self._ended = not stuck and account.settle(0)
        #: The exchanges whose response the client may have read; all of them if its calls ended.
        self._read = () if self._ended else tuple(x.number for x in account.exchanges)

    def exchanges(self, clock: Clock) -> tuple[Exchange, ...]:
        """Wait until the calls have ended, or end them; return the exchanges.

        Args:
            clock: The clock of the client.
        """
        seconds = max(clock.wait(SETTLE_SECONDS), MIN_SETTLE_SECONDS)
        if self._ended:
            return self._account.exchanges
        if self._stuck or not self._account.settle(seconds):
            self._account.hang_up(SETTLE_SECONDS)
        return tuple(
            x if x.number in self._read or x.outcome == "cut" else _unread(x)
            for x in self._account.exchanges
        )


def _unread(exchange: Exchange) -> Exchange:
    """An exchange whose response the client has not read."""
    return replace(exchange, outcome="cut", status=None, response_headers=(), response_body=b"")
