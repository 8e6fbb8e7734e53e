"""A fake without a database loads nothing of the journal in PostgreSQL."""

from __future__ import annotations

import subprocess
import sys

_SERVE_A_RUN = """
import sys
from calling import post
from fake_server.server import running

with running() as server:
    assert post(server.account()).status_code == 200
    loaded = [n for n in sys.modules if "asyncpg" in n or ".postgresql" in n or ".shared" in n]
    assert not loaded, loaded
    assert server.app.runs.fast_path is not None
"""


def test_the_default_journal_loads_no_driver() -> None:
    subprocess.run(
        [sys.executable, "-c", _SERVE_A_RUN], check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
