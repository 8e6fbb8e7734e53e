"""Databases that the journal cannot use, and URLs that are wrong: one sentence at the start."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from typing import Any

import asyncpg.types
import pytest
from postgresql_server import PostgreSQLServer, query, set_read_only

from aleph_contract.errors import ArgumentError
from fake_server.journal import open_journal
from fake_server.journal.postgresql.schema import prepare


def refusal(url: str, *options: str) -> str:
    """The line that `serve` prints when it does not start, with exit code 2."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "aleph_contract",
            "serve",
            "--port",
            "0",
            "--journal",
            url,
            *options,
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


class TestRefusals:
    """A database that cannot be used is refused with one sentence, without the password."""

    @pytest.mark.parametrize(
        ("url", "sentence"),
        [
            ("postgresql://u:secret@127.0.0.1:1/d", "no PostgreSQL server answers"),
            ("postgresql://u:secret@127.0.0.1:x/d", "a port is a number from 1 to 65535, not 'x'"),
            ("postgresql://u:secret@127.0.0.1:99999/d", "65535, not '99999'"),
            ("postgresql://u:secret@/d?host=127.0.0.1&port=-1", "65535, not '-1'"),
            ("postgresql://u:secret@a:1,[::1]:0/d", "65535, not '0'"),
            ("postgresql://u:secret@[::1/d", "the URL is wrong: Invalid IPv6 URL"),
            ("postgresql://u:se@secret@127.0.0.1/d", "write an @ in the password as %40"),
            ("postgresql:d?password=secret", "it begins with postgresql://"),
            ("postgresql://u:secret@127.0.0.1/d?sslmode=maybe", "the URL is wrong: `sslmode`"),
            (
                "postgresql://u:secret@127.0.0.1/d?sslmode=verify-full&sslrootcert=/nowhere.pem",
                "sslrootcert names the file /nowhere.pem, which does not exist",
            ),
            ("POSTGRESQL://u:secret@127.0.0.1:1/d", "no PostgreSQL server answers"),
            ("postgress://u:secret@127.0.0.1/d", "it is memory, sqlite:PATH or postgresql://"),
            ("postgresql://u@/d?host=/nowhere&password=secret", "no PostgreSQL server answers"),
            ("postgresql://u:secret@no-such-host.invalid/d", "the server cannot be reached"),
        ],
    )
    def test_a_wrong_url(self, url: str, sentence: str) -> None:
        with pytest.raises(ArgumentError) as caught:
            open_journal(url)
        assert sentence in str(caught.value)
        assert "secret" not in str(caught.value)

    def test_an_unknown_parameter(self, database: str) -> None:
        with pytest.raises(ArgumentError, match=r'the URL is wrong: unrecognized .* "sslmod"'):
            open_journal(f"{database}&sslmod=require")

    def test_an_old_server(self) -> None:
        class Old:
            """A connection to a server of a version that cannot be installed here."""

            @staticmethod
            def get_server_version() -> Any:
                return asyncpg.types.ServerVersion(13, 4, 0, "final", 0)

        with pytest.raises(ArgumentError, match="is PostgreSQL 13; it must be 14 or later"):
            asyncio.run(prepare(Old()))

    def test_another_encoding(self, postgresql: PostgreSQLServer) -> None:
        postgresql.execute(
            "postgres", "CREATE DATABASE latin ENCODING LATIN1 LOCALE 'C' TEMPLATE template0"
        )
        with pytest.raises(ArgumentError, match="encoding LATIN1; create it with `createdb -E"):
            open_journal(postgresql.url("latin"))

    @pytest.mark.parametrize(
        ("table", "sentence"),
        [
            ("program (x INTEGER)", 'not those of this program: column "version" does not exist'),
            ("account (x INTEGER)", 'not those of this program: relation "account" already'),
            (
                "program (version INTEGER, fingerprint_key BYTEA)",
                "the table aleph_contract.program is empty, so the version",
            ),
        ],
    )
    def test_tables_of_another_program(self, database: str, table: str, sentence: str) -> None:
        query(database, "CREATE SCHEMA aleph_contract")
        query(database, f"CREATE TABLE aleph_contract.{table}")
        with pytest.raises(ArgumentError, match=re.escape(sentence)):
            open_journal(database)

    def test_a_missing_database(self, postgresql: PostgreSQLServer) -> None:
        with pytest.raises(ArgumentError, match="database does not exist; create it with"):
            open_journal(postgresql.url("nosuch"))

    def test_a_wrong_password(self, postgresql: PostgreSQLServer) -> None:
        postgresql.require_password("keyed", "right")
        with pytest.raises(ArgumentError, match="the password is wrong; put it in"):
            open_journal(postgresql.url("postgres").replace("aleph@", "keyed:wrong@"))

    def test_a_read_only_database(self, postgresql: PostgreSQLServer, database: str) -> None:
        set_read_only(postgresql, database, "on")
        with pytest.raises(ArgumentError, match="read-only; use the primary"):
            open_journal(database)

    def test_a_user_without_rights(self, postgresql: PostgreSQLServer, database: str) -> None:
        postgresql.execute("postgres", "CREATE ROLE weak LOGIN")
        with pytest.raises(ArgumentError, match="the user may not do this: permission denied"):
            open_journal(database.replace("aleph@", "weak@"))

    def test_a_wrong_durability(self, database: str) -> None:
        with pytest.raises(ArgumentError, match="durability is sync or async, not 'maybe'"):
            open_journal(database, durability="maybe")

    def test_the_command_prints_one_line(self) -> None:
        line = refusal("postgresql://u:secret@127.0.0.1:1/d")
        assert line.endswith("no PostgreSQL server answers at this address")
        assert "journal postgresql://u@127.0.0.1:1/d: " in line
