"""After a restart on a SQLite journal, tokens, bills, credits and scenarios are as before."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from calling import HTTP, INPUT, PATIENCE, body, post

from aleph_contract.errors import ArgumentError
from fake_server.account_handle import AccountHandle
from fake_server.server import Server, running

RUN = INPUT | {"duration": 5}
NAMED = "0123456789abcdef0123456789abcdef"
HEADERS = {"authorization": "Bearer any", "content-type": "application/json"}


@pytest.fixture
def journal(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path / 'journal.db'}"


def again(server: Server, account: AccountHandle) -> AccountHandle:
    """The account after a restart."""
    found = server.app.accounts.find(account.id)
    assert found is not None
    return AccountHandle(server, found)


def test_bill_credits_and_scenario_are_as_before(journal: str) -> None:
    with running(journal=journal) as server:
        account = server.account(profile="live", credits="5", spend_limit=4, spend_limit_lag=2)
        own = {"status": 418, "headers": {"x": "y"}, "body": "b"}
        account.scenario(["internal-error", {"fault": "rate-limited", "times": 3}, own])
        assert [post(account, RUN).status_code for _ in range(2)] == [500, 429]
        account.scenario([*account._account.scenario, {"fault": None, "times": 1}])
        bill, steps = account.bill, account._account.scenario
    with running(journal=journal) as server:
        kept = again(server, account)
        assert kept.token == account.token
        assert (kept.bill, kept._account.scenario) == (bill, steps)
        assert kept._account.profile == "live"
        assert [post(kept, RUN).status_code for _ in range(5)] == [429, 429, 418, 200, 200]
        assert post(kept, RUN).status_code == 402
        assert kept.bill.usd == Decimal("3.36")
    with running(journal=journal) as server:
        kept = again(server, account)
        assert post(kept, RUN).status_code == 402
        assert (kept.bill.runs, kept.bill.doubtful_usd) == (2, Decimal("1.68"))


def test_options_of_the_new_start_count_for_accounts_that_a_request_named(journal: str) -> None:
    path = f"/accounts/{NAMED}/ai/run"

    def run(server: Server) -> int:
        return HTTP.post(server.base_url + path, content=body(RUN), headers=HEADERS).status_code

    starts: list[tuple[dict[str, Any], int]]
    starts = [({"credits": 2}, 200), ({}, 402), ({"credits": 10}, 200)]
    for options, status in starts:
        with running(journal=journal, **options) as server:
            assert run(server) == status


def test_a_deleted_account_stays_deleted(journal: str) -> None:
    with running(journal=journal) as server:
        account = server.account()
        post(account)
        HTTP.delete(f"{server.inspector}accounts/{account.id}").raise_for_status()
    with running(journal=journal) as server:
        assert server.app.accounts.find(account.id) is None


def test_accounts_of_tests_find_their_parent(journal: str) -> None:
    with running(journal=journal) as server:
        parent = server.account()
        child = AccountHandle(server, server.app.accounts.create_for_test(parent._account))
        parent.scenario("rate-limited")
    with running(journal=journal) as server:
        assert post(again(server, child)).status_code == 429


def test_an_answered_run_is_on_the_bill_after_kill_9(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    command = [sys.executable, "-m", "aleph_contract", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--journal", f"sqlite:{journal}"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        base = json.loads(process.stdout.readline())["base_url"]
        url = f"{base}/accounts/{NAMED}/ai/run"
        for _ in range(3):
            assert HTTP.post(url, content=body(RUN), headers=HEADERS).status_code == 200
    finally:
        process.kill()  # SIGKILL
        process.communicate()
    with running(journal=f"sqlite:{journal}") as server:
        assert server.app.accounts.get(NAMED).bill.runs == 3


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    old = os.umask(0)
    try:
        with running(journal=f"sqlite:{path}"):
            modes = {name.name: stat.S_IMODE(name.stat().st_mode) for name in tmp_path.iterdir()}
    finally:
        os.umask(old)
    assert {modes[name] for name in modes if not name.endswith("-lock")} == {0o600}


@pytest.mark.parametrize("state", ["{}", "[]", '{"parent": null}', "no JSON"])
def test_a_state_that_cannot_be_read_is_named(tmp_path: Path, state: Any) -> None:
    path = tmp_path / "journal.db"
    with running(journal=f"sqlite:{path}"):
        pass
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("INSERT INTO account VALUES (?, ?)", (NAMED, state))
    connection.close()
    with (
        pytest.raises(ArgumentError, match="state of the accounts in the journal"),
        running(journal=f"sqlite:{path}"),
    ):
        pass


def test_the_bill_of_a_journal_of_an_older_version_is_made_from_its_exchanges(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    with running(journal=f"sqlite:{path}") as server:
        account = server.account()
        account.scenario(["internal-error"])
        without = {name: value for name, value in INPUT.items() if name != "duration"}
        for value in (RUN, RUN, RUN | {"duration": 2}, without, INPUT | {"seed": -1}):
            post(account, value)
        account.wait_for(5, PATIENCE)
        bill = account.bill
    assert bill.usd > 0 < bill.doubtful_usd
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DROP TABLE account")
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    for _ in range(2):  # the second start reads the state that the first one has saved
        with running(journal=f"sqlite:{path}") as server:
            assert server.app.accounts.get(account.id).bill == bill
