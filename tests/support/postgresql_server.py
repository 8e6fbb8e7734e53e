"""A PostgreSQL server in a folder of its own, run by an ordinary user, for the tests."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from waiting import PATIENCE

#: Where Debian installs the programs, which are not on PATH.
_DEBIAN = "/usr/lib/postgresql/*/bin/initdb"

_USER = "aleph"

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "fsync": "on",  # a test kills the server
    "recovery_init_sync_method": "syncfs",
    "autovacuum": "off",
    "max_wal_size": "64MB",
}


def find_programs() -> Path:
    """The folder of `initdb`; without it the test is skipped, or fails in CI."""
    found = shutil.which("initdb")
    paths = [Path(found)] if found else sorted(Path("/").glob(_DEBIAN.lstrip("/")))
    if not paths:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed; CI installs it")
        pytest.skip("PostgreSQL is not installed")
    return paths[-1].parent


class PostgreSQLServer:
    """A server with a Unix socket in its own folder.

    Args:
        folder: The folder; it belongs to the user of the server.
    """

    def __init__(self, folder: Path) -> None:
        self._programs = find_programs()
        self.folder = folder
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        if os.geteuid() == 0:  # the server refuses to run as root
            owner = pwd.getpwnam("nobody")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        options = ["--no-sync", "--wal-segsize=1", "--no-instructions", "-E", "UTF8", "-A", "trust"]
        self._run("initdb", "-D", self._data, "-U", _USER, *options)

    def url(self, database: str) -> str:
        """The URL of a database."""
        return f"postgresql://{_USER}@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        deadline = time.monotonic() + PATIENCE  # of a busy machine that recovers after a kill
        while True:
            if self._process is None or self._process.poll() is not None:
                self._process = self._spawn()
            with suppress(OSError, asyncpg.PostgresError):
                self.execute("postgres", "SELECT 1")
                return
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def _spawn(self) -> subprocess.Popen[bytes]:
        """The server; it ends at once while children of a killed one still live."""
        options = [item for name, value in _SETTINGS.items() for item in ("-c", f"{name}={value}")]
        command = self._command("postgres", "-D", self._data, "-k", self.folder, *options)
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    def kill(self) -> None:
        """Kill it with SIGKILL; its children end when they notice."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def processes(self) -> list[int]:
        """The ids of its processes."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def stop(self) -> None:
        """Stop it at once."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # immediate shutdown
            self._process.wait(PATIENCE)

    def create_database(self) -> str:
        """Create an empty database; return its URL."""
        name = f"test{next(self._numbers)}"
        self.execute("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    def require_password(self, user: str, password: str) -> None:
        """Create a user who must give a password."""
        self.execute("postgres", f"CREATE ROLE {user} LOGIN PASSWORD '{password}'")
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"local all {user} scram-sha-256\n" + rules.read_text())
        self.execute("postgres", "SELECT pg_reload_conf()")

    def execute(self, database: str, sql: str) -> Any:
        """Run one statement; return its rows."""
        return query(self.url(database), sql)

    def _command(self, program: str, *arguments: object) -> list[str]:
        command = [str(self._programs / program), *map(str, arguments)]
        if os.geteuid() == 0:
            owner = pwd.getpwnam("nobody")
            ids = [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
            command = ["setpriv", *ids, *command]
        return command

    def _run(self, program: str, *arguments: object) -> None:
        command = self._command(program, *arguments)
        done = subprocess.run(command, cwd=self.folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()


def query(url: str, sql: str) -> Any:
    """Run one statement in a database; return its rows."""

    async def fetch() -> Any:
        connection = await asyncpg.connect(url, timeout=PATIENCE)
        try:
            return await connection.fetch(sql)
        finally:
            await connection.close()

    return asyncio.run(fetch())


@contextmanager
def postgresql_server() -> Iterator[PostgreSQLServer]:
    """A running server, which is removed afterwards."""
    find_programs()
    with tempfile.TemporaryDirectory(prefix="aleph-pg-", ignore_cleanup_errors=True) as folder:
        server = PostgreSQLServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def set_read_only(server: PostgreSQLServer, url: str, value: str) -> None:
    """Make a database read-only or writable, and end the connections of the fake."""
    name = urlsplit(url).path[1:]
    server.execute("postgres", f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")
    query(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'aleph-contract' AND datname = current_database()",
    )
