"""Exchanges as rows of PostgreSQL, and filters as SQL conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

import orjson

from aleph_contract.core.body_start import START, BodyStart
from aleph_contract.core.exchange import Exchange
from fake_server.journal.base import Filter

#: The columns of an exchange and their types, in the order of the fields of `Exchange`.
TYPES: dict[str, str] = {
    "number": "BIGINT",
    "account": "TEXT",
    "surface": "TEXT",
    "method": "TEXT",
    "target": "BYTEA",
    "request_headers": "TEXT",
    "request_body": "BYTEA",
    "request_complete": "BOOLEAN",
    "credential": "TEXT",
    "status": "INTEGER",
    "response_headers": "TEXT",
    "response_body": "BYTEA",
    "outcome": "TEXT",
    "fault": "TEXT",
    "billed": "BOOLEAN",
    "billed_seconds": "TEXT",
    "cost": "TEXT",
    "received_at": "DOUBLE PRECISION",
    "elapsed": "DOUBLE PRECISION",
    "token_leaked": "BOOLEAN",
    "host": "BYTEA",
    "token_fingerprint": "TEXT",
}

COLUMNS = tuple(TYPES)
NAMES = ", ".join(COLUMNS)
if tuple(field.name for field in fields(Exchange)) != COLUMNS:
    raise AssertionError("the columns of a row are the fields of an exchange")

#: The fields that hold bodies.
BODIES = ("request_body", "response_body")

#: The columns of a list, in SQL. Of a large body it has the beginning here, and after all columns
#: its hash and its length: PostgreSQL reads nothing else of it.
LISTED_NAMES = ", ".join(
    [
        f"CASE WHEN {name}_sha256 IS NULL THEN {name} ELSE substr({name}, 1, {START}) END AS {name}"
        if name in BODIES
        else name
        for name in COLUMNS
    ]
    + [f"{name}_sha256, octet_length({name})" for name in BODIES]
)

NUMBER = COLUMNS.index("number")
RECEIVED_AT = COLUMNS.index("received_at")


def _headers(headers: Sequence[tuple[str, str]]) -> str:
    return orjson.dumps(headers).decode()


def _latin(text: str) -> bytes:
    """A text of a request line or header as bytes: PostgreSQL's TEXT cannot hold NUL."""
    return text.encode("latin-1", "replace")


#: Conversions of fields that PostgreSQL has no exact type for.
_WRITE: dict[str, Callable[[Any], Any]] = {
    "target": _latin,
    "host": _latin,
    "request_headers": _headers,
    "response_headers": _headers,
    "billed_seconds": lambda seconds: None if seconds is None else str(seconds),
    "cost": str,
}
_READ: dict[str, Callable[[Any], Any]] = {
    "target": lambda raw: raw.decode("latin-1"),
    "host": lambda raw: raw.decode("latin-1"),
    "request_headers": lambda text: tuple(map(tuple, orjson.loads(text))),
    "response_headers": lambda text: tuple(map(tuple, orjson.loads(text))),
    "billed_seconds": lambda text: None if text is None else Decimal(text),
    "cost": Decimal,
}
_WRITERS = tuple((COLUMNS.index(name), write) for name, write in _WRITE.items())
_READERS = tuple((COLUMNS.index(name), read) for name, read in _READ.items())


def row(exchange: Exchange) -> list[Any]:
    """The values of `COLUMNS` for an exchange."""
    values = [getattr(exchange, name) for name in COLUMNS]
    for index, write in _WRITERS:
        values[index] = write(values[index])
    return values


def exchange_of(record: Iterable[Any]) -> Exchange:
    """The exchange of a row that begins with `COLUMNS`."""
    values = list(record)[: len(COLUMNS)]
    for index, read in _READERS:
        values[index] = read(values[index])
    return Exchange(*values)


def listed_exchange_of(record: Iterable[Any]) -> Exchange:
    """The exchange of a row that begins with `LISTED_NAMES`; a large body is a `BodyStart`."""
    values = list(record)
    exchange = exchange_of(values)
    more = values[len(COLUMNS) : len(COLUMNS) + 2 * len(BODIES)]
    starts: dict[str, Any] = {
        name: BodyStart(getattr(exchange, name), length, sha256)
        for name, sha256, length in zip(BODIES, more[::2], more[1::2], strict=True)
        if sha256 is not None
    }
    return replace(exchange, **starts) if starts else exchange


@dataclass(frozen=True, slots=True)
class Query:
    """The condition and the order of a query on exchanges.

    Args:
        condition: SQL, with the parameters `$1` and so on.
        values: The parameters.
        key: The columns of the order, which identify an exchange.
    """

    condition: str
    values: tuple[Any, ...]
    key: tuple[str, ...]

    def page(self, size: int, after: Sequence[Any] | None, *, newest: bool) -> tuple[str, Any]:
        """SQL and parameters for the next `size` exchanges after the one with the key `after`."""
        order = "DESC" if newest else "ASC"
        values, condition = self.values, self.condition
        if after is not None:
            places = ", ".join(f"${len(values) + n + 1}" for n in range(len(after)))
            side = "<" if newest else ">"
            condition += f" AND ({', '.join(self.key)}) {side} ({places})"
            values = (*values, *after)
        by = ", ".join(f"{column} {order}" for column in self.key)
        sql = f"SELECT {LISTED_NAMES} FROM exchange WHERE {condition} ORDER BY {by} LIMIT {size}"  # noqa: S608 - constants only; values are bound
        return sql, values


#: The SQL condition of each field of a `Filter` that is set; `{}` is the place of its value.
_CONDITIONS = {
    "outcome": "outcome = {}",
    "status": "status = {}",
    "fault": "fault = {}",
    "text": "(position({} IN target) > 0 OR position({} IN request_body) > 0"
    " OR position({} IN response_body) > 0)",
    "since": "number > {}",
    "before": "number < {}",
}


def query(account: str | None, where: Filter) -> Query:
    """The query for the exchanges of one account, or of all, that a filter selects."""
    conditions, values = ["replica IS NULL"], list[Any]()
    if account is not None:
        values.append(account)
        conditions.append("account = $1")
    for name, sql in _CONDITIONS.items():
        value = getattr(where, name)
        if value is None or (name == "since" and not value):
            continue
        values.append(value.encode("utf-8", "surrogatepass") if name == "text" else value)
        conditions.append(sql.replace("{}", f"${len(values)}"))
    key = ("number",) if account is not None else ("received_at", "account", "number")
    return Query(" AND ".join(conditions), tuple(values), key)
