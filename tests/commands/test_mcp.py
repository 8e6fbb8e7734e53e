"""`aleph-contract mcp`, called over standard input and output by the client of the package mcp."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from waiting import PATIENCE

from aleph_contract.commands import mcp_verify
from aleph_contract.errors import CouldNotRun

if TYPE_CHECKING:  # it loads for a second, in the tests that use it
    from mcp import ClientSession

FIXTURES = Path(__file__).parents[2] / "fixtures"

#: Characters that no answer, and no error, exceeds: an agent pays for each.
MAX_ANSWER = 6_500
MAX_ERROR = 600

TOOLS = [
    "check_input",
    "list_rules",
    "list_faults",
    "explain",
    "start_fake",
    "read_journal",
    "read_verdict",
    "verify_client",
]

Tool = Callable[..., Awaitable[Any]]
Use = Callable[["ClientSession", Tool], Awaitable[None]]


class ToolRefused(Exception):  # noqa: N818 - named by the tests
    """The server answered a tool call with an error; the text is its message."""


def session(use: Use) -> None:
    """Start the server, let `use` call its tools, and end it."""
    if not os.environ.get("CI"):
        pytest.importorskip("mcp", reason="the extra mcp is not installed")
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    async def whole() -> None:
        server = StdioServerParameters(
            command=sys.executable, args=["-m", "aleph_contract", "mcp"], cwd=FIXTURES
        )
        async with stdio_client(server) as streams, ClientSession(*streams) as opened:
            await opened.initialize()

            async def tool(name: str, /, **arguments: Any) -> Any:
                answer = (await opened.call_tool(name, arguments)).model_dump(by_alias=True)
                assert answer.get("structuredContent") is None  # it would repeat the text
                (content,) = answer["content"]
                assert len(content["text"]) <= MAX_ANSWER
                if answer["isError"]:
                    assert len(content["text"]) <= MAX_ERROR
                    raise ToolRefused(content["text"])
                return content["text"] if name == "explain" else json.loads(content["text"])

            await use(opened, tool)

    asyncio.run(asyncio.wait_for(whole(), 60))


def call(environment: dict[str, str], body: bytes) -> int:
    """Call the fake as the account of an environment; return the status."""
    base, account = environment["CLOUDFLARE_BASE_URL"], environment["CLOUDFLARE_ACCOUNT_ID"]
    request = urllib.request.Request(  # noqa: S310 - the fake's URL
        f"{base}/accounts/{account}/ai/run",
        body,
        {
            "Authorization": f"Bearer {environment['CLOUDFLARE_API_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request) as reply:  # noqa: S310
            return int(reply.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


async def ask_about_the_contract(opened: ClientSession, tool: Tool) -> None:
    offered = (await opened.list_tools()).tools
    assert [one.name for one in offered] == TOOLS
    assert all(one.description for one in offered)

    good = '{"prompt": "Night", "video_uri": "https://example.com/a.mp4"}'
    assert (await tool("check_input", document=good))["valid"] is True
    bad = await tool("check_input", document=good.replace("Night", ""))
    assert bad["valid"] is False
    (violation,) = bad["violations"]
    assert (violation["pointer"], violation["line"], violation["column"]) == ("/prompt", 1, 12)
    many = json.dumps({f"unknown{n}": "x" * 999 for n in range(99)})
    assert (await tool("check_input", document=many))["violations"]
    with pytest.raises(ToolRefused, match="line 1 column 1"):
        await tool("check_input", document="no JSON")

    rules = (await tool("list_rules"))["rules"]
    assert rules["request.faithful"].startswith("must: the client ")
    assert "request.faithful" not in (await tool("list_rules", side="server"))["rules"]

    first = await tool("list_faults")
    names, answer = list(first["faults"]), first
    while answer["more"]:
        answer = await tool("list_faults", after=names[-1])
        names += answer["faults"]
    assert len(names) == len(set(names)) == len(first["faults"]) + first["more"]
    assert first["faults"]["token-missing"] == "400: no Authorization header"
    for text in ("429", "Rate-lim"):
        assert "rate-limited" in (await tool("list_faults", text=text))["faults"]

    assert "  fix " in await tool("explain", name="request.faithful")
    assert (await tool("explain", name="rate-limited")).startswith("fault rate-limited")
    with pytest.raises(ToolRefused, match=r"did you mean request\.faithful"):
        await tool("explain", name="request.faithfull")


async def use_a_fake(tool: Tool) -> None:
    started = await tool("start_fake", faults=["rate-limited"])
    account, environment = started["account"], started["environment"]
    assert (await tool("read_verdict", account=account))["conformant"] is None

    body = {"prompt": "Night", "video_uri": "https://example.com/a.mp4"}
    good = json.dumps({"model": "runwayml/aleph-2", "input": body}).encode()
    bad = good.replace(b"Night", b"")
    statuses = [await asyncio.to_thread(call, environment, sent) for sent in (good, good, bad)]
    assert statuses == [429, 200, 400]

    journal = await tool("read_journal", account=account)
    assert [row["fault"] for row in journal["calls"]] == ["rate-limited", None, None]
    assert "prompt" in journal["calls"][2]["why"]
    assert [row["cost_usd"] for row in journal["calls"]] == ["0", None, "0"]
    assert (journal["bill"]["runs"], journal["bill"]["runs_of_unknown_price"]) == (1, 1)
    later = await tool("read_journal", account=account, after=2)
    assert [row["number"] for row in later["calls"]] == [3]

    verdict = await tool("read_verdict", account=account)
    assert verdict["conformant"] is False
    assert verdict["exchanges"] == 3
    assert "request.valid" in {finding["rule"] for finding in verdict["findings"]}

    other = await tool("start_fake", profile="live")
    assert other["environment"]["CLOUDFLARE_BASE_URL"] == environment["CLOUDFLARE_BASE_URL"]
    assert (await tool("read_journal", account=other["account"]))["calls"] == []
    with pytest.raises(ToolRefused, match="start_fake returns one"):
        await tool("read_journal", account="unknown")
    with pytest.raises(ToolRefused, match="no fault is named 'no-such-fault'"):
        await tool("start_fake", faults=["no-such-fault"])


async def verify_a_client(tool: Tool) -> None:
    good = await tool(
        "verify_client",
        command=["clients/urllib_client.py:run"],
        adapter="python",
        run=["boundary/seed/minimum/*"],
    )
    assert (good["verdict"], good["causes"]) == ("conforms", [])
    assert good["cases"]["passed"] == good["cases"]["total"] > 0

    bad = await tool(
        "verify_client",
        command=["clients.py:drops_zero_seed"],
        adapter="python",
        folder="broken",
        run=["boundary/seed/*"],
    )
    assert bad["verdict"] == "does-not-conform"
    cause = bad["causes"][0]
    assert cause["rule"] == "request.faithful"
    assert json.loads(cause["intended"])["seed"] == 0
    assert f"--run {cause['example']}" in cause["again"]

    client = [sys.executable, "-c", "pass"]
    with pytest.raises(ToolRefused, match=r"no verdict: .*no case is left to run"):
        await tool("verify_client", command=client, run=["no-such-case"])
    with pytest.raises(ToolRefused, match="no folder 'missing'"):
        await tool("verify_client", command=client, folder="missing")
    with pytest.raises(ToolRefused, match="command is empty"):
        await tool("verify_client", command=[])
    with pytest.raises(ToolRefused, match="max_seconds"):
        await tool("verify_client", command=client, max_seconds=0)


def test_an_agent_uses_every_tool() -> None:
    """It asks about the contract, calls a fake and reads its journal, and verifies clients."""

    async def use(opened: ClientSession, tool: Tool) -> None:
        await ask_about_the_contract(opened, tool)
        await use_a_fake(tool)
        await verify_a_client(tool)

    session(use)


def test_a_relative_contract_is_found_from_the_folder_of_the_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(FIXTURES)
    tools = mcp_verify.VerifyTools(("contracts/prism__grade-1.json",))
    command = ["urllib_client.py:run"]
    verification = tools.verify_client(command, "python", "clients", ["no-such-case"])
    with pytest.raises(CouldNotRun, match="no case is left to run"):
        asyncio.run(verification)


def test_a_verification_over_its_time_limit_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_verify, "GRACE", 0.1)
    words = ("sh", "-c", "trap '' TERM; echo ready; exec sleep 60")
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.stdout.close()
    assert mcp_verify._ended(process, 0.3) == ""
    assert process.wait(PATIENCE) == -signal.SIGKILL


def test_without_the_package_the_error_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['mcp'] = None\n"
        "from aleph_contract.cli import run; sys.exit(run(['mcp']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.strip().endswith("pip install 'aleph-contract[mcp]'")
    assert "Traceback" not in done.stderr
