"""Read what a server took for each call, where it says so.

Only a fake of this project on this machine does: its control API has the bill of an account. No
reply of the live API names a price, and nothing is asked of a server on another machine; `judge`
compares the costs in a log of AI Gateway instead.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation

from aleph_contract.verify.server.sender import Sender

_HEALTH = "/__aleph__/health"
_BILL = "/__aleph__/accounts/{account}/bill"
_OK = 200


class Bill:
    """The bill of the account that the calls use.

    Args:
        sender: The connection to the server.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._path = _BILL.format(account=sender.target.account_id)
        self._readable = False
        self._before = Decimal(0)

    def start(self) -> None:
        """Find out whether the bill can be read, and from which amount it counts.

        Raises:
            CouldNotRun: The server does not answer.
        """
        target = self._sender.target
        here = target.loopback and target.surface == "rest"
        self._readable = here and self._sender.get(_HEALTH).status == _OK
        self._before = self._usd() or Decimal(0)

    def taken(self) -> Decimal | None:
        """USD that the server took since the last time; `None` if it does not say."""
        now = self._usd()
        if now is None:
            return None
        taken, self._before = now - self._before, now
        return taken

    def _usd(self) -> Decimal | None:
        if not self._readable:
            return None
        reply = self._sender.get(self._path)
        try:
            return Decimal(json.loads(reply.body)["usd"]) if reply.status == _OK else None
        except (ValueError, KeyError, TypeError, InvalidOperation):
            return None
