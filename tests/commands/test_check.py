"""`aleph-contract check`: screens, exit codes, and the JSON output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aleph_contract import Contract
from aleph_contract.cli import cli, run
from aleph_contract.commands.check import command
from aleph_contract.errors import ArgumentError
from aleph_contract.schema.validation.validator import Validator

GOOD = {"prompt": "Make it night", "video_uri": "https://example.com/a.mp4"}
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "check-schema.json").read_bytes())
REQUEST = """\
{
  "model": "runwayml/aleph-2",
  "input": {
    "prompt": "", "videoUri": "https://example.com/a.mp4",
    "keyframes": [{"uri": "a", "seconds": 31}, {"uri": "b", "seconds": 3, "at": 0.5}],
    "seed": 1.5
  }
}
"""
SCREEN = """\
r.json:3:12: the input must have "video_uri", which is missing
  3 |   "input": {
    |            ^
  at /input: required "video_uri"
r.json:4:15: prompt must have at least 1 character, not 0
  4 |     "prompt": "", "videoUri": "https://example.com/a.mp4",
    |               ^
  at /input/prompt: minLength 1, found 0
r.json:4:19: the input must not have "videoUri"; it is written video_uri
  4 |     "prompt": "", "videoUri": "https://example.com/a.mp4",
    |                   ^
  at /input: additionalProperties false, found ["videoUri"]
r.json:5:43: keyframes[0].seconds must be at most 30, not 31
  5 | yframes": [{"uri": "a", "seconds": 31}, {"uri": "b", "seconds": 3, "at":
    |                                    ^
  at /input/keyframes/0/seconds: maximum 30, found 31
r.json:5:48: keyframes[1] must not have "at"; or must not have "seconds"
  5 | es": [{"uri": "a", "seconds": 31}, {"uri": "b", "seconds": 3, "at": 0.5}
    |                                    ^
  at /input/keyframes/1: anyOf
r.json:6:13: seed must be an integer, not 1.5
  6 |     "seed": 1.5
    |             ^
  at /input/seed: type "integer", found 1.5
not a valid request for runwayml/aleph-2: 6 violations
"""


def check(document: Any, *options: str) -> tuple[int, str]:
    """Exit code and screen for a document on standard input."""
    text = document if isinstance(document, (str, bytes)) else json.dumps(document)
    result = CliRunner().invoke(command, options, input=text, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.stdout


def as_json(document: Any) -> dict[str, Any]:
    code, screen = check(document, "--json")
    found: dict[str, Any] = json.loads(screen)
    assert not Validator(SCHEMA).violations(found), "docs/check-schema.json says otherwise"
    assert code == (0 if found["valid"] else 1)
    return found


def test_the_complete_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("r.json").write_text(REQUEST, "utf-8")
    result = CliRunner().invoke(cli, ["check", "r.json"], standalone_mode=False)
    assert (result.return_value, result.stdout) == (1, SCREEN)


@pytest.mark.parametrize("document", [e.input for e in Contract.load().examples])
def test_documented_inputs_are_valid_in_each_form(document: Any) -> None:
    binding = {"inputs": document, "options": {}}
    rest = {"model": "runwayml/aleph-2", "input": document}
    assert check(document) == (0, "valid input for runwayml/aleph-2\n")
    assert check(rest) == (0, "valid request for runwayml/aleph-2\n")
    assert check(binding) == (0, "valid binding request for runwayml/aleph-2\n")


def test_json_has_position_limit_actual_value_and_message() -> None:
    found = as_json({**GOOD, "seed": 4294967296})
    assert found["violations"] == [
        {
            "pointer": "/seed",
            "line": 1,
            "column": 79,
            "keyword": "maximum",
            "limit": 4294967295,
            "actual": 4294967296,
            "schema": "/properties/seed/maximum",
            "message": "seed must be at most 4294967295, not 4294967296",
        }
    ]


def test_a_wrong_model_is_a_violation() -> None:
    [wrong] = as_json({"model": "runwayml/aleph-3", "input": GOOD})["violations"]
    assert wrong["message"] == 'model must be "runwayml/aleph-2", not "runwayml/aleph-3"'
    assert (wrong["pointer"], wrong["schema"]) == ("/model", None)
    [missing] = as_json({"input": GOOD})["violations"]
    assert missing["message"] == 'the request must have "model", which is missing'


def test_an_input_beside_the_model_gets_a_note() -> None:
    found = as_json({"model": "runwayml/aleph-2", **GOOD})
    assert found["form"] == "input"
    assert found["notes"] == ['a complete request body has two members, "model" and "input"']


def test_a_repeated_key_gets_a_note_and_is_no_violation() -> None:
    code, screen = check('{"prompt": "a", "prompt": "b", "video_uri": "c"}')
    assert code == 0
    assert screen.startswith("note: the key 'prompt' is repeated")


def test_a_number_keeps_its_spelling() -> None:
    assert "not -0.50" in check('{"prompt": "a", "video_uri": "b", "duration": -0.50}')[1]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'{"prompt":\n  }', "standard input:2:3: not JSON: Expecting value"),
        (b"", "standard input:1:1: not JSON: Expecting value"),
        (b'{"NaN":\n NaN}', "standard input:2:2: not JSON: NaN is not JSON; numbers are finite"),
        (b'["\xff"]', "standard input:1:3: not JSON: byte 0xff is not UTF-8"),
        (b"[" * 500, "nested deeper than 128 levels"),
    ],
)
def test_invalid_json_is_exit_code_2_with_line_and_column(raw: bytes, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        check(raw)
    assert message in str(error.value)


def test_a_missing_file_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "/nowhere/input.json"]) == 2
    assert capsys.readouterr().err == (
        "aleph-contract: /nowhere/input.json cannot be read: No such file or directory\n"
    )


def test_several_files_are_checked_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.json").write_text(json.dumps(GOOD))
    Path("bad.json").write_text(json.dumps(GOOD | {"seed": -1}))
    Path("no.json").write_text("{")
    assert run(["check", "good.json", "good.json"]) == 0
    capsys.readouterr()
    assert run(["check", "good.json", "bad.json"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("good.json: valid input for runwayml/aleph-2\nbad.json:1:")
    assert "\nbad.json: not a valid input for runwayml/aleph-2: 1 violation\n" in shown
    assert run(["check", "no.json", "absent.json", "bad.json", "--json"]) == 2
    found = capsys.readouterr()
    documents = json.loads(found.out)
    assert [(document["file"], document["valid"]) for document in documents] == [
        ("bad.json", False)
    ]
    assert not Validator(SCHEMA).violations(documents), "docs/check-schema.json says otherwise"
    assert "no.json:1:2: not JSON" in found.err
    assert "absent.json cannot be read: No such file or directory" in found.err


def test_another_contract_can_be_checked(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "aleph_contract/contract/entries/runwayml__aleph-2.json"
    entry = json.loads(source.read_bytes())
    entry["model_id"] = "someone/else"
    entry["schema"]["input"]["properties"]["input"] = {"type": "string"}
    entry["schema"]["input"]["properties"]["prompt"]["maxLength"] = 64
    other = tmp_path / "entry.json"
    other.write_text(json.dumps(entry), "utf-8")
    code, screen = check({**GOOD, "input": "x"}, "--contract", str(other))
    assert (code, screen) == (0, "valid input for someone/else\n")


def test_colours_only_on_a_terminal_without_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    def screen(**options: Any) -> str:
        return CliRunner().invoke(command, input="{}", standalone_mode=False, **options).stdout

    assert "\x1b" not in screen()
    assert "\x1b" in screen(color=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in screen(color=True)


def test_a_member_with_a_default_that_is_left_out_gets_a_note(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"prompt": {"type": "string"}, "a/b": {"type": "integer", "default": 5}},
        "required": ["prompt", "a/b"],
    }
    entry = {"model_id": "acme/m", "schema": {"input": schema, "output": True}}
    path = tmp_path / "entry.json"
    path.write_text(json.dumps(entry))
    code, screen = check('{"prompt": "a"}', "--contract", str(path))
    assert code == 0
    assert screen.startswith("note: /a~1b is left out: the published schema requires it")
    assert "note" not in check('{"prompt": "a", "a/b": 1}', "--contract", str(path))[1]
