"""A fake without options loads no database driver and nothing that observes runs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

from calling import HTTP, body

#: Parts of the names of modules that only options need.
_OPTIONAL = (
    "asyncpg",
    ".postgresql",
    ".shared",
    "prometheus",
    "opentelemetry",
    "fake_server.observe.spans",
    "fake_server.observe.json_logging",
    "sqlite3",
    "fastapi",
    "trustme",
    "yaml.loader",  # not `msgspec.yaml`, which loads it only when it is called
)

_ENVIRONMENT = {"PYTHONPATH": ":".join(sys.path)}

_SERVE_A_RUN = """
import sys
from calling import post
from fake_server.server import running

with running() as server:
    assert post(server.account()).status_code == 200
    loaded = [name for name in sys.modules if any(part in name for part in sys.argv[1:])]
    assert not loaded, loaded
    assert server.app.runs.fast_path is not None
"""


_SERVE_UNTIL_INTERRUPTED = """
import sys
from aleph_contract.cli import run

run(["serve", "--port", "0"])
loaded = [name for name in sys.modules if any(part in name for part in sys.argv[1:])]
assert not loaded, loaded
"""


def test_a_fake_in_a_test_loads_nothing_that_only_options_need() -> None:
    subprocess.run([sys.executable, "-c", _SERVE_A_RUN, *_OPTIONAL], check=True, env=_ENVIRONMENT)


def test_the_command_loads_nothing_that_only_options_need() -> None:
    words = [sys.executable, "-c", _SERVE_UNTIL_INTERRUPTED, *_OPTIONAL]
    with subprocess.Popen(words, env=_ENVIRONMENT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["base_url"]
        answer = HTTP.post(
            f"{url}/accounts/{'a' * 32}/ai/run",
            content=body(),
            headers={"authorization": "Bearer t", "content-type": "application/json"},
        )
        process.send_signal(signal.SIGINT)
    assert (answer.status_code, process.returncode) == (200, 0)
