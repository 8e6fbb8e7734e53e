"""The processes of `cluster.py`: fakes, nginx with the documented configuration, and Locust."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@contextlib.contextmanager
def fake(options: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Run one fake; yields its process id and port."""
    words = [sys.executable, "-m", "aleph_contract", "serve", "--port", "0", *options]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            yield process.pid, int(ready["binding_address"].rpartition(":")[2])
        finally:
            process.terminate()


@contextlib.contextmanager
def balancer(ports: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Run nginx with the documented configuration in front of fakes; yields process id and port."""
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if nginx is None:
        raise SystemExit("nginx is not installed")
    port = free_port()
    text = (ROOT / "docs/deploy/nginx.conf").read_text()
    text = text.replace("listen 8790", f"listen 127.0.0.1:{port}")
    for number, each in enumerate(ports, 1):
        text = text.replace(f"fake-{number}:8790", f"127.0.0.1:{each}")
    text = re.sub(r".*fake-\d:8790.*\n", "", text)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "nginx.conf"
        places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        own = "".join(f"{place}_temp_path {folder}/{place};" for place in places)
        config.write_text(f"pid {folder}/pid;" + text.replace("http {", f"http {{ {own}"))
        words = [nginx, "-p", folder, "-e", "stderr", "-c", str(config), "-g", "daemon off;"]
        with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
            try:
                time.sleep(0.5)
                yield process.pid, port
            finally:
                process.terminate()


@contextlib.contextmanager
def load(
    port: int, users: int, accounts: int, seconds: int
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run Locust; yields its process, and the table that it has written when it ends."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "locust", "-f", str(ROOT / "benchmarks/cluster_load.py")]
        words += ["--headless", "-u", str(users), "-r", str(users), "-t", f"{seconds}s"]
        words += ["--host", f"http://127.0.0.1:{port}", "--csv", f"{folder}/run", "--only-summary"]
        nothing = subprocess.DEVNULL
        env = {**os.environ, "ALEPH_LOAD_ACCOUNTS": str(accounts)}
        with subprocess.Popen(words, env=env, stdout=nothing, stderr=nothing) as process:
            try:
                yield process, Path(folder) / "run_stats.csv"
            finally:
                process.kill()
