"""Large bodies in the journal: kept in private files within bounds, listed by their beginning."""

from __future__ import annotations

import asyncio
import hashlib
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from journals import EXCHANGE

from aleph_contract.core.body_start import LARGE_BODY, START, BodyStart
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.private_folder import PREFIX
from fake_server.journal import spool
from fake_server.journal.base import Filter, Tally
from fake_server.journal.memory import MemoryJournal
from fake_server.journal.spool import Spool, SpooledExchange
from fake_server.journal.waiting import wait_for_async
from fake_server.server import running

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


def disk_full(*_: object) -> None:
    raise OSError(28, "No space left on device")


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


def test_neither_a_list_nor_a_count_reads_a_file(
    journal: MemoryJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(journal)
    monkeypatch.setattr(SpooledExchange, "__call__", None)
    where = Filter(status=200)
    assert [found.number for found in journal.read("a", where, whole=False)] == [1]
    assert asyncio.run(wait_for_async(journal, "a", 1, 10, where))


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


@pytest.mark.parametrize("small", [0, 1])
def test_the_newest_stays_even_if_it_is_larger_than_the_bound(
    journal: MemoryJournal, small: int
) -> None:
    for _ in range(small):
        put(journal, "small", size=10)
    put(journal, "other")
    put(journal, size=4 * SIZE)
    assert [e.number for e in journal.exchanges("a")] == [1]
    assert journal.exchanges("other") == ()
    assert journal.tally("other").dropped == 1
    assert journal.tally("small") == Tally(small, 0)


def test_a_dropped_body_does_not_count_for_its_account_any_more(journal: MemoryJournal) -> None:
    for account in "aabbb":
        put(journal, account)
    assert [journal.tally(account).dropped for account in "ab"] == [1, 1]


def test_the_longest_idle_of_equally_large_accounts_loses_its_exchange() -> None:
    """The newest exchange, which is never dropped, does not count."""
    journal = MemoryJournal(max_spooled=2 * SIZE)
    for account in ("idle", "busy", "busy"):
        put(journal, account)
    assert [journal.tally(name).dropped for name in ("idle", "busy")] == [1, 0]
    journal.close()


def test_an_account_whose_large_exchanges_were_all_dropped_keeps_its_counters() -> None:
    journal = MemoryJournal(max_spooled=SIZE, max_accounts=2)
    put(journal, "a")
    put(journal, "b")
    assert journal.accounts() == ("b",)
    assert journal.tally("a") == Tally(1, 1)
    put(journal, "c", size=10)
    assert journal.accounts() == ("b", "c")
    assert journal.tally("a") == Tally(), "the empty account is forgotten first"
    journal.close()


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
    assert isinstance(found.request_body, BodyStart)
    assert found.request_body == bytes([1]) * START
    assert found.request_body.sha256 == "", "unknown"


def test_a_body_that_cannot_be_written_is_counted_as_dropped(
    journal: MemoryJournal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Spool, "keep", disk_full)
    put(journal, size=10)
    told: list[Exchange] = []
    journal.listen(told.append)
    put(journal)
    assert [exchange.number for exchange in journal.exchanges("a")] == [1]
    assert journal.tally("a") == Tally(2, 1)
    assert [exchange.number for exchange in told] == [2]
    [line] = caplog.messages
    assert line == (
        "exchange 2 of account 'a' is dropped, because its body cannot be kept: "
        "No space left on device"
    )


def test_a_body_that_cannot_be_written_is_counted_even_if_its_account_was_removed_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Spool, "keep", disk_full)
    journal = MemoryJournal(max_accounts=1)
    number = [journal.arrive("a") for _ in range(3)][-1]
    put(journal, "b", size=10)
    journal.append("a", number, large(number), SIZE)
    assert journal.tally("a") == Tally(1, 1)
    assert put(journal).number == number + 1, "no number is given twice"
    assert journal.tally("a") == Tally(2, 2)


def test_memory_counts_what_is_not_in_files(journal: MemoryJournal) -> None:
    put(journal)
    assert (journal._bytes, journal._spooled) == (2500, SIZE)
    number = journal.arrive("a")
    journal.append("a", number, large(number), SIZE + 1)
    assert (journal._bytes, journal._spooled) == (2500 + START, 2 * SIZE)
    journal.clear("a")
    assert (journal._bytes, journal._spooled) == (0, 0)
    put(journal)
    assert (journal._bytes, journal._spooled) == (2500, SIZE)
    put(journal, "other", size=3 * SIZE)
    assert (journal._bytes, journal._spooled) == (2500, 3 * SIZE)
    assert journal.tally("a").dropped == 1


def test_both_bodies_of_an_exchange_are_kept(tmp_path: Path) -> None:
    kept_in = Spool(tmp_path / "parent")
    (tmp_path / "parent").mkdir()
    exchange = replace(large(1), response_body=b"y" * (SIZE + 1))
    kept = kept_in.keep(exchange)
    assert isinstance(kept, SpooledExchange)
    assert [name for name, _ in kept.files] == ["request_body", "response_body"]
    assert [file.parent.parent for _, file in kept.files] == [tmp_path / "parent"] * 2
    assert kept.bytes_on_disk == 2 * SIZE + 1
    assert kept() == exchange
    kept.discard()
    kept.discard()
    assert kept() == replace(kept.start, request_complete=False)
    kept_in.close()
    kept_in.close()
    assert list((tmp_path / "parent").iterdir()) == []
    again = kept_in.keep(exchange)
    assert isinstance(again, SpooledExchange)
    assert again() == exchange
    kept_in.close()


def test_nothing_is_left_of_an_exchange_whose_second_body_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, body: bytes) -> None:
        if body.startswith(b"y"):
            raise OSError(28, "No space left on device")
        write(path, body)

    write = spool._write
    monkeypatch.setattr(spool, "_write", full)
    with pytest.raises(OSError, match="No space left"):
        Spool().keep(replace(large(1), response_body=b"y" * SIZE))
    assert files(folder) == []


def test_the_files_of_a_killed_fake_are_removed_at_the_next_start(folder: Path) -> None:
    left = folder / f"{PREFIX}left"
    left.mkdir(0o700)
    (left / "0").write_bytes(b"a video")
    with running():
        assert not left.exists()
