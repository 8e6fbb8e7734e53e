"""Fixtures that several modules share: a fake, an account of it, and Node for those that run it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from workers_node import HERE, find_node

from fake_server.server import AccountHandle, Server, running

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in a shell's background: what the tests start would inherit it, and be deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def node() -> Path:
    """See `find_node`; skips where there is none."""
    return find_node()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One fake for all tests of a module."""
    with running() as started:
        yield started


@pytest.fixture
def account(server: Server) -> AccountHandle:
    return server.account()


@pytest.fixture
def environment(node: Path, tmp_path: Path) -> dict[str, str]:
    """What the documentation sets so that the tools themselves stay offline, and a witness."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("CLOUDFLARE_", "ALEPH_"))}
    return mine | {
        "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
        "WRANGLER_HIDE_BANNER": "true",
        "WRANGLER_SEND_METRICS": "false",
        "CLOUDFLARE_CF_FETCH_ENABLED": "false",
        "NODE_OPTIONS": f"--require {HERE / 'offline.cjs'}",
        "OFFLINE_LOG": str(tmp_path / "asked-for"),
        "NO_COLOR": "1",
    }
