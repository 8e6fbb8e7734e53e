"""Read HAR 1.2 (HTTP Archive), as browsers, Playwright and proxies write it.

The format holds bodies as text and headers in order. It does not hold framing. Writers may leave
bodies out, and "sanitised" files of a browser lack the Authorization header.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aleph_contract.recordings.members import NO_ANSWER, WIRE_HEADERS, as_bytes, checked, unix_time
from aleph_contract.recordings.recorded_call import Entry, Headers, RecordedCall
from aleph_contract.recordings.source import read_elements

#: Name of a file beside the HAR file, in which Playwright keeps a body.
_FILE = "_file"


def read_har(path: Path) -> Iterator[Entry]:
    """The entries of a HAR file, in its order.

    Raises:
        JSONError: The file is not JSON, or ends early.
    """
    for place, entry in read_elements(path, "log", "entries"):
        yield checked(place, "HAR entry", _call, entry)


def _call(entry: Mapping[str, Any], place: str) -> RecordedCall:
    request, response = entry["request"], entry["response"]
    headers = tuple((name.lower(), value) for name, value in _headers(request))
    status = int(response["status"])
    return RecordedCall(
        method=request["method"],
        url=request["url"],
        request_headers=headers,
        request_body=_request_body(request),
        status=status or None,  # browsers write 0 if there was no response
        response_headers=_response_headers(response),
        response_body=_response_body(response),
        started=unix_time(entry["startedDateTime"]),
        elapsed=max(float(entry.get("time") or 0), 0.0) / 1000,
        place=place,
        hidden={} if status else {"server.no-5xx": NO_ANSWER},
    )


def _headers(message: Mapping[str, Any]) -> Headers:
    """The headers without the pseudo-headers of HTTP/2, such as `:method`."""
    return tuple(
        (header["name"], header["value"])
        for header in message["headers"]
        if not header["name"].startswith(":")
    )


def _response_headers(response: Mapping[str, Any]) -> Headers:
    """The headers; of an encoded body without those that describe the encoded bytes."""
    headers = _headers(response)
    if any(name.lower() == "content-encoding" for name, _ in headers):
        return tuple((name, value) for name, value in headers if name.lower() not in WIRE_HEADERS)
    return headers


def _request_body(request: Mapping[str, Any]) -> bytes | None:
    posted = request.get("postData") or {}
    text = posted.get("text")
    if text is not None and (text or _FILE not in posted):
        return as_bytes(text)
    return b"" if request.get("bodySize") == 0 else None


def _response_body(response: Mapping[str, Any]) -> bytes | None:
    """The body; `None` if the entry holds none, or one that is shorter than its size."""
    content = response.get("content") or {}
    text, size = content.get("text"), content.get("size", -1)
    if text is None:  # a browser writes the size 0 for a body that it dropped, too
        return b"" if size == response.get("bodySize") == 0 else None
    body = base64.b64decode(text) if content.get("encoding") == "base64" else as_bytes(text)
    return None if len(body) < size else body
