"""The beginnings of the large bodies in an SQLite file, so that lists do not read the bodies."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict

from aleph_contract.core.body_start import LARGE_BODY, is_large, start_of
from aleph_contract.core.exchange import Exchange

#: The fields that hold bodies.
BODIES = ("request_body", "response_body")

#: Bound on the beginnings in memory; one more, and the oldest is read from the file when needed.
MAX_STARTS = 5000


def listed_columns(columns: tuple[str, ...]) -> str:
    """The columns of a list, in SQL: a large body is NULL, which reads nothing of it."""
    return ", ".join(
        f"CASE WHEN length({name}) > {LARGE_BODY} THEN NULL ELSE {name} END AS {name}"
        if name in BODIES
        else name
        for name in columns
    )


class BodyStarts:
    """The `BodyStart` of each large body, by account, number and field."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, str], bytes] = OrderedDict()

    def add(self, exchange: Exchange) -> None:
        """Keep those of an exchange."""
        for name in BODIES:
            body = getattr(exchange, name)
            if is_large(body):
                self._keep((exchange.account, exchange.number, name), start_of(body))

    def of(self, account: str, number: int, name: str, connection: sqlite3.Connection) -> bytes:
        """The beginning of one body; read from the file if it is not kept."""
        key = account, number, name
        found = self._kept.get(key)
        if found is None:
            query = f"SELECT {name} FROM exchange WHERE account = ? AND number = ?"  # noqa: S608 - a constant name
            row = connection.execute(query, (account, number)).fetchone()
            found = start_of(row[0]) if row else b""  # the exchange was deleted meanwhile
            self._keep(key, found)
        return found

    def _keep(self, key: tuple[str, int, str], start: bytes) -> None:
        self._kept[key] = start
        if len(self._kept) > MAX_STARTS:
            self._kept.popitem(last=False)
