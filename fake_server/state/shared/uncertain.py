"""Runs whose commit may or may not have happened, because the connection broke meanwhile.

Their clients got status 503. If the commit did happen, the journal says otherwise: `correct`
records what was sent, and moves the charge to the runs that the service may have charged for.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from fake_server.replies.failures import FAILURES, JSON_TYPE, failure_body
from fake_server.state.shared.snapshot import CHANGING, Snapshot

_FIND = """
SELECT e.account, e.number, e.outcome, e.billed_seconds, e.cost, e.replica
FROM unnest($1::text[], $2::bigint[], $3::float8[]) AS u (account, number, received_at)
JOIN exchange e USING (account, number, received_at) ORDER BY e.account, e.number"""

_CORRECT = """
UPDATE exchange SET status = $3, response_headers = $4, response_body = $5, outcome = $6,
replica = NULL WHERE account = $1 AND number = $2"""

_SETTERS = ", ".join(f"{name} = ${n}" for n, name in enumerate(CHANGING, 2))
_UPDATE = f"UPDATE account SET {_SETTERS} WHERE id = $1"  # noqa: S608 - constants only

_SENT = FAILURES["unavailable"]


class StoredRun(NamedTuple):
    """An exchange that a transaction stores; `received_at` tells it from a later one."""

    account: str
    number: int
    received_at: float


async def correct(connection: Any, runs: Sequence[StoredRun]) -> None:
    """Correct the exchanges of these runs, if they were committed."""
    async with connection.transaction():
        locked = await connection.fetch(
            "SELECT * FROM account WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE",
            [run.account for run in runs],
        )
        accounts = {row["id"]: Snapshot(dict(row)) for row in locked}
        for found in await connection.fetch(_FIND, *map(list, zip(*runs, strict=True))):
            await connection.execute(
                _CORRECT,
                found["account"],
                found["number"],
                _SENT.status,
                orjson.dumps([["content-type", JSON_TYPE]]).decode(),
                failure_body(_SENT, _SENT.message),
                _SENT.outcome,
            )
            account = accounts[found["account"]]
            account.total += found["replica"] is not None
            if found["outcome"] == "completed" or found["replica"] is not None:
                _move_charge(account, found)
        for account in accounts.values():
            await connection.execute(_UPDATE, account.id, *account.state())


def _move_charge(account: Snapshot, found: Any) -> None:
    """Bill a run as one that the service may have charged for."""
    seconds = found["billed_seconds"]
    cost = Decimal(found["cost"])
    account.uncharge(None if seconds is None else Decimal(seconds), cost)
    account.bill_maybe(cost)
