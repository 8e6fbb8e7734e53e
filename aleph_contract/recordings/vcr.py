"""Read VCR cassettes, as vcrpy and pytest-recording write them: YAML, or JSON.

A cassette holds the interactions in the order in which they were made, headers as lists, and the
body of a response as it was received or decompressed. It holds no times.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aleph_contract.recordings.members import NO_ANSWER, WIRE_HEADERS, as_bytes, checked
from aleph_contract.recordings.recorded_call import Entry, Headers, RecordedCall
from aleph_contract.recordings.source import GZIP, open_bytes, read_elements

#: Name of the list in a cassette.
INTERACTIONS = "interactions"

#: Why a rule is not judged.
NO_TIMES = "a cassette holds no times, so an equal call may be a new run"

NO_HEADERS = "the interaction holds no headers: a hook may have removed them"

#: Rules about the time between two calls.
_ABOUT_TIME = ("error.not-retried", "error.bounded")

#: Methods of requests that have no body.
_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS", "DELETE")

#: Bytes to which a compressed body is decompressed; a longer one is not judged.
MAX_BODY = 16 * 1024 * 1024


def read_vcr(path: Path) -> Iterator[Entry]:
    """The interactions of a cassette, in its order.

    Raises:
        JSONError, RecordingError: The file is no cassette, or ends early.
        ArgumentError: The cassette is YAML, and PyYAML is not installed.
    """
    for place, value in _interactions(path):
        yield checked(place, "interaction of a cassette", _call, value)


def _interactions(path: Path) -> Iterator[tuple[str, Any]]:
    with open_bytes(path) as file:
        is_json = file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    if is_json:
        return read_elements(path, INTERACTIONS)
    from aleph_contract.recordings.yaml_stream import read_yaml_items

    return read_yaml_items(path, INTERACTIONS)


def _call(interaction: Mapping[str, Any], place: str) -> RecordedCall:
    request, response = interaction["request"], interaction["response"]
    if "status_code" in response:  # calls of httpx before vcrpy 7
        response = {
            "status": {"code": response["status_code"]},
            "headers": response["headers"],
            "body": response.get("content"),
        }
    status = int(response["status"]["code"])
    received = _headers(response["headers"])
    body = _body(response["body"])
    encoding = next((value for name, value in received if name.lower() == "content-encoding"), "")
    if encoding:
        body = _decoded(body, encoding.lower())
        received = tuple(pair for pair in received if pair[0].lower() not in WIRE_HEADERS)
    sent = tuple((n.lower(), v) for n, v in _headers(request["headers"]))
    hidden = dict.fromkeys(_ABOUT_TIME, NO_TIMES)
    if not sent:
        hidden |= dict.fromkeys(("request.content-type", "server.json"), NO_HEADERS)
    if not received:
        hidden["server.content-type"] = NO_HEADERS
    return RecordedCall(
        method=request["method"],
        url=request["uri"],
        request_headers=sent,
        request_body=_body(request["body"], _absent(request["method"], dict(sent))),
        status=status or None,
        response_headers=received,
        response_body=body,
        started=None,
        elapsed=0.0,
        place=place,
        hidden=hidden if status else {**hidden, "server.no-5xx": NO_ANSWER},
    )


def _headers(given: Mapping[str, Any] | None) -> Headers:
    """The headers; a value is a text or a list of texts."""
    return tuple(
        (name, value)
        for name, values in (given or {}).items()
        for value in (values if isinstance(values, list) else [values])
    )


def _absent(method: str, headers: Mapping[str, str]) -> bytes | None:
    """The body of a request that holds none; `None` where a hook may have removed one."""
    empty = method in _WITHOUT_BODY or str(headers.get("content-length")) == "0"
    return b"" if empty else None


def _body(given: Any, absent: bytes | None = None) -> bytes | None:
    """A body: text, bytes, or an object with one of them under `string` or `base64_string`."""
    if isinstance(given, Mapping):
        if "base64_string" in given:
            return base64.b64decode(given["base64_string"])
        given = given.get("string")
    if given is None:
        return absent
    return given if isinstance(given, bytes) else as_bytes(given)


def _decoded(body: bytes | None, encoding: str) -> bytes | None:
    """A body without its content encoding; `None` if it cannot be decoded here.

    vcrpy keeps the header when it stores the body decompressed (`decode_compressed_response`).
    """
    if not body or encoding == "identity":
        return body
    windows = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
    if encoding not in windows:
        return body if body[:1] in (b"{", b"[") else None
    try:
        inflater = zlib.decompressobj(windows[encoding])
        found = inflater.decompress(body, MAX_BODY)
    except zlib.error:
        return body if not body.startswith(GZIP) else None
    return None if inflater.unconsumed_tail else found
