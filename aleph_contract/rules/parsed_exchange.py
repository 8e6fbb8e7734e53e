"""Read an exchange as a careful client would: what was asked, and what the answer amounts to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import dumps, loads, repeated_keys
from aleph_contract.errors import JSONError

#: Where a request of each surface holds its input, and its model if the body names it.
INPUT_KEY = {"rest": "input", "binding": "inputs"}
_MODEL_HEADER = "cf-consn-model-id"

#: The state of a run whose result is there (documented).
COMPLETED = "Completed"

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")

#: Readers may bear a byte order mark or refuse it (RFC 8259, section 8.1): neither is a fault.
BOM = "the answer starts with a byte order mark"

#: What an answer amounts to: a result; a run that is not finished; a 2xx without a usable result;
#: a status that says no; a redirect; no whole answer at all.
Kind = Literal["completed", "unfinished", "malformed", "refused", "redirect", "cut"]


@dataclass(frozen=True, slots=True)
class SentInput:
    """What a request asked for; `problem` says why its body could not be read, if so."""

    model: Any
    input: Any
    repeated: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ReplyVerdict:
    """What an answer amounts to.

    Args:
        kind: See `Kind`.
        video: The video of a completed run.
        code: First error code of a failure, if it names one.
        message: First error message of a failure, or what is wrong with a malformed answer.
        gray: Not empty where careful clients differ, and why: result and error are both sane.
    """

    kind: Kind
    video: Any = None
    code: Any = None
    message: str = ""
    gray: str = ""


def is_uri(text: str) -> bool:
    """Whether a text could be a URI at all: a scheme, a colon, and no white space."""
    return _URI.fullmatch(text) is not None


def header(exchange: Exchange, name: str) -> str | None:
    """The first request header of that (lower-case) name."""
    return next((value for key, value in exchange.request_headers if key == name), None)


def read_request(exchange: Exchange) -> SentInput:
    """Read model and input from the bytes of a request."""
    if not exchange.request_complete:
        return SentInput(None, None, problem="the request did not arrive whole")
    try:
        body = loads(exchange.request_body)
    except JSONError as error:
        return SentInput(None, None, problem=f"the body is not JSON: {error}")
    if not isinstance(body, dict):
        return SentInput(None, None, problem="the body is not a JSON object")
    model = header(exchange, _MODEL_HEADER) if exchange.surface == "binding" else body.get("model")
    key = INPUT_KEY[exchange.surface]
    if key not in body:
        return SentInput(model, None, problem=f'the body has no "{key}"')
    return SentInput(model, body[key], repeated_keys(body))


def read_reply(exchange: Exchange) -> ReplyVerdict:
    """Classify an answer by its own bytes, not by what was scripted."""
    status, body = exchange.status, exchange.response_body
    if status is None:
        return ReplyVerdict("cut", message="the connection ended without an answer")
    headers = {name.lower(): value for name, value in exchange.response_headers}
    length = headers.get("content-length")
    if length is not None and length.isdigit() and int(length) > len(body):
        return ReplyVerdict("cut", message=f"{len(body)} of {length} bytes of the answer arrived")
    if 300 <= status < 400:  # noqa: PLR2004 - the classes of RFC 9110
        return ReplyVerdict("redirect", message=headers.get("location", ""))
    if status >= 400:  # noqa: PLR2004
        return _failure(body)
    return _success(body, headers.get("content-type", ""))


def _failure(body: bytes) -> ReplyVerdict:
    try:
        value = loads(body)
    except JSONError:
        return ReplyVerdict("refused")
    errors = value.get("errors") or value.get("error") if isinstance(value, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return ReplyVerdict("refused")
    return ReplyVerdict("refused", code=first.get("code"), message=str(first.get("message", "")))


def _success(body: bytes, content_type: str) -> ReplyVerdict:
    gray = ""
    if body.startswith(b"\xef\xbb\xbf"):
        body, gray = body[3:], BOM
    if content_type.partition(";")[0].strip().lower() != "application/json":
        gray = f"its content type is {content_type or 'absent'}"
    try:
        value = loads(body)
    except JSONError as error:
        return ReplyVerdict("malformed", message=f"the answer is not JSON: {error}")
    run = _unwrap(value)
    if not isinstance(run, dict):
        return ReplyVerdict("malformed", message="the answer holds no run")
    result = run.get("result")
    video = result.get("video") if isinstance(result, dict) else None
    if run.get("state", COMPLETED) != COMPLETED:
        return ReplyVerdict("unfinished", video, message=f"the state is {run['state']}")
    if not isinstance(result, dict):
        return ReplyVerdict("malformed", message="result is no object")
    if not isinstance(video, str):
        return ReplyVerdict("malformed", message=_no_video(result))
    if not is_uri(video):
        gray = "its video is not a URL"
    return ReplyVerdict("completed", video, gray=gray)


def _unwrap(value: Any) -> Any:
    """The run itself: bare in the documented profile, inside an envelope in the live one."""
    if isinstance(value, dict) and "success" in value and "state" not in value:
        return value.get("result")
    return value


def _no_video(result: dict[str, Any]) -> str:
    if "video" not in result:
        return "result has no video"
    return f"video is {dumps(result['video'])[:40]}, not a string"
