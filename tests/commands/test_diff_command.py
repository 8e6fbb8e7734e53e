"""`aleph-contract diff`: screens, exit codes, and the JSON output."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from contract_edits import INPUT, entry
from sarif_structure import check_sarif

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
    assert lines[4:6] == [
        "what to do",
        "  1 input valid before and refused now: boundary/seed/maximum/above",
    ]
    assert lines[-1] == "1 breaking, 0 compatible, 0 unproved"


def test_a_compatible_change_exits_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", *files(tmp_path, maximum=10), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (model,) = document["models"]
    assert (model["requests"], model["replies"]) == ("compatible", None)
    assert model["changes"][0]["pointer"] == "/properties/seed/maximum"
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


def test_a_known_change_exits_0_and_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "known.txt"
    known.write_text("/properties/seed/*  # agreed\n/properties/gone  # old\n")
    assert run(["diff", *files(tmp_path, maximum=8), "--known", str(known)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "known, breaking for requests: /properties/seed/maximum"
    assert "  accepted: agreed" in lines
    assert "/properties/gone in the file of known changes matches no change" in lines
    assert lines[-1] == "0 breaking, 0 compatible, 0 unproved, 1 known"


def test_a_line_without_a_reason_exits_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "known.txt"
    known.write_text("/properties/seed/*\n")
    assert run(["diff", *files(tmp_path), "--known", str(known)]) == 2
    assert "line 1: '/properties/seed/*' has no reason" in capsys.readouterr().err


def test_sarif_has_one_result_for_each_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "known.txt"
    known.write_text("/properties/seed/minimum  # agreed\n")
    names = files(tmp_path, maximum=8, minimum=1)
    assert run(["diff", *names, "--report", "sarif", "--known", str(known)]) == 1
    captured = capsys.readouterr()
    lower, raised = check_sarif(json.loads(captured.out))
    assert (lower["ruleId"], lower["level"]) == ("diff.breaking.requests", "error")
    assert raised["locations"][0]["logicalLocations"] == [
        {"fullyQualifiedName": "test/one#requests/properties/seed/maximum"}
    ]
    assert lower["suppressions"] == [{"kind": "external", "justification": "agreed"}]
    assert "suppressions" not in raised
    assert captured.err == "1 breaking, 0 compatible, 0 unproved, 1 known\n"


def test_github_annotates_breaking_changes_and_writes_the_step_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert run(["diff", *files(tmp_path, maximum=8), "--report", "github"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("::error title=Contract changes::1 breaking")
    assert lines[1].startswith(
        "::error title=breaking for requests%3A /properties/seed/maximum::test/one%0A9 -> 8"
    )
    assert len(lines) == 2
    assert "| breaking | requests | &#47;properties&#47;seed&#47;maximum |" in summary.read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--report", "html"], "unknown format 'html'; formats: terminal, json, github, sarif"),
        (["--json", "--report", "sarif"], "write --report json"),
        (["--known", "absent.txt"], "absent.txt: cannot be read"),
    ],
)
def test_a_bad_option_exits_2(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["diff", *files(tmp_path), *options]) == 2
    assert message in capsys.readouterr().err
