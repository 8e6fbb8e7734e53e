"""Exports of selected exchanges: HAR, a curl script, a pytest file, a fixture for `judge`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from aleph_contract.core.exchange import Exchange, as_json, body_text
from aleph_contract.version import __version__
from fake_server.inspector.pytest_export import pytest_file
from fake_server.inspector.replay import curl_command
from fake_server.inspector.web import path_of

#: Maximum exchanges of one export.
MAX_EXPORTED = 1000


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One format.

    Args:
        title: Its name on the page.
        file_name: The suggested name of the file.
        media_type: The media type of the file.
        write: The text of the file, from the exchanges, oldest first, and the origin of the fake.
    """

    title: str
    file_name: str
    media_type: str
    write: Callable[[Sequence[Exchange], str], str]


def _har(exchanges: Sequence[Exchange], origin: str) -> str:
    """HAR 1.2; a call without a response has status 0, as browsers write it."""
    log = {
        "version": "1.2",
        "creator": {"name": "aleph-contract", "version": __version__},
        "entries": [_har_entry(exchange, origin) for exchange in exchanges],
    }
    return json.dumps({"log": log}, indent=1)


def _har_entry(exchange: Exchange, origin: str) -> dict[str, Any]:
    started = datetime.fromtimestamp(exchange.received_at, timezone.utc)
    elapsed = exchange.elapsed * 1000
    types = dict(exchange.request_headers), _lower(exchange.response_headers)
    sent_type, received_type = (headers.get("content-type", "") for headers in types)
    request = {
        "method": exchange.method,
        "url": origin + exchange.target,
        "httpVersion": "HTTP/1.1",
        "headers": _har_headers(exchange.request_headers),
        "queryString": [],
        "cookies": [],
        "headersSize": -1,
        "bodySize": len(exchange.request_body),
    }
    if exchange.request_body:
        text = exchange.request_body.decode("utf-8", "replace")
        request["postData"] = {"mimeType": sent_type, "text": text}
    content = {"size": len(exchange.response_body), "mimeType": received_type}
    response = {
        "status": exchange.status or 0,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "headers": _har_headers(exchange.response_headers),
        "cookies": [],
        "content": content | _har_text(exchange.response_body),
        "redirectURL": types[1].get("location", ""),
        "headersSize": -1,
        "bodySize": len(exchange.response_body),
    }
    return {
        "startedDateTime": started.isoformat(timespec="milliseconds"),
        "time": elapsed,
        "request": request,
        "response": response,
        "cache": {},
        "timings": {"send": 0, "wait": elapsed, "receive": 0},
    }


def _har_headers(headers: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _lower(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}


def _har_text(raw: bytes) -> dict[str, str]:
    text = body_text(raw)
    if isinstance(text, str):
        return {"text": text}
    return {"text": text["base64"], "encoding": "base64"}


def _fixture(exchanges: Sequence[Exchange], _: str) -> str:
    """One exchange a line, in the form of `serve --record`."""
    lines = (json.dumps(as_json(exchange, body_text)) for exchange in exchanges)
    return "".join(f"{line}\n" for line in lines)


def _curl(exchanges: Sequence[Exchange], origin: str) -> str:
    """A shell script that makes the calls again, in their order."""
    commands = (
        f"# {exchange.status or 'no response'} {exchange.fault or exchange.outcome}, call "
        f"{exchange.number}\n{curl_command(exchange, origin, f'{path_of(exchange)}/request')}\n"
        for exchange in exchanges
    )
    head = (
        "#!/bin/sh\n# Makes the calls again. Set the token first: export CLOUDFLARE_API_TOKEN=…\n"
        'set -u\n: "$CLOUDFLARE_API_TOKEN"\n'
    )
    return "\n".join((head, *commands))


EXPORT_FORMATS = {
    "har": ExportFormat("HAR", "exchanges.har", "application/json", _har),
    "curl": ExportFormat("curl script", "exchanges.sh", "text/x-shellscript", _curl),
    "pytest": ExportFormat(
        "pytest test", "test_exchanges.py", "text/x-python", lambda found, _: pytest_file(found)
    ),
    "fixture": ExportFormat(
        "fixture for judge", "exchanges.jsonl", "application/x-ndjson", _fixture
    ),
}
