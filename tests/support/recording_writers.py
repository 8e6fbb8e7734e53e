"""The same calls in every format of recordings: each writer takes the entries of a HAR file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

yaml: Any = import_module("yaml")  # PyYAML ships no types

Entries = Sequence[dict[str, Any]]


def _lists(headers: list[dict[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for header in headers:
        found.setdefault(header["name"], []).append(header["value"])
    return found


def interaction(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry as vcrpy writes it."""
    request, response = entry["request"], entry["response"]
    return {
        "request": {
            "method": request["method"],
            "uri": request["url"],
            "body": request["postData"]["text"],
            "headers": _lists(request["headers"]),
        },
        "response": {
            "status": {"code": response["status"], "message": "any"},
            "headers": _lists(response["headers"]),
            "body": {"string": response["content"]["text"]},
        },
    }


def log_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry as the API of the gateway returns it, and its bodies."""
    request, response = entry["request"], entry["response"]
    labels = [h["value"] for h in response["headers"] if h["name"].lower() == "content-type"]
    body = _parsed(request["postData"]["text"])
    model = body.get("model") if isinstance(body, dict) else None
    log = {
        "id": "01K0",
        "created_at": entry["startedDateTime"].replace("+00:00", "Z"),
        "duration": int(entry["time"]),
        "model": model or "runwayml/aleph-2",
        "path": urlsplit(request["url"]).path,
        "provider": "runwayml",
        "request_content_type": "application/json",
        "response_content_type": labels[0] if labels else "",
        "status_code": response["status"],
        "success": response["status"] == 200,
        "cached": False,
    }
    return {"log": log, "request": body, "response": _parsed(response["content"]["text"])}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def write_har(path: Path, entries: Entries) -> None:
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), "utf-8")


def write_vcr(path: Path, entries: Entries) -> None:
    cassette = {"interactions": [interaction(e) for e in entries], "version": 1}
    path.write_text(yaml.dump(cassette), "utf-8")


def write_vcr_json(path: Path, entries: Entries) -> None:
    cassette = {"version": 1, "interactions": [interaction(e) for e in entries]}
    path.write_text(json.dumps(cassette), "utf-8")


def write_bucket(path: Path, entries: Entries) -> None:
    lines = "".join(json.dumps(log_entry(e)) + "\n" for e in entries)
    path.write_bytes(gzip.compress(lines.encode()))


def write_log(path: Path, entries: Entries) -> None:
    """One document of several lines: an answer of the API with the bodies in each entry."""
    found = [log_entry(e) for e in entries]
    result = [{**e["log"], "request": e["request"], "response": e["response"]} for e in found]
    path.write_text(json.dumps({"success": True, "result": result}, indent=1), "utf-8")


#: Writers by format and form.
WRITERS: dict[str, Callable[[Path, Entries], None]] = {
    "har": write_har,
    "vcr": write_vcr,
    "vcr-json": write_vcr_json,
    "gateway-log": write_log,
    "gateway-log-bucket": write_bucket,
}
