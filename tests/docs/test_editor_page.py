"""The task of the page on editors reads the output of `check`."""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import CliRunner

from aleph_contract.cli import cli

PAGE = (Path(__file__).parents[2] / "docs/agents-and-editors.md").read_text()


def test_the_problem_matcher_of_the_task_reads_every_violation(tmp_path: Path) -> None:
    block = re.search(r"^```json tasks.json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert block is not None
    (task,) = json.loads(block[1])["tasks"]
    pattern = task["problemMatcher"]["pattern"]
    file = tmp_path / "two.json"
    file.write_text('{"prompt": "",\n "seed": -1, "video_uri": "https://example.com/a.mp4"}')
    lines = CliRunner().invoke(cli, ["check", str(file)]).output.splitlines()
    found = [match for line in lines if (match := re.search(pattern["regexp"], line))]
    assert [int(match[pattern["line"]]) for match in found] == [1, 2]
    assert [int(match[pattern["column"]]) for match in found] == [12, 10]
    assert {match[pattern["file"]] for match in found} == {str(file)}
    assert "seed must be at least 0" in found[1][pattern["message"]]
