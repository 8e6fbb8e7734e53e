"""The servers that `throughput.py` compares: ours, a bare uvicorn application, and peers."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "0123456789abcdef" * 2
PATH = f"/client/v4/accounts/{ACCOUNT}/ai/run"

_UVICORN = """
import uvicorn
uvicorn.run(app, host="127.0.0.1", port={port}, access_log=False, log_config=None)
"""

BARE = """
REPLY = b'{{"state":"Completed","result":{{"video":"https://example.com/0123456789.mp4"}}}}'
START = {{"type": "http.response.start", "status": 200, "headers": [
    (b"content-type", b"application/json"), (b"content-length", str(len(REPLY)).encode())]}}
END = {{"type": "http.response.body", "body": REPLY}}

async def app(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    await send(START)
    await send(END)
"""

STARLETTE = """
import collections, orjson
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for
journal = collections.deque(maxlen=10_000)
validator = validator_for(Contract.load())

async def run(request):
    raw = await request.body()
    journal.append((request.path_params["account"], raw))
    if not validator.is_valid(orjson.loads(raw)["input"]):
        return Response(b"{{}}", 400, media_type="application/json")
    return Response(orjson.dumps({{"state": "Completed"}}), media_type="application/json")

app = Starlette(routes=[Route("/client/v4/accounts/{{account}}/ai/run", run, methods=["POST"])])
"""

FASTAPI = """
import collections
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from jsonschema import Draft202012Validator
from aleph_contract.contract import Contract
journal = collections.deque(maxlen=10_000)
validator = Draft202012Validator(Contract.load().input_schema)
app = FastAPI()

@app.post("/client/v4/accounts/{{account}}/ai/run")
async def run(account: str, body: dict):
    journal.append((account, body))
    if not validator.is_valid(body["input"]):
        return JSONResponse({{}}, 400)
    return {{"state": "Completed"}}
"""

OPENAPI = {
    "openapi": "3.0.3",
    "info": {"title": "run", "version": "1"},
    "paths": {
        PATH: {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["model", "input"],
                                "properties": {
                                    "model": {"type": "string"},
                                    "input": {
                                        "type": "object",
                                        "required": ["prompt", "video_uri"],
                                        "properties": {
                                            "prompt": {"type": "string"},
                                            "video_uri": {"type": "string"},
                                        },
                                    },
                                },
                            }
                        }
                    }
                },
                "responses": {
                    "200": {
                        "description": "done",
                        "content": {"application/json": {"example": {"state": "Completed"}}},
                    }
                },
            }
        }
    },
}

MAPPING = {
    "request": {
        "method": "POST",
        "urlPath": PATH,
        "bodyPatterns": [
            {"matchesJsonPath": f"$.{path}"}
            for path in ("model", "input.prompt", "input.video_uri")
        ],
    },
    "response": {
        "headers": {"Content-Type": "application/json"},
        "jsonBody": {"state": "Completed"},
    },
}


@dataclass(frozen=True)
class Contender:
    """A server to measure.

    Args:
        name: Name in the table.
        command: Takes a port and a scratch folder; returns the command that starts the server.
        programs: Programs that must be on the PATH.
    """

    name: str
    command: Callable[[int, Path], Sequence[str]]
    programs: tuple[str, ...] = ()


def python(name: str, source: str) -> Contender:
    """A contender in Python, defined in this file."""
    text = textwrap.dedent(source) + _UVICORN
    return Contender(name, lambda port, _: [sys.executable, "-c", text.format(port=port)])


def npm(name: str, program: str, *arguments: str) -> Contender:
    """A contender from npm; its command contains `{spec}` and `{port}`."""

    def command(port: int, folder: Path) -> Sequence[str]:
        spec = folder / "openapi.json"
        spec.write_text(json.dumps(OPENAPI))
        return [program, *(a.format(port=port, spec=spec) for a in arguments)]

    return Contender(name, command, (program,))


def wiremock(port: int, folder: Path) -> Sequence[str]:
    """WireMock without its start script, whose CPU time must not count."""
    home = Path(shutil.which("wiremock") or "").resolve().parent
    mappings = folder / "mappings"
    mappings.mkdir()
    (mappings / "run.json").write_text(json.dumps(MAPPING))
    jar = next(home.glob("build/*.jar"))
    options = f"--port {port} --root-dir {folder} --max-request-journal-entries 10000"
    return ["java", "-jar", str(jar), *options.split()]


OURS = Contender(
    "aleph-contract serve",
    lambda port, _: [sys.executable, "-m", "aleph_contract", "serve", "--port", str(port)],
)
CONTENDERS: tuple[Contender, ...] = (python("bare uvicorn, constant answer", BARE), OURS)
PEERS = (
    python("Starlette, orjson, jsonschema-rs", STARLETTE),
    python("FastAPI, jsonschema", FASTAPI),
    npm("Prism", "prism", "mock", "{spec}", "-p", "{port}", "-v", "fatal"),
    npm("Mockoon", "mockoon-cli", "start", "-d", "{spec}", "-p", "{port}"),
    Contender("WireMock", wiremock, ("wiremock", "java")),
)
