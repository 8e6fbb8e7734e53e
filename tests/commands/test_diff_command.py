"""`aleph-contract diff`: screens, exit codes, and the JSON output."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from contract_edits import INPUT, entry

from aleph_contract.cli import run


def files(folder: Path, **keywords: Any) -> list[str]:
    """Two entries whose `seed` differs, as files."""
    schema = copy.deepcopy(INPUT)
    schema["properties"]["seed"].update(keywords)
    for name, held in (("old.json", INPUT), ("new.json", schema)):
        (folder / name).write_text(json.dumps(entry(held)))
    return [str(folder / "old.json"), str(folder / "new.json")]


def test_a_breaking_change_is_shown_and_exits_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["diff", *files(tmp_path, maximum=8)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "breaking for requests: /properties/seed/maximum",
        "  9 -> 8",
        "  this input was valid and is refused now",
    ]
    assert lines[3].startswith("  witness: {")
    assert '"seed": 9' in lines[3]
    assert lines[4:] == ["1 breaking, 0 compatible, 0 unproved"]


def test_a_compatible_change_exits_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", *files(tmp_path, maximum=10), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["requests"], document["replies"]) == ("compatible", None)
    assert document["changes"][0]["pointer"] == "/properties/seed/maximum"
    assert document["breaking"] == 0


def test_equal_entries_have_no_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", *files(tmp_path)]) == 0
    assert capsys.readouterr().out == "0 breaking, 0 compatible, 0 unproved\n"


def test_a_file_that_is_no_entry_exits_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = files(tmp_path)
    Path(new).write_text("[]")
    assert run(["diff", old, new]) == 2
    assert "is not a catalog entry" in capsys.readouterr().err
