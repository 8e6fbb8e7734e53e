"""Large bodies: kept in private files within bounds, listed by their beginning, served whole."""

from __future__ import annotations

import base64
import hashlib
import json
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from calling import CONTRACT, HTTP, INPUT, post
from journals import EXCHANGE

from aleph_contract.core.body_start import LARGE_BODY, START, BodyStart
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.private_folder import PREFIX
from fake_server.account_handle import AccountHandle
from fake_server.journal import MemoryJournal
from fake_server.journal.base import Filter
from fake_server.journal.spool import Spool
from fake_server.server import Server, running

SIZE = 200_000


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def journal() -> Iterator[MemoryJournal]:
    journal = MemoryJournal(max_spooled=3 * SIZE)
    yield journal
    journal.close()


def large(number: int, account: str = "a", size: int = SIZE) -> Exchange:
    body = bytes([number % 256]) * size
    return replace(EXCHANGE, number=number, account=account, request_body=body)


def put(journal: MemoryJournal, account: str = "a", *, size: int = SIZE) -> Exchange:
    number = journal.arrive(account)
    exchange = large(number, account, size)
    journal.append(account, number, exchange, size + 2500)
    return exchange


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{PREFIX}*/*"))


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


def test_a_large_body_is_a_private_file_until_the_journal_closes(
    journal: MemoryJournal, folder: Path
) -> None:
    exchange = put(journal)
    (file,) = files(folder)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert file.read_bytes() == exchange.request_body
    assert journal.exchanges("a") == (exchange,)
    journal.close()
    assert list(folder.iterdir()) == []


def test_a_small_body_needs_no_file(journal: MemoryJournal, folder: Path) -> None:
    put(journal, size=LARGE_BODY)
    assert list(folder.iterdir()) == []


def test_a_list_shows_the_beginning_length_and_hash(journal: MemoryJournal) -> None:
    exchange = put(journal)
    for found in (next(journal.read("a", whole=False)), next(journal.newest("a", whole=False))):
        body = found.request_body
        assert isinstance(body, BodyStart)
        assert body == exchange.request_body[:START]
        assert body.length == SIZE
        assert body.sha256 == hashlib.sha256(exchange.request_body).hexdigest()


def test_a_text_is_found_beyond_the_beginning(journal: MemoryJournal) -> None:
    put(journal)
    where = Filter(text="\x01" * (START + 1))
    assert [found.number for found in journal.read("a", where, whole=False)] == [1]


def test_the_account_with_most_bytes_loses_its_oldest_large_exchange(
    journal: MemoryJournal, folder: Path
) -> None:
    put(journal, "modest")
    for _ in range(4):
        put(journal, "busy", size=100)
        put(journal, "busy")
    assert [e.number for e in journal.exchanges("modest")] == [1]
    assert [e.number for e in journal.exchanges("busy")] == [1, 3, 5, 6, 7, 8]
    assert (journal.tally("busy").dropped, journal.tally("modest").dropped) == (2, 0)
    assert len(files(folder)) == 3


def test_the_newest_stays_even_if_it_is_larger_than_the_bound(journal: MemoryJournal) -> None:
    put(journal, "other")
    put(journal, size=4 * SIZE)
    assert [e.number for e in journal.exchanges("a")] == [1]
    assert journal.exchanges("other") == ()
    assert journal.tally("other").dropped == 1


def test_cleared_exchanges_leave_no_file(journal: MemoryJournal, folder: Path) -> None:
    put(journal)
    journal.clear("a")
    assert files(folder) == []


def test_an_exchange_that_is_dropped_while_it_is_read_is_incomplete(
    journal: MemoryJournal,
) -> None:
    put(journal)
    reading = journal.read("a")
    journal.clear("a")
    (found,) = reading
    assert not found.request_complete
    assert found.request_body == bytes([1]) * START


def test_a_body_that_cannot_be_written_is_counted_as_dropped(
    journal: MemoryJournal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Spool, "keep", full)
    told: list[Exchange] = []
    journal.listen(told.append)
    put(journal)
    assert journal.exchanges("a") == ()
    assert (journal.tally("a").total, journal.tally("a").dropped) == (1, 1)
    assert [exchange.number for exchange in told] == [1]
    assert "No space left on device" in caplog.text


def test_the_files_of_a_killed_fake_are_removed_at_the_next_start(folder: Path) -> None:
    left = folder / f"{PREFIX}left"
    left.mkdir(0o700)
    (left / "0").write_bytes(b"a video")
    with running():
        assert not left.exists()


def test_a_video_of_20_mb_is_listed_fast_and_served_whole() -> None:
    with running() as server:
        account, other = server.account(), server.account()
        post(other)
        sent = send_video(account)
        listed(server, other)  # loads the control API
        begun = time.perf_counter()
        (found,) = listed(server, account)
        assert time.perf_counter() - begun < 0.5  # on a quiet machine 10 ms
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
