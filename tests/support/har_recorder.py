"""A client that records its own calls as HAR 1.2 entries, as a browser would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import urlsplit


def headers(pairs: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def entry(
    method: str,
    url: str,
    sent: Mapping[str, str],
    body: bytes,
    *,
    status: int,
    received: Any = (),
    reply: bytes = b"",
    started: float = 0.0,
    seconds: float = 0.0,
) -> dict[str, Any]:
    return {
        "startedDateTime": datetime.fromtimestamp(started, timezone.utc).isoformat(),
        "time": seconds * 1000,
        "request": {
            "method": method,
            "url": url,
            "httpVersion": "HTTP/1.1",
            "headers": headers(sent.items()),
            "postData": {"mimeType": sent.get("Content-Type", ""), "text": body.decode()},
            "bodySize": len(body),
        },
        "response": {
            "status": status,
            "headers": headers(received),
            "content": {"size": len(reply), "text": reply.decode()},
        },
        "cache": {},
        "timings": {},
    }


class Recorder:
    """Sends calls, and keeps an entry for each."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def send(self, method: str, url: str, sent: Mapping[str, str], body: bytes) -> None:
        parts = urlsplit(url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        started, status, received, reply = time(), 0, [], b""
        try:
            connection.request(method, url.partition(parts.netloc)[2], body, dict(sent))
            response = connection.getresponse()
            status, received = response.status, response.getheaders()
            reply = response.read()
        except (HTTPException, OSError) as error:
            reply = getattr(error, "partial", b"")
        finally:
            connection.close()
        self.entries.append(
            entry(
                method,
                url,
                sent,
                body,
                status=status,
                received=received,
                reply=reply,
                started=started,
                seconds=time() - started,
            )
        )

    def save(self, path: Path) -> Path:
        log = {"version": "1.2", "creator": {"name": "test", "version": "1"}}
        path.write_text(json.dumps({"log": {**log, "entries": self.entries}}), "utf-8")
        return path
