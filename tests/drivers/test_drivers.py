"""A call as the client gets it, and reports: read in the same way for every adapter."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
from email.message import Message
from pathlib import Path
from typing import Any

import cloudflare
import httpx
import pytest
from process_state import gone
from waiting import PATIENCE

from aleph_contract.core.jsonvalue import Number
from aleph_contract.core.outcome import ReportedError
from aleph_contract.drivers import Call, outcomes

URL = "https://videos.example/a.mp4"


def call(value: Any = None, text: str | None = None) -> Call:
    return Call("c1", value, text, "http://127.0.0.1/client/v4", "a" * 32, "s3cret", 5.0)


def test_a_call_never_shows_its_token() -> None:
    assert "s3cret" not in repr(call({}))


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ({"seed": 1}, '{ "seed":1e0 }', '{ "seed":1e0 }'),
        ({"seed": Number("1e0")}, None, '{"seed":1e0}'),
        ({"prompt": "é"}, None, '{"prompt":"é"}'),
        ({"prompt": "\ud83d"}, None, '{"prompt":"\\ud83d"}'),
    ],
)
def test_the_input_keeps_its_json_spelling(value: Any, text: str | None, expected: str) -> None:
    assert call(value, text).json == expected
    assert call(value, text).json.encode()


@pytest.mark.parametrize(
    ("report", "video"),
    [
        (URL, URL),
        ("not a URL", "not a URL"),
        ({"video": URL}, URL),
        ({"state": "Completed", "result": {"video": URL}}, URL),
        ({"success": True, "result": {"state": "Completed", "result": {"video": URL}}}, URL),
        ({"result": {"video": "far"}, "video": "near"}, "near"),
        ({"a": [{"b": 1}, {"video": URL}]}, URL),
        ({"url": URL}, URL),
        ([URL, URL], URL),
        ({"video": None}, None),
        ({"video": 42, "url": URL}, 42),
        ({"video": {"url": URL}}, {"url": URL}),
        (None, None),
        (42, 42),
        ({}, {}),
        ({"url": URL, "other": "http://x/"}, {"url": URL, "other": "http://x/"}),
        (
            {"success": False, "errors": [{"code": 7003}]},
            {"success": False, "errors": [{"code": 7003}]},
        ),
    ],
)
def test_the_video_of_a_report(report: Any, video: Any) -> None:
    assert outcomes.find_result(report, "video") == video


@pytest.mark.parametrize(
    ("stdout", "video"),
    [
        (URL + "\n", URL),
        (f'"{URL}"', URL),
        (json.dumps({"result": {"video": URL}}, indent=2), URL),
        (f"sending …\ndone\n{URL}\n\n", URL),
        (f'sending …\n{{"video":"{URL}"}}\n', URL),
        ("", ""),
        ("null", None),
        ("42", 42),
        ('{"video":null}', None),
        ("<html>\n</html>", "<html>\n</html>"),
        ('{"video": "cut \\ud83d"}', "cut ?"),
        ('{"video": NaN}', "NaN"),
    ],
)
def test_the_video_that_a_command_prints(stdout: str, video: Any) -> None:
    report = outcomes.report_from_output(stdout)
    assert outcomes.find_result(report, "video") == video


@pytest.mark.parametrize(
    ("stdout", "stderr", "error"),
    [
        ("", "it broke\n", ReportedError("it broke")),
        ('{"errors":[]}\n', "curl: (22)\n", ReportedError('curl: (22)\n{"errors":[]}')),
        ("", "", ReportedError("")),
        (
            '{"error":{"stage":"api","status":400,"code":7003,"message":"no"}}',
            "noise",
            ReportedError("no", "api", 400, 7003),
        ),
        ('{"error":{"status":"failed","message":"no"}}', "", ReportedError("no")),
        ('{"error":[{"code":1}]}', "", ReportedError('{"error":[{"code":1}]}')),
    ],
)
def test_the_error_that_a_command_prints(stdout: str, stderr: str, error: ReportedError) -> None:
    assert outcomes.error_from_output(stdout, stderr) == error


class CodedError(Exception):
    """An error with attributes, as small client libraries define it."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.__dict__ |= facts


def _httpx_error() -> httpx.HTTPStatusError:
    request = httpx.Request("POST", "http://x/")
    response = httpx.Response(400, json={"errors": [{"code": 7003}]}, request=request)
    return httpx.HTTPStatusError("refused", request=request, response=response)


def _cloudflare_error() -> cloudflare.APIStatusError:
    body = {"errors": [{"code": 10000, "message": "Authentication error"}]}
    response = httpx.Response(401, json=body, request=httpx.Request("POST", "http://x/"))
    return cloudflare.AuthenticationError("no", response=response, body=body)


@pytest.mark.parametrize(
    ("error", "stage", "status", "code"),
    [
        (ValueError("seed"), "client", None, None),
        (CodedError("no", status=402, code=2021), "api", 402, 2021),
        (CodedError("no", status_code=429), "api", 429, None),
        (CodedError("no", code="E_TOO_LONG"), "client", None, "E_TOO_LONG"),
        (CodedError("no", status=True, code=False), "client", None, None),
        (CodedError("no", status=400, stage="client"), "client", 400, None),
        (_httpx_error(), "api", 400, 7003),
        (_cloudflare_error(), "api", 401, 10000),
        (urllib.error.HTTPError("http://x/", 404, "no", Message(), None), "api", 404, None),
        (urllib.error.URLError("refused"), "transport", None, None),
        (ConnectionResetError(104, "reset"), "transport", None, None),
        (TimeoutError(), "transport", None, None),
        (httpx.ReadTimeout("late"), "transport", None, None),
    ],
)
def test_an_exception_reports_its_status_and_code(
    error: Exception, stage: str, status: int | None, code: Any
) -> None:
    found = outcomes.error_from_exception(error)
    assert (found.stage, found.status, found.code) == (stage, status, code)
    assert type(error).__name__ in found.message
    if isinstance(error, urllib.error.HTTPError):
        error.close()


def test_an_exception_without_text_reports_its_type() -> None:
    assert outcomes.error_from_exception(TimeoutError()).message == "TimeoutError"


class Trap:
    """A response whose properties all raise."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_an_exception_whose_properties_raise_reports_its_text_only() -> None:
    assert outcomes.error_from_exception(CodedError("no", response=Trap())).status is None


INTERRUPTED = """
from aleph_contract.drivers import Call
from aleph_contract.drivers.command import CommandDriver
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.drivers.stdio import StdioDriver

HELLO = '{"type":"hello","protocol":1,"client":{"name":"x"},"max_in_flight":1}'
STUCK = "sleep 80 & echo $! > child; echo $$ > pid.new; mv pid.new pid; wait"

async def client(input, *, base_url, account_id, api_token):
    import asyncio
    open("pid", "w").write("0 0")
    await asyncio.sleep(80)

with DRIVER as driver:
    list(driver.run([Call("c", 1, None, "", "", "t", 80.0)]))
"""


@pytest.mark.parametrize(
    "driver",
    [
        "PythonDriver(client)",
        "CommandDriver(['sh', '-c', STUCK])",
        "StdioDriver(['sh', '-c', 'echo $0; read x; read y; ' + STUCK, HELLO])",
    ],
)
def test_ctrl_c_ends_the_client_and_its_children(driver: str, tmp_path: Path) -> None:
    source = INTERRUPTED.replace("DRIVER", driver, 1)
    with subprocess.Popen(
        [sys.executable, "-c", source], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + PATIENCE
        while not (tmp_path / "pid").exists() and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGINT
    assert stderr.endswith("KeyboardInterrupt\n")
    if "STUCK" in driver:
        assert gone(*(int((tmp_path / name).read_text()) for name in ("pid", "child")))
