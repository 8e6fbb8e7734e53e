"""Large bodies on a running fake: listed fast, served whole, dropped within the bounds."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any

from calling import CONTRACT, HTTP, INPUT, post

from aleph_contract.core.body_start import START
from fake_server.account_handle import AccountHandle
from fake_server.journal import MemoryJournal
from fake_server.server import Server, running


def send_video(account: AccountHandle, megabytes: int = 20, **more: Any) -> bytes:
    """Send a run with a video as a data URI; return its body."""
    video = f"data:video/mp4;base64,{'A' * megabytes * 1_000_000}"
    value = INPUT | {"video_uri": video} | more
    sent = json.dumps({"model": CONTRACT.model, "input": value}).encode()
    assert post(account, content=sent).status_code == (400 if more else 200)
    return sent


def listed(server: Server, account: AccountHandle, query: str = "") -> list[dict[str, Any]]:
    reply = HTTP.get(f"{server.inspector}accounts/{account.id}/exchanges{query}")
    found: list[dict[str, Any]] = reply.json()["exchanges"]
    return found


def test_a_video_of_20_mb_is_listed_fast_and_served_whole() -> None:
    with running() as server:
        account, other = server.account(), server.account()
        post(other)
        sent = send_video(account)
        listed(server, other)  # loads the control API
        begun = time.process_time()  # CPU time, of the fake too: independent of the load
        (found,) = listed(server, account)
        assert time.process_time() - begun < 0.5
        body = found["request_body"]
        assert body["length"] == len(sent)
        assert body["sha256"] == hashlib.sha256(sent).hexdigest()
        assert base64.b64decode(body["base64"]) == body["text"].encode() == sent[:START]
        (whole,) = listed(server, account, "?bodies=whole")
        assert base64.b64decode(whole["request_body"]["base64"]) == sent
        inspector = f"{server.inspector}inspector/{account.id}/1"
        assert HTTP.get(f"{inspector}/request").content == sent
        rows = HTTP.get(server.inspector).text
        assert f"{len(sent):,} bytes, sha256 {body['sha256'][:8]}" in rows
        assert account.exchanges[0].request_body == sent
        assert len(other.exchanges) == 1


def test_a_dropped_exchange_is_told_and_makes_the_verdict_not_checked() -> None:
    with running(journal=MemoryJournal(max_spooled=1_500_000)) as server:
        account = server.account()
        url = f"{server.inspector}accounts/{account.id}/verdict"
        send_video(account, 1)
        assert HTTP.get(url).json()["conformant"] is True
        send_video(account, 1)
        send_video(account, 1)
        verdict = HTTP.get(url).json()
        assert (verdict["conformant"], verdict["not_judged"]) == (None, 1)
        page = HTTP.get(f"{server.inspector}?account={account.id}").text
        assert f"2 exchanges of account {account.id[:8]} dropped" in page


def test_a_finding_stays_when_its_exchange_is_dropped_from_the_middle() -> None:
    with running(journal=MemoryJournal(max_spooled=1_500_000)) as server:
        account = server.account()
        url = f"{server.inspector}accounts/{account.id}/verdict"
        post(account)
        send_video(account, 1, seed=-1)
        before = HTTP.get(url).json()
        assert before["conformant"] is False
        send_video(account, 1)
        after = HTTP.get(url).json()
        assert [exchange.number for exchange in account.exchanges] == [1, 3]
        assert after["conformant"] is False
        assert after["not_judged"] == 0
        assert before["findings"][0] in after["findings"]
