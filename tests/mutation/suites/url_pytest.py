"""Asserts that the result is a URL, and that a failure is an error with its status."""

from __future__ import annotations

import pytest
from client import GOOD, EditError, edit

from fake_server.server import Server


def test_edit() -> None:
    assert edit(GOOD).startswith("http")


def test_failure(aleph_server: Server) -> None:
    account = aleph_server.account()
    account.scenario([{"fault": "no-credits"}])
    with pytest.raises(EditError, match="402"):
        edit(GOOD, account.env)
