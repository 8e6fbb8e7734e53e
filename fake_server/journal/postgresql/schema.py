"""The tables in PostgreSQL, and their versions.

Every fake that starts brings the tables to its own version. A fake that finds a later version
refuses to start: it would not fill columns that later fakes rely on.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from aleph_contract.core.body_start import LARGE_BODY
from aleph_contract.errors import ArgumentError

#: The PostgreSQL schema that holds the tables, so that other programs can share the database.
SCHEMA = "aleph_contract"

#: The oldest PostgreSQL that is accepted; its authors do not fix earlier ones any more.
OLDEST_SERVER = 14

#: Key of the advisory lock that a migration holds: of several replicas that start, one migrates.
_LOCK = 0x616C6570

_Statements = tuple[str, ...]

#: The statements that lead from version n to n + 1; the position is n. Never change an entry that
#: was released; append one.
MIGRATIONS: Sequence[_Statements] = (
    (
        """
CREATE TABLE account (
    id TEXT PRIMARY KEY,
    token TEXT UNIQUE,
    profile TEXT NOT NULL,
    credits TEXT,                        -- decimal, USD
    spend_limit TEXT,                    -- decimal, USD
    spend_limit_lag INTEGER NOT NULL DEFAULT 0,
    parent TEXT,                         -- the account whose scenario it shares
    runs BIGINT NOT NULL DEFAULT 0,
    seconds TEXT NOT NULL DEFAULT '0',   -- decimal
    usd TEXT NOT NULL DEFAULT '0',       -- decimal
    unpriced BIGINT NOT NULL DEFAULT 0,
    doubtful_runs BIGINT NOT NULL DEFAULT 0,
    doubtful_usd TEXT NOT NULL DEFAULT '0',
    unknown TEXT NOT NULL DEFAULT '',
    last_number BIGINT NOT NULL DEFAULT 0,
    total BIGINT NOT NULL DEFAULT 0,     -- exchanges since the account was last cleared
    dropped BIGINT NOT NULL DEFAULT 0,   -- of these, deleted by --keep
    last_seen DOUBLE PRECISION NOT NULL DEFAULT 0
) WITH (fillfactor = 50)                 -- room for updates in place: every run updates its row
""",
        """
CREATE TABLE step (                      -- the steps that are left of a scenario, in order
    account TEXT NOT NULL REFERENCES account ON DELETE CASCADE,
    position INTEGER NOT NULL,
    fault TEXT,
    times BIGINT,
    retry_after BIGINT,
    delay DOUBLE PRECISION,
    PRIMARY KEY (account, position)
)""",
        """
CREATE TABLE exchange (
    number BIGINT NOT NULL,
    account TEXT NOT NULL,
    surface TEXT NOT NULL,
    method TEXT NOT NULL,
    target BYTEA NOT NULL,
    request_headers TEXT NOT NULL,       -- JSON: [[name, value], ...]
    request_body BYTEA NOT NULL,
    request_complete BOOLEAN NOT NULL,
    credential TEXT NOT NULL,
    status INTEGER,
    response_headers TEXT NOT NULL,      -- JSON: [[name, value], ...]
    response_body BYTEA NOT NULL,
    outcome TEXT NOT NULL,
    fault TEXT,
    billed BOOLEAN NOT NULL,
    billed_seconds TEXT,                 -- decimal
    cost TEXT NOT NULL,                  -- decimal, USD
    received_at DOUBLE PRECISION NOT NULL,  -- Unix time by the clock of the database, seconds
    elapsed DOUBLE PRECISION NOT NULL,   -- seconds
    token_leaked BOOLEAN NOT NULL,
    host BYTEA NOT NULL,
    token_fingerprint TEXT NOT NULL,
    replica INTEGER,                     -- the replica that is still answering it; else NULL
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (account, number)
)""",
        "CREATE INDEX exchange_by_time ON exchange (received_at, account, number)",
        "CREATE INDEX exchange_unfinished ON exchange (replica) WHERE replica IS NOT NULL",
        "CREATE INDEX exchange_by_position ON exchange (position)",
        """
CREATE TABLE verdict (
    account TEXT PRIMARY KEY,
    total BIGINT NOT NULL DEFAULT 0,
    dropped BIGINT NOT NULL DEFAULT 0,
    unjudged BIGINT NOT NULL DEFAULT 0,
    findings TEXT NOT NULL DEFAULT '{}'  -- JSON: findings by the number of the last exchange
)""",
        """
CREATE TABLE suite_test (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    process TEXT NOT NULL,
    name TEXT NOT NULL,
    repeats BOOLEAN NOT NULL,
    outcome TEXT NOT NULL DEFAULT 'running',
    running BOOLEAN NOT NULL DEFAULT TRUE
)""",
        """
CREATE TABLE suite_border (              -- from this time on a process runs this test, or none
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    process TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    number BIGINT
)""",
        "CREATE TABLE suite_account (account TEXT PRIMARY KEY, process TEXT NOT NULL)",
    ),
    # Lists show the hash of a large body, and do not read the body: see `rows.LISTED_NAMES`.
    tuple(
        f"""
ALTER TABLE exchange ADD COLUMN {body}_sha256 TEXT GENERATED ALWAYS AS (
    CASE WHEN octet_length({body}) > {LARGE_BODY} THEN encode(sha256({body}), 'hex') END
) STORED"""
        for body in ("request_body", "response_body")
    ),
)


async def prepare(connection: Any, migrations: Sequence[_Statements] = MIGRATIONS) -> bytes:
    """Bring the tables to the version of this program.

    Returns:
        The key of the token fingerprints, which all replicas share.

    Raises:
        ArgumentError: The server is too old, is read-only, has another encoding than UTF-8, or has
            tables of a later version.
    """
    server = connection.get_server_version()
    if server.major < OLDEST_SERVER:
        raise ArgumentError(
            f"the server is PostgreSQL {server.major}; it must be {OLDEST_SERVER} or later"
        )
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise ArgumentError(
            f"the database has the encoding {encoding}; create it with "
            "`createdb -E UTF8 -T template0 NAME`"
        )
    if await connection.fetchval("SELECT pg_is_in_recovery()"):
        raise ArgumentError("the server is a standby, which is read-only; use the primary server")
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        version, key = await _version(connection)
        if version > len(migrations):
            raise ArgumentError(
                f"its tables have version {version}, and this program knows versions up to "
                f"{len(migrations)}; upgrade aleph-contract on this machine"
            )
        for statements in migrations[version:]:
            for statement in statements:
                await connection.execute(statement)
        if version < len(migrations):
            await connection.execute("UPDATE program SET version = $1", len(migrations))
    return key


async def _version(connection: Any) -> tuple[int, bytes]:
    """Version of the tables, 0 if there are none, and the key of the fingerprints."""
    if await connection.fetchval("SELECT to_regclass($1)", f"{SCHEMA}.program") is None:
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        await connection.execute(
            "CREATE TABLE program (version INTEGER NOT NULL, fingerprint_key BYTEA NOT NULL)"
        )
        await connection.execute("INSERT INTO program VALUES (0, $1)", secrets.token_bytes(32))
    row = await connection.fetchrow("SELECT version, fingerprint_key FROM program")
    if row is None:
        raise ArgumentError(
            f"the table {SCHEMA}.program is empty, so the version of the tables is unknown; delete "
            f"the schema with `DROP SCHEMA {SCHEMA} CASCADE`"
        )
    return row["version"], row["fingerprint_key"]
