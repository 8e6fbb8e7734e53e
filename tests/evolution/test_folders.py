"""Two folders: entries are compared by model id; a removed model is breaking."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from contract_edits import entry

from aleph_contract.errors import ContractError
from aleph_contract.evolution.folders import compare_paths


def folder(path: Path, *models: str, **members: Any) -> str:
    path.mkdir()
    for number, model in enumerate(models):
        (path / f"{number}.json").write_text(json.dumps({**entry(), "model_id": model, **members}))
    return str(path)


def test_models_are_paired_by_id_whatever_their_files_are_called(tmp_path: Path) -> None:
    old = folder(tmp_path / "old", "a/one", "a/two", "a/three")
    new = folder(tmp_path / "new", "a/three", "a/two", "a/four", pricing={"Per image": 1})
    found = {each.model: [change.title for change in each.changes]
             for each in compare_paths(old, new).comparisons}  # fmt: skip
    assert found == {
        "a/one": ["breaking for requests"],
        "a/two": ["unproved for billing"],
        "a/three": ["unproved for billing"],
        "a/four": ["compatible for requests"],
    }


def test_a_removed_model_has_its_id_as_the_witness(tmp_path: Path) -> None:
    old, new = folder(tmp_path / "old", "a/one", "a/two"), folder(tmp_path / "new", "a/two")
    diff = compare_paths(old, new)
    (change,) = diff.changes()
    assert (change.witness, change.removed, diff.exit_code) == ({"model": "a/one"}, True, 1)


def test_equal_folders_have_no_changes(tmp_path: Path) -> None:
    old = folder(tmp_path / "old", "a/one", "a/two")
    assert list(compare_paths(old, old).changes()) == []


def test_a_folder_and_a_file_are_compared_by_model_id(tmp_path: Path) -> None:
    old = folder(tmp_path / "old", "a/one")
    found = compare_paths(old, str(tmp_path / "old/0.json"))
    assert [(each.model, each.changes) for each in found.comparisons] == [("a/one", ())]


def test_a_file_of_a_folder_that_is_no_entry_is_an_error(tmp_path: Path) -> None:
    old = folder(tmp_path / "old", "a/one")
    (tmp_path / "old/bad.json").write_text("[]")
    with pytest.raises(ContractError, match=r"bad\.json: is not a catalog entry"):
        compare_paths(old, old)
