"""The results, errors and requests of `env.AI`, the runtime's own client, in workerd."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from workers_node import HERE, PATIENCE, REPLIES

from fake_server import workers
from fake_server.server import Server


@pytest.fixture(scope="module", params=["miniflare4", "miniflare"])
def probed(request: pytest.FixtureRequest, node: Path, server: Server) -> dict[str, Any]:
    """The outcomes of `probe.ts`, in both versions of Miniflare."""
    return probe(node, request.param, server, FIRST, "/")


def probe(node: Path, miniflare: str, server: Server, *urls: str) -> dict[str, Any]:
    """Run `probe.ts` in one Miniflare: milliseconds to the first response, and all responses."""
    plugin = json.dumps(workers.settings(server.binding_address))
    argv: list[str | Path] = [node, "probe.mjs", miniflare, plugin, "probe.ts", *urls]
    done = subprocess.run(
        argv, cwd=HERE, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return {"miniflare": miniflare, **result}


#: Runs one documented sample; the first request after the start.
FIRST = f"/?only={quote(f'sample: {next(iter(REPLIES))}')}"


def thrown(name: str, message: str, status: int | None = None) -> dict[str, Any]:
    """An error that env.AI throws, and the HTTP status that env.AI holds afterwards."""
    error = {"name": name, "message": message}
    return error if status is None else {**error, "status": status}


#: A Worker sees the bare class of a failure; its detail is in the raw response.
_USER_ERROR = "7003: User Input Error"


def no_route(path: str) -> str:
    """The first of the two errors of a route that the service does not have."""
    return f"Could not route to {path}, perhaps your object identifier is invalid?"


#: Errors of env.AI. Errors without a code come from the client code in the runtime's source.
THROWN = {
    "invalid input": thrown("AiGatewayError", _USER_ERROR, 400),
    "unknown field": thrown("AiGatewayError", _USER_ERROR, 400),
    "field missing": thrown("AiGatewayError", _USER_ERROR, 400),
    "no input": thrown("TypeError", "Cannot convert undefined or null to object"),
    "unknown model": thrown("AiGatewayError", _USER_ERROR, 404),
    "another model": thrown("AiGatewayError", _USER_ERROR, 404),
    "prefix": thrown("AiGatewayError", _USER_ERROR, 404),
    "no credits": thrown("AiGatewayError", "2021: Insufficient AI Gateway credits", 402),
    "stream": thrown(
        "AiGatewayError", "7002: Content-Type must be application/json, received video/mp4", 415
    ),
    "two streams": thrown(
        "AiInternalError",
        "Multiple ReadableStreams are not supported. Found streams in keys: [prompt, video_uri]",
    ),
    "stream without type": thrown(
        "AiInternalError", "Content-Type is required with ReadableStream inputs"
    ),
    "stream through a gateway": thrown(
        "AiInternalError", "AI Gateway does not support ReadableStreams yet."
    ),
    "aborted": thrown("AbortError", "The operation was aborted"),
    "models": thrown("AiInternalError", no_route("/ai-api/models/search")),
    "to markdown": thrown("AiInternalError", no_route("/to-everything/markdown/transformer")),
    "gateway url": thrown(
        "AiGatewayInternalError", no_route("/ai-gateway/gateways/default/url/runwayml")
    ),
    "gateway log": thrown(
        "AiGatewayInternalError", no_route("/ai-gateway/gateways/default/logs/1")
    ),
}


class TestClient:
    """`env.AI` returns, throws and sends what the live binding does."""

    @pytest.mark.parametrize("name", REPLIES)
    def test_returns_the_documented_object_for_each_sample(
        self, probed: dict[str, Any], name: str
    ) -> None:
        assert outcome(probed, f"sample: {name}")["value"] == REPLIES[name]

    @pytest.mark.parametrize("name", THROWN)
    def test_throws(self, probed: dict[str, Any], name: str) -> None:
        assert outcome(probed, name).items() >= THROWN[name].items()

    def test_returns_the_raw_response_on_request(self, probed: dict[str, Any]) -> None:
        whole = outcome(probed, "raw response")["value"]
        assert (whole["status"], whole["type"]) == (200, "application/json")
        assert whole["body"] == outcome(probed, "another input")["value"]
        refusal = outcome(probed, "raw refusal")["value"]
        assert (refusal["status"], refusal["body"]["internalCode"]) == (400, 7003)
        assert outcome(probed, "websocket")["value"] == 405

    def test_holds_the_ids_of_the_last_call(self, probed: dict[str, Any]) -> None:
        last = outcome(probed, "another input")
        assert re.fullmatch(r"[0-9a-f-]{36}", last["requestId"])
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}", last["logId"])

    def test_sends_gateway_options_and_extra_headers(
        self, probed: dict[str, Any], server: Server
    ) -> None:
        assert outcome(probed, "gateway")["value"]["state"] == "Completed"
        (sent, *_) = server.app.journal.exchanges("0" * 31 + "1")
        assert sent.target == "/ai-gateway/run?version=3"
        assert json.loads(sent.request_body)["options"] == {
            "gateway": {"id": "0" * 31 + "1", "skipCache": True, "cacheTtl": 60}
        }
        assert outcome(probed, "extra headers")["value"]["state"] == "Completed"
        sources = {dict(x.request_headers).get("x-request-source") for x in server.exchanges}
        assert "probe" in sources

    def test_answers_within_a_second_of_the_start(
        self, probed: dict[str, Any], node: Path, server: Server
    ) -> None:
        """The limit grows with the load of the machine, and a slow start is measured twice."""
        limit = 1000 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        took = probed["milliseconds"]
        if took >= limit:
            took = probe(node, probed["miniflare"], server, FIRST)["milliseconds"]
        assert took < limit


def outcome(probed: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = probed["answers"][1][name]
    return found
