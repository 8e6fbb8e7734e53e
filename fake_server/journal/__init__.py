"""The journal: every exchange of every account, in order."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from aleph_contract.core.private_folder import remove_abandoned
from aleph_contract.errors import ArgumentError
from fake_server.journal.base import EVERYTHING, Filter, Journal, Tally
from fake_server.journal.listeners import PendingExchange, built
from fake_server.journal.memory import MemoryJournal
from fake_server.journal.waiting import wait_for, wait_for_async

__all__ = [
    "EVERYTHING",
    "Filter",
    "Journal",
    "MemoryJournal",
    "PendingExchange",
    "Tally",
    "built",
    "open_journal",
    "wait_for",
    "wait_for_async",
]

#: The schemes of a PostgreSQL URL, as libpq reads it.
_POSTGRESQL = ("postgresql", "postgres")


def open_journal(where: str, *, keep: Iterable[str] = (), durability: str = "sync") -> Journal:
    """Open a journal.

    Args:
        where: `memory`, `sqlite:PATH` to keep every exchange, or `postgresql://…` to share the
            exchanges and the accounts with other fakes.
        keep: Which exchanges a journal in PostgreSQL keeps; see `parse_keep`.
        durability: `sync` or `async`, for a journal in PostgreSQL.

    Raises:
        ArgumentError: It is none of these, or the file or the database cannot be used.
    """
    kind, _, path = where.partition(":")
    if kind.lower() in _POSTGRESQL:
        return _open_postgresql(where, keep, durability)
    if [*keep] or durability != "sync":
        raise ArgumentError("--keep and --durability need --journal postgresql://…")
    if where == "memory":
        remove_abandoned(Path(tempfile.gettempdir()))  # bodies that a killed fake has left
        return MemoryJournal()
    if kind == "sqlite" and path not in ("", ":memory:"):
        from fake_server.journal.sqlite import SQLiteJournal  # imports sqlite3 only when used

        return SQLiteJournal(path)
    shown = f"{kind}:…" if "@" in where else where  # it may hold a password
    raise ArgumentError(f"journal {shown!r}: it is memory, sqlite:PATH or postgresql://…")


def _open_postgresql(url: str, keep: Iterable[str], durability: str) -> Journal:
    try:
        import asyncpg  # noqa: F401 - an optional dependency
    except ImportError:
        raise ArgumentError(
            "a journal in PostgreSQL needs asyncpg; install it with "
            "`pip install 'aleph-contract[postgresql]'`"
        ) from None
    from fake_server.journal.postgresql import PostgreSQLJournal
    from fake_server.journal.retention import parse_keep

    return PostgreSQLJournal(url, durability=durability, keep=parse_keep(keep))
