"""Many contracts: files and folders, repeated ids, bad entries, hints."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.errors import ArgumentError, ContractError

ROOT = Path(__file__).parents[2]
CATALOG = ROOT / "fixtures/catalog"
BROKEN = ROOT / "fixtures/contracts/broken"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good entries, one that is not JSON, one with an unsatisfiable schema, one repeated id."""
    for name, source in {
        "a.json": CATALOG / "cloudflare-stt.json",
        "b.json": CATALOG / "cf-flux-1-schnell.json",
        "c.json": BROKEN / "not-json.json",
        "d.json": BROKEN / "crossed-bounds.json",
        "e.json": CATALOG / "cloudflare-stt.json",
        "f.json": BROKEN / "unknown-type.json",
    }.items():
        (tmp_path / name).write_bytes(source.read_bytes())
    return tmp_path


def test_without_a_path_it_holds_the_shipped_contract() -> None:
    contracts = ContractSet.load()
    assert list(contracts) == ["runwayml/aleph-2"]
    assert contracts.default is contracts.choose() is Contract.load()


def test_a_folder_of_published_entries_is_read_whole() -> None:
    contracts = ContractSet.load([CATALOG])
    assert len(contracts) == len(list(CATALOG.glob("*.json")))
    assert contracts["@cf/deepgram/aura-1"].in_path


def test_good_entries_of_a_folder_are_served_and_each_bad_one_is_one_warning(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    contracts = ContractSet.load([folder])
    assert "cloudflare/stt" in contracts
    assert "@cf/black-forest-labs/flux-1-schnell" in contracts
    bad = [record.getMessage() for record in caplog.records]
    assert [name for name in "abcdef" if any(f"{name}.json" in text[:200] for text in bad)]
    assert len(bad) == 3
    assert "c.json: is not JSON" in bad[0]
    assert "e.json: repeats the model id cloudflare/stt of" in bad[1]
    assert "f.json at /schema/input/properties/prompt/type: is not a schema" in bad[2]


def test_an_entry_that_cannot_be_used_is_found_when_it_is_asked_for(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    contracts = ContractSet.load([folder])
    model = json.loads((BROKEN / "crossed-bounds.json").read_text())["model_id"]
    caplog.clear()
    assert model in contracts
    assert contracts.find(model) is None
    assert "cannot be satisfied" in caplog.text
    assert model not in contracts


def test_strict_refuses_the_first_bad_entry(folder: Path) -> None:
    with pytest.raises(ContractError, match=r"c\.json: is not JSON"):
        ContractSet.load([folder], strict=True)


def test_a_file_is_checked_at_once_and_its_notes_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        ContractSet.load([CATALOG / "cloudflare-video.json"])
    assert "/examples/0/output: the example 'Nature Scene' is left out" in caplog.text
    with pytest.raises(ContractError, match="cannot be satisfied"):
        ContractSet.load([BROKEN / "crossed-bounds.json"])


def test_a_repeated_model_id_is_refused() -> None:
    path = CATALOG / "cloudflare-stt.json"
    with pytest.raises(ContractError, match="repeats the model id cloudflare/stt"):
        ContractSet.load([path, path])


def test_a_folder_without_entries_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="holds no catalog entry"):
        ContractSet.load([tmp_path])


def test_one_of_several_must_be_chosen() -> None:
    contracts = ContractSet.load([CATALOG])
    with pytest.raises(ArgumentError, match="choose one of 20 models with --model"):
        contracts.choose()
    with pytest.raises(ArgumentError, match=r"did you mean runwayml/gen-4\.5"):
        contracts.choose("runwayml/gen-4.6")
    assert contracts.choose("minimax/h3").model == "minimax/h3"


def test_a_hint_names_the_closest_model_or_the_option() -> None:
    contracts = ContractSet.load([CATALOG])
    assert contracts.hint("gen-4.5") == "; did you mean runwayml/gen-4.5?"
    assert "--contract FILE" in contracts.hint("acme/unheard-of")


def test_the_shipped_model_is_the_default_of_a_set_that_has_it() -> None:
    entry = ROOT / "aleph_contract/contract/entries/runwayml__aleph-2.json"
    assert ContractSet.load([CATALOG, entry]).default.model == "runwayml/aleph-2"
    assert ContractSet.load([CATALOG]).default.model == min(ContractSet.load([CATALOG]))
