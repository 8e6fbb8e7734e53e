"""A Python callable as a process of its own, which speaks the line protocol."""

from __future__ import annotations

import json
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from driver_calls import calls, drive

from aleph_contract.core.outcome import Outcome
from aleph_contract.drivers import callable_process, ndjson
from aleph_contract.drivers.stdio import StdioDriver

CLIENT = """
import sys
def run(given, **call):
    print("to standard output")
    do = given["do"]
    if do == "return":
        return {"video": "https://example.com/v.mp4", "seen": [given["x"], call["account_id"]]}
    if do == "raise":
        raise ValueError("no " + call["api_token"])
    if do == "exit":
        sys.exit(4)
    import no_such_module

async def run_async(given, **call):
    return run(given, **call)
"""


@pytest.fixture
def client(tmp_path: Path) -> str:
    path = tmp_path / "some_client.py"
    path.write_text(CLIENT, encoding="utf-8")
    return str(path)


def outcomes(target: str, *inputs: dict[str, Any], jobs: int | None = None) -> list[Outcome]:
    return drive(StdioDriver(callable_process.command(target, jobs)), calls(*inputs))


@pytest.mark.parametrize("name", ["run", "run_async"])
def test_results_and_errors_come_back_as_in_process(client: str, name: str) -> None:
    returned, raised = outcomes(
        f"{client}:{name}", {"do": "return", "x": 2**60}, {"do": "raise", "x": 0}
    )
    assert returned.kind == "result"
    assert returned.result["video"] == "https://example.com/v.mp4"
    assert returned.result["seen"][0] == 2**60
    assert raised.error is not None
    assert raised.error.message.startswith("ValueError: no ")
    assert "to standard output" in returned.stderr


def test_the_name_of_the_callable_is_that_of_the_client(client: str) -> None:
    with StdioDriver(callable_process.command(f"{client}:run", 3)) as driver:
        assert driver.client.name == f"{client}:run"
        assert driver.client.language.startswith("Python 3")
        assert driver.window == 3


def test_an_exit_is_a_crash(client: str) -> None:
    (ended,) = outcomes(f"{client}:run", {"do": "exit"}, jobs=1)
    assert ended.kind == "crashed"


@pytest.mark.parametrize(
    ("target", "reason"),
    [("no_such_module:run", "no_such_module"), ("json:no_such_name", "no_such_name")],
)
def test_a_callable_that_cannot_be_imported_ends_the_process(
    target: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: Iterable[str] = [ndjson.HELLO.decode()]
    reports = StringIO()
    assert callable_process.main(target, None, lines, reports) == callable_process.CANNOT_RUN
    assert reason in capsys.readouterr().err
    assert not reports.getvalue()


def test_the_input_keeps_its_spelling() -> None:
    (call,) = calls({"x": 1}, text='{"x": 1e0}')
    line = ndjson.run_line(call).decode()
    assert callable_process.input_text(line) == '{"x": 1e0}'
    assert json.loads(line)["input"] == {"x": 1}
