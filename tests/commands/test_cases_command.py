"""`aleph-contract cases`: one JSON object or one name per line."""

from __future__ import annotations

import json

import pytest
from sample_cases import BY_NAME, ENTRIES

from aleph_contract.cli import run


def test_json_output_has_one_object_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cases", "--json", "--constraint", "seed/maximum", "--polarity", "violating"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == {
        "name": "boundary/seed/maximum/above",
        "polarity": "violating",
        "portable": True,
        "doubt": None,
        "constraint": {
            "instance": "/seed",
            "schema": "/properties/seed/maximum",
            "keyword": "maximum",
            "limit": 4294967295,
        },
        "input": BY_NAME["boundary/seed/maximum/above"].input,
        "compound": False,
        "on_bound": True,
    }
    assert [line["name"] for line in lines[1:]] == [
        name for name in BY_NAME if name.startswith(("probe/seed/2", "probe/seed/10"))
    ]


def test_certificates_are_printed_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    name = "boundary/seed/maximum/above"
    assert run(["cases", "--json", "--certificates", "--constraint", name]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["certificate"]["removed"] == ["/properties/seed/maximum"]
    assert told["note"].startswith("`/seed`:")


def test_text_output_lists_polarity_and_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cases", "--constraint", "*public_figure_threshold/type"]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = "content_moderation/public_figure_threshold/type"
    assert lines[0] == f"valid                boundary/{start}/on"
    assert lines[1] == f"violating  compound  boundary/{start}/null"


def test_the_cases_of_another_contract(capsys: pytest.CaptureFixture[str]) -> None:
    path = ENTRIES["pixelworks__canvas-3"]
    assert run(["cases", "--contract", str(path), "--constraint", "width/minimum"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["valid", "boundary/width/minimum/on"]
