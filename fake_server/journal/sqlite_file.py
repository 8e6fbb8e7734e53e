"""The file of the journal in SQLite: its tables, their versions, and its lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from pathlib import Path
from typing import TextIO

#: `PRAGMA application_id` of the file: "alep".
APPLICATION_ID = 0x616C6570

#: Version of the tables (`PRAGMA user_version`).
SCHEMA_VERSION = 3

_ACCOUNT_TABLE = """
CREATE TABLE IF NOT EXISTS account (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL              -- JSON, see fake_server.state.kept_accounts
)"""

_TABLES = (
    """
CREATE TABLE exchange (
    account TEXT NOT NULL,
    number INTEGER NOT NULL,
    surface TEXT NOT NULL,
    method TEXT NOT NULL,
    target TEXT NOT NULL,
    request_headers TEXT NOT NULL,   -- JSON: [[name, value], ...]
    request_complete INTEGER NOT NULL,
    credential TEXT NOT NULL,
    status INTEGER,
    response_headers TEXT NOT NULL,  -- JSON: [[name, value], ...]
    outcome TEXT NOT NULL,
    fault TEXT,
    billed INTEGER NOT NULL,
    billed_seconds TEXT,             -- decimal
    cost TEXT NOT NULL,              -- decimal, USD
    received_at REAL NOT NULL,       -- Unix time, seconds
    elapsed REAL NOT NULL,           -- seconds
    token_leaked INTEGER NOT NULL,
    host TEXT NOT NULL,
    token_fingerprint TEXT NOT NULL,
    -- The bodies are last: to read a column, SQLite reads every page of the columns before it.
    response_body BLOB NOT NULL,
    request_body BLOB NOT NULL,
    PRIMARY KEY (account, number)
)""",
    """
CREATE TABLE numbering (             -- the last number of accounts that were cleared
    account TEXT PRIMARY KEY,
    number INTEGER NOT NULL
)""",
    _ACCOUNT_TABLE,
)

#: Version of a file -> the statement that brings its tables to the next version.
_MIGRATIONS = {
    1: "ALTER TABLE exchange ADD COLUMN token_fingerprint TEXT NOT NULL DEFAULT ''",
    2: _ACCOUNT_TABLE,
}


_BEGIN = "BEGIN IMMEDIATE"
_WRITE_AHEAD = "PRAGMA journal_mode = WAL"
_SYNC_LESS = "PRAGMA synchronous = NORMAL"
_APPLICATION = "PRAGMA application_id"
_VERSION = "PRAGMA user_version"
_TABLE_COUNT = "SELECT count(*) FROM sqlite_master"
_SET_APPLICATION = f"{_APPLICATION} = {APPLICATION_ID}"
_SET_VERSION = f"{_VERSION} = {SCHEMA_VERSION}"


def open_file(path: Path) -> sqlite3.Connection:
    """Open a journal for writing; create it, or bring its tables to this version.

    Raises:
        sqlite3.Error: It is not a journal, or one of a later version.
        OSError: It cannot be created.
    """
    # The file holds prompts and tokens: it is for this user only.
    with contextlib.suppress(OSError):  # if it cannot be created, SQLite says why
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        with connection:
            connection.execute(_BEGIN)
            _prepare(connection)
        connection.execute(_WRITE_AHEAD)
        connection.execute(_SYNC_LESS)
    except BaseException:
        connection.close()
        raise
    return connection


def stamps(connection: sqlite3.Connection) -> tuple[int, int]:
    """The application id and the version of the tables that stand in the file."""
    (application,) = connection.execute(_APPLICATION).fetchone()
    (version,) = connection.execute(_VERSION).fetchone()
    return application, version


def _prepare(connection: sqlite3.Connection) -> None:
    """Create the tables in an empty file; check and migrate those of any other file."""
    application, version = stamps(connection)
    (tables,) = connection.execute(_TABLE_COUNT).fetchone()
    if not tables:
        for table in _TABLES:
            connection.execute(table)
        connection.execute(_SET_APPLICATION)
        connection.execute(_SET_VERSION)
    elif application != APPLICATION_ID:
        raise sqlite3.DatabaseError("the file belongs to another program")
    elif version in _MIGRATIONS:
        for statement in (_MIGRATIONS[number] for number in range(version, SCHEMA_VERSION)):
            connection.execute(statement)
        connection.execute(_SET_VERSION)
    elif version != SCHEMA_VERSION:
        raise sqlite3.DatabaseError(
            f"its tables have version {version}; this program reads and writes {SCHEMA_VERSION}"
        )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def lock_file(path: Path) -> TextIO:
    """Lock the journal against other fakes until this process ends.

    The lock is on a file beside it: opening and closing the database file itself would release the
    locks of SQLite (fcntl(2): closing any descriptor of a file drops the process's locks on it).
    """
    lock = open(f"{path}-lock", "a", encoding="ascii", opener=_private)  # noqa: SIM115 - held open
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise OSError("another fake is writing to it") from None
    return lock
