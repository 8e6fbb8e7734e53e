"""`--journal`, `--keep` and `--durability`: which journal is opened, which values are refused."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from aleph_contract.core.private_folder import PREFIX
from aleph_contract.errors import ArgumentError
from fake_server.journal import MemoryJournal, open_journal, postgresql
from fake_server.journal.retention import KEEP_ALL, Keep, parse_keep
from fake_server.journal.sqlite import SQLiteJournal


@pytest.mark.parametrize("where", ["", "disk", "sqlite", "sqlite:", "memory:x", "sqlite::memory:"])
def test_an_unknown_kind_of_journal_is_refused(where: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        open_journal(where)
    kinds = "memory, sqlite:PATH or postgresql://…"
    assert str(raised.value) == f"journal {where!r}: it is {kinds}"


def test_a_refused_url_shows_no_password() -> None:
    with pytest.raises(ArgumentError) as raised:
        open_journal("mysql://user:secret@host/db")
    assert str(raised.value).startswith("journal 'mysql:…': it is memory")


def test_a_journal_in_memory_removes_the_files_of_a_killed_fake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / f"{PREFIX}left"
    left.mkdir(0o700)
    assert isinstance(open_journal("memory"), MemoryJournal)
    assert not left.exists()


def test_a_path_may_hold_colons(tmp_path: Path) -> None:
    journal = open_journal(f"sqlite:{tmp_path}/a:b.db")
    assert isinstance(journal, SQLiteJournal)
    journal.close()
    assert (tmp_path / "a:b.db").exists()


@pytest.mark.parametrize("options", [{"keep": ["7d"]}, {"durability": "async"}])
def test_retention_and_durability_are_for_a_database(options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError) as raised:
        open_journal("memory", **options)
    assert str(raised.value) == "--keep and --durability need --journal postgresql://…"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_database_gets_its_url_and_its_options(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("asyncpg")
    opened: list[Any] = []
    monkeypatch.setattr(
        postgresql, "PostgreSQLJournal", lambda url, **options: opened.append((url, options))
    )
    url = f"{scheme}://host/db"
    open_journal(url)
    open_journal(url, keep=iter(["30m", "5"]), durability="async")
    assert opened == [
        (url, {"durability": "sync", "keep": KEEP_ALL}),
        (url, {"durability": "async", "keep": Keep(1800, 5)}),
    ]


def test_a_database_needs_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(ArgumentError) as raised:
        open_journal("postgresql://host/db")
    assert str(raised.value) == (
        "a journal in PostgreSQL needs asyncpg; install it with "
        "`pip install 'aleph-contract[postgresql]'`"
    )


@pytest.mark.parametrize(
    ("given", "keep"),
    [
        ([], KEEP_ALL),
        (["1"], Keep(count=1)),
        (["45s"], Keep(seconds=45)),
        (["2m"], Keep(seconds=120)),
        (["12h"], Keep(seconds=43_200)),
        (["7d", "100"], Keep(604_800, 100)),
        (["1" * 12], Keep(count=int("1" * 12))),
    ],
)
def test_what_is_kept(given: Iterable[str], keep: Keep) -> None:
    assert parse_keep(given) == keep


@pytest.mark.parametrize(
    "value", ["", "0", "01", "-1", "1.5", "7 d", "7w", "7D", "d", "1" * 13, "٣"]
)
def test_a_value_that_is_neither_an_age_nor_a_count_is_refused(value: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        parse_keep([value])
    assert str(raised.value) == (
        "keep is an age such as 30m, 12h or 7d, or a number of exchanges of each account such as "
        f"10000, not {value!r}"
    )


@pytest.mark.parametrize(("given", "kind"), [(["1d", "2h"], "ages"), (["1", "2"], "counts")])
def test_two_values_of_one_kind_are_refused(given: list[str], kind: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        parse_keep(given)
    assert str(raised.value) == f"keep has two {kind}; give one"
