"""What PostgreSQL and its driver report, as one sentence for the user."""

from __future__ import annotations

import asyncio

import asyncpg

#: The errors of a connection that cannot be made, is lost, or is refused by the server.
FAILURES = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the connection was lost within a statement
)

#: The sentence for a database that refuses every write.
READ_ONLY = "the database is read-only; use the primary server, and a user that may write"

_OTHER_TABLES = "the tables in the schema aleph_contract are not those of this program: {error}"

#: The sentence for each class of error; the first class that fits counts.
_SENTENCES: tuple[tuple[type[BaseException], str], ...] = (
    (
        asyncpg.InvalidPasswordError,
        "the password is wrong; put it in the URL, in PGPASSWORD or in ~/.pgpass",
    ),
    (asyncpg.InvalidAuthorizationSpecificationError, "the server refuses the user: {error}"),
    (
        asyncpg.InvalidCatalogNameError,
        "the database does not exist; create it with `createdb NAME`",
    ),
    (asyncpg.ReadOnlySQLTransactionError, READ_ONLY),
    (asyncpg.DiskFullError, "the disk of the database is full; free space, or start with --keep"),
    (asyncpg.InsufficientPrivilegeError, "the user may not do this: {error}"),
    (asyncpg.CannotConnectNowError, "the server is starting or stopping"),
    (asyncpg.TooManyConnectionsError, "the server has no free connection; raise max_connections"),
    (asyncpg.ClientConfigurationError, "the URL is wrong: {error}"),
    (asyncpg.UndefinedObjectError, "the URL is wrong: {error}"),  # an unknown parameter
    (asyncpg.CantChangeRuntimeParamError, "the URL is wrong: {error}"),
    (asyncpg.UndefinedTableError, _OTHER_TABLES),
    (asyncpg.UndefinedColumnError, _OTHER_TABLES),
    (asyncpg.DuplicateTableError, _OTHER_TABLES),
    (asyncpg.PostgresConnectionError, "the connection was lost"),
    (asyncpg.InterfaceError, "the connection was lost"),
    (asyncpg.InternalClientError, "the connection was lost"),
    (ConnectionRefusedError, "no PostgreSQL server answers at this address"),
    (FileNotFoundError, "no PostgreSQL server answers at this socket"),
    (asyncio.TimeoutError, "the server does not answer in time"),
    (OSError, "the server cannot be reached: {error}"),
    (ValueError, "the URL is wrong: {error}"),
)


def sentence(error: BaseException) -> str:
    """The reason of a failure, in one sentence."""
    for kind, text in _SENTENCES:
        if isinstance(error, kind):
            return text.format(error=" ".join(str(error).split()))
    return " ".join(str(error).split()) or type(error).__name__
