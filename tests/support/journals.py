"""Helpers of the journal tests: a sample exchange, appending and reading."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from aleph_contract.core.exchange import Exchange
from fake_server.journal.base import EVERYTHING, Filter, Journal

EXCHANGE = Exchange(
    number=1,
    account="a",
    surface="rest",
    method="POST",
    target="/client/v4/accounts/a/ai/run",
    request_headers=(("host", "127.0.0.1"), ("x", "\u00e9"), ("x", "2")),
    request_body=b'{"prompt":"\xff\x00"}',
    request_complete=True,
    credential="accepted",
    status=200,
    response_headers=(("content-type", "application/json"),),
    response_body=b"{}",
    outcome="completed",
    billed=True,
    billed_seconds=Decimal("5.10"),
    cost=Decimal("1.7136"),
    received_at=1.25,
    elapsed=0.5,
    host="127.0.0.1",
)


def put(journal: Journal, account: str = "a", *, size: int = 100, **values: object) -> Exchange:
    """Append one exchange, as the fake does."""
    number = journal.arrive(account)
    made = replace(EXCHANGE, number=number, account=account, received_at=float(number), **values)  # type: ignore[arg-type]
    assert journal.append(account, number, lambda: made, size) is None
    return made


def numbers(journal: Journal, account: str | None = "a", where: Filter = EVERYTHING) -> list[int]:
    """The numbers of the exchanges that a filter finds."""
    return [e.number for e in journal.exchanges(account, where)]
