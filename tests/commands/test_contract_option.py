"""`--contract` takes files and folders in every command, and `--model` chooses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aleph_contract.cli import run

ROOT = Path(__file__).parents[2]
CATALOG = str(ROOT / "fixtures/catalog")
BROKEN = ROOT / "fixtures/contracts/broken"
ENTRY = ROOT / "fixtures/catalog/cloudflare-stt.json"


def test_several_models_need_a_choice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cases", "--contract", CATALOG]) == 2
    assert "choose one of 20 models with --model" in capsys.readouterr().err


def test_the_choice_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cases", "--contract", CATALOG, "--model", "cloudflare/stt", "--json"]) == 0
    names = [json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()]
    assert "example/basic" in names


def test_check_takes_the_model_that_the_body_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "body.json"
    document.write_text(json.dumps({"model": "runwayml/gen-4.5", "input": {"prompt": "a"}}))
    assert run(["check", str(document), "--contract", CATALOG]) == 0
    assert "valid request for runwayml/gen-4.5" in capsys.readouterr().out


def test_explain_shows_both_forms_of_the_input_schema(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["explain", "contract", "--contract", CATALOG, "--model", "runwayml/gen-4.5"]
    assert run(args) == 0
    shown = capsys.readouterr().out
    _, parsed, written = shown.split("input schema, ")
    assert "    /properties/duration\n" in shown
    assert '"prompt",\n    "ratio",\n    "duration"' in parsed
    assert '"required": [\n    "prompt"\n  ]' in written


def test_explain_names_what_was_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(ROOT / "fixtures/catalog/cloudflare-video.json")
    assert run(["explain", "contract", "--contract", path]) == 0
    assert "the example 'Nature Scene' is left out" in capsys.readouterr().out


@pytest.mark.parametrize(
    "args",
    [
        ["serve", "--port", "0", "--contract", str(BROKEN / "crossed-bounds.json")],
        ["serve", "--port", "0", "--contract", str(ENTRY), "--contract", str(ENTRY)],
        ["serve", "--port", "0", "--strict", "--contract", str(BROKEN)],
        ["workers", "--contract", str(BROKEN / "not-json.json")],
        ["exec", "--contract", str(BROKEN / "no-model.json"), "--", "true"],
        ["check", "--contract", str(BROKEN / "no-schema.json"), str(ENTRY)],
    ],
    ids=["unsatisfiable", "repeated", "strict", "not-json", "no-model", "no-schema"],
)
def test_a_bad_entry_is_one_line_and_exit_code_2(
    args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(args) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1


def test_workers_passes_the_contracts_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["workers", "--contract", str(ENTRY)]) == 0
    assert f"--contract {ENTRY}" in capsys.readouterr().out
