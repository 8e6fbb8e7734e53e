"""Read HAR 1.2 (HTTP Archive), as browsers, Playwright and proxies write it.

The format holds bodies as text and headers in order. It does not hold framing. Writers may leave
bodies out, and "sanitised" files of a browser lack the Authorization header.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, TextIO

from aleph_contract.errors import RecordingError
from aleph_contract.recordings.json_stream import JSONStream
from aleph_contract.recordings.recorded_call import Headers, RecordedCall

_FRACTION = re.compile(r"\.(\d+)")

#: Response headers that describe the bytes on the wire; HAR holds the decoded body.
_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def read_har(file: TextIO) -> Iterator[RecordedCall]:
    """The entries of a HAR file, in its order.

    Raises:
        JSONError: The file is not JSON, or ends early.
        RecordingError: An entry lacks a required member.
    """
    for number, entry in enumerate(JSONStream(file).elements(("log", "entries")), start=1):
        yield _checked(number, entry)


def _checked(number: int, entry: Any) -> RecordedCall:
    try:
        return _call(entry)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordingError(f"entry {number} is no HAR entry ({error!r})") from None


def _call(entry: Mapping[str, Any]) -> RecordedCall:
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
        started=_time(entry["startedDateTime"]),
        elapsed=max(float(entry.get("time") or 0), 0.0) / 1000,
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
        return tuple((name, value) for name, value in headers if name.lower() not in _WIRE)
    return headers


def _request_body(request: Mapping[str, Any]) -> bytes | None:
    text = (request.get("postData") or {}).get("text")
    if text is not None:
        return _bytes(text)
    return b"" if request.get("bodySize") == 0 else None


def _response_body(response: Mapping[str, Any]) -> bytes | None:
    """The body; `None` if the entry holds none, or one that is shorter than its size."""
    content = response.get("content") or {}
    text, size = content.get("text"), content.get("size", -1)
    if text is None:
        return b"" if size == 0 else None
    body = base64.b64decode(text) if content.get("encoding") == "base64" else _bytes(text)
    return None if len(body) < size else body


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _time(text: str) -> float:
    """An ISO 8601 time as Unix time; without a zone it is UTC."""
    six = _FRACTION.sub(lambda match: f".{match[1][:6]:0<6}", text.replace("Z", "+00:00"))
    moment = datetime.fromisoformat(six)
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
