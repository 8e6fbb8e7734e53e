"""A recorded request made again, by curl and by the fake itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from decimal import Decimal

import httpx
import pytest
from calling import HTTP, PATIENCE
from inspector_client import BODY, GOOD, call, get_page, make_run

from fake_server.account_handle import AccountHandle
from fake_server.inspector import replay
from fake_server.inspector.replay import MAX_INLINE_BODY, curl_command
from fake_server.replies.faults import FAULTS
from fake_server.server import Server, running


class TestCurl:
    """The command makes the same request and does not contain the token."""

    def test_the_token_comes_from_the_environment(self) -> None:
        text = curl_command(make_run(), "http://localhost:1", "/raw")
        assert '"Authorization: Bearer $CLOUDFLARE_API_TOKEN"' in text
        assert "REDACTED" not in text
        assert "'x-own: it'\"'\"'s'" in text

    @pytest.mark.parametrize(
        "content",
        [
            b'{"model":"m","input":{"prompt":"it\'s $HOME `id` \\\\ \\n @x"}}',
            b"@/etc/passwd",
            b"\xff\x00\r\n",
            json.dumps({"x": "y" * MAX_INLINE_BODY}).encode(),
            b"",
        ],
    )
    def test_it_sends_the_same_body(
        self, server: Server, account: AccountHandle, content: bytes
    ) -> None:
        if shutil.which("curl") is None:
            pytest.skip("curl is not installed")
        call(account, content=content)
        page = get_page(server, f"inspector/{account.id}/1").text
        exchange = account.exchanges[0]
        text = curl_command(exchange, server.origin, f"/__aleph__/inspector/{account.id}/1/request")
        assert page.count("CLOUDFLARE_API_TOKEN") == 1
        done = subprocess.run(
            ["sh", "-c", text],
            env=os.environ | account.env,
            capture_output=True,
            check=True,
        )
        made = account.exchanges[1]
        assert made.request_body == content
        assert (made.outcome, made.credential) == (exchange.outcome, "accepted")
        assert len(done.stdout) == len(made.response_body)


class TestReplay:
    """The fake sends a recorded request to its own application."""

    def replay(self, server: Server, account: AccountHandle, number: int = 1) -> httpx.Response:
        return HTTP.post(f"{server.inspector}inspector/{account.id}/{number}/replay")

    def test_it_redirects_to_the_new_exchange(self, server: Server, account: AccountHandle) -> None:
        call(
            account, GOOD | {"duration": 2}, headers={"authorization": "Bearer a-wrong-token-of-20"}
        )
        answer = self.replay(server, account)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/__aleph__/inspector/{account.id}/2"
        first, second = account.exchanges
        assert (first.outcome, second.outcome) == ("unauthenticated", "completed")
        assert account.bill.usd == second.cost == Decimal("0.672")
        assert second.target == first.target

    @pytest.mark.parametrize("name", [f.name for f in FAULTS.values() if f.delivery != "whole"])
    def test_a_fault_that_cuts_the_response_is_recorded(
        self, server: Server, account: AccountHandle, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(replay, "REPLAY_TIMEOUT", 0.2)
        call(account)
        account.scenario([{"fault": name, "delay": 0.01}])
        answer = self.replay(server, account)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/__aleph__/inspector/{account.id}/2"
        assert account.exchanges[1].fault == name

    def test_a_call_without_a_token_is_replayed_without(
        self, server: Server, account: AccountHandle
    ) -> None:
        url = f"{account.base_url}/accounts/{account.id}/ai/run"
        HTTP.post(url, content=BODY, headers={"content-type": "application/json"})
        self.replay(server, account)
        assert [e.outcome for e in account.exchanges] == ["unauthenticated"] * 2


def test_a_replay_that_hangs_does_not_delay_the_stop() -> None:
    with running() as server:
        account = server.account()
        call(account)
        account.scenario([{"fault": "hang"}])
        seconds = httpx.Timeout(PATIENCE, read=0.2)
        with pytest.raises(httpx.ReadTimeout):
            HTTP.post(f"{server.inspector}inspector/{account.id}/1/replay", timeout=seconds)
