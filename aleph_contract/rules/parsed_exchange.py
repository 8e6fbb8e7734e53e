"""Parse an exchange: the input in the request, and a verdict on the reply.

A careful client reads the reply by the same steps: status, content type, JSON, state, result.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from aleph_contract.contract import Contract, event_streams
from aleph_contract.contract.examples import readings
from aleph_contract.contract.result_shape import EVENT_STREAM, ResultShape, shape_of
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.escaping import truncate
from aleph_contract.core.exchange import (
    COMPLETED,
    ELSEWHERE,
    INPUT_KEY,
    Exchange,
    SurfaceName,
    model_in_path,
)
from aleph_contract.core.jsonvalue import dumps, loads, repeated_keys
from aleph_contract.errors import JSONError

#: Documented members of the request body of each surface.
_MEMBERS = {"rest": ("model", "input"), "binding": ("inputs", "options")}

#: Header that names the model on the binding; on REST the body does.
MODEL_HEADER = "cf-consn-model-id"

#: Longest content encoding that a finding quotes.
MAX_ENCODING = 40

#: Media type of requests and replies.
JSON_TYPE = "application/json"

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")

#: RFC 8259, section 8.1: a parser may accept or refuse a byte order mark, so both are right.
BOM = "the reply starts with a byte order mark"

#: A result under another 2xx than 200: the documentation names 200 only, while HTTP calls every 2xx
#: a success, so both are right.
OTHER_SUCCESS = "the status is a 2xx other than 200"

#: A stream of events, which a client may return as text, as events, or joined; none is documented.
STREAM = "the reply is a stream of events"

#: A result that the output schema allows, although it holds nothing to return.
NO_MEMBER = "the result lacks a member that the output schema does not require"

#: A result at the fake's other host name, which not every machine and container reaches.
OTHER_HOST = "the result is at the fake's other host name"

#: Grays for which a result and an error are both right.
EITHER_IS_RIGHT = frozenset({BOM, OTHER_SUCCESS, STREAM, NO_MEMBER, OTHER_HOST})

#: - `completed`: a result.
#: - `unfinished`: a 2xx with a state other than `Completed`.
#: - `malformed`: a 2xx without a usable result.
#: - `refused`: a 4xx or 5xx.
#: - `redirect`: a 3xx.
#: - `cut`: no reply, or only a part of it.
Kind = Literal["completed", "unfinished", "malformed", "refused", "redirect", "cut"]


@dataclass(frozen=True, slots=True)
class SentInput:
    """Model and input of a request.

    Args:
        model: The model that it names.
        input: The input.
        repeated: The keys that an object of the body holds more than once.
        problem: Why the body is unreadable; else empty.
        beside: The members of the body that are not documented.
    """

    model: Any
    input: Any
    repeated: tuple[str, ...] = ()
    problem: str = ""
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyVerdict:
    """What a client should make of a reply.

    Args:
        kind: See `Kind`.
        result: What a client returns of a completed run: the primary member of the result, such as
            `video`, or the whole result if the output schema has none.
        code: First error code of a failure, if there is one.
        message: First error message of a failure, or the defect of another reply.
        gray: Why both a result and an error are right, such as `BOM`; empty if only one is.
        whole: The whole result, which a client may return too.
    """

    kind: Kind
    result: Any = None
    code: Any = None
    message: str = ""
    gray: str = ""
    whole: Any = field(default=None, compare=False)


def is_uri(text: str) -> bool:
    """Whether a text has the form of a URI: scheme, colon, no white space."""
    return _URI.fullmatch(text) is not None


def header(exchange: Exchange, name: str) -> str | None:
    """The first request header of that (lower-case) name."""
    return next((value for key, value in exchange.request_headers if key == name), None)


def media_type(content_type: str) -> str:
    """The media type of a Content-Type header, without parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def read_request(exchange: Exchange) -> SentInput:
    """Read model and input from the bytes of a request."""
    if not exchange.request_complete:
        return SentInput(None, None, problem="the request body is incomplete")
    model = header(exchange, MODEL_HEADER)
    sent = read_body(exchange.surface, exchange.target, model, exchange.request_body)
    encoding = header(exchange, "content-encoding") or "identity"
    if not sent.problem or encoding.lower() == "identity":
        return sent
    problem = f"the body has the content encoding {truncate(encoding, MAX_ENCODING)}"
    return replace(sent, problem=f"{problem}; the documented one is plain JSON")


def read_body(surface: SurfaceName, target: str, model: str | None, raw: bytes) -> SentInput:
    """Read model and input from the body of a request.

    Args:
        surface: The surface that it was sent to.
        target: Its target; the path can name the model.
        model: The value of its header `MODEL_HEADER`.
        raw: The whole body.
    """
    try:
        body = loads(raw)
    except JSONError as error:
        return SentInput(None, None, problem=f"the body is not JSON: {error}")
    if surface == "rest" and (in_path := model_in_path(target)):
        return SentInput(in_path, body, repeated_keys(body))
    if not isinstance(body, dict):
        return SentInput(None, None, problem="the body is not a JSON object")
    named = model if surface == "binding" else body.get("model")
    key = INPUT_KEY[surface]
    if key not in body:
        return SentInput(named, None, problem=f'the body has no "{key}"')
    beside = tuple(name for name in body if name not in _MEMBERS[surface])
    return SentInput(named, body[key], repeated_keys(body), beside=beside)


def read_reply(exchange: Exchange, contract: Contract | None = None) -> ReplyVerdict:
    """Classify the reply of an exchange by its own bytes; the scripted fault does not matter.

    Args:
        exchange: The exchange.
        contract: The contract whose output schema describes the result; the shipped one if `None`.
    """
    if exchange.status is None:
        return ReplyVerdict("cut", message="the connection ended without a reply")
    headers, body = exchange.response_headers, exchange.response_body
    verdict = classify_reply(exchange.status, headers, body, contract)
    if verdict.kind == "completed" and f"{ELSEWHERE}/{exchange.account}/".encode() in body:
        return replace(verdict, gray=OTHER_HOST)
    return verdict


def classify_reply(
    status: int,
    sent_headers: Iterable[tuple[str, str]],
    body: bytes,
    contract: Contract | None = None,
) -> ReplyVerdict:
    """Classify a reply by its status, headers and body; see `read_reply`."""
    headers = {name.lower(): value for name, value in sent_headers}
    length = headers.get("content-length")
    if length is not None and length.isdigit() and int(length) > len(body):
        return ReplyVerdict("cut", message=f"the reply has {len(body)} of {length} bytes")
    if 300 <= status < 400:  # noqa: PLR2004 - the classes of RFC 9110
        return ReplyVerdict("redirect", message=headers.get("location", ""))
    if status >= 400:  # noqa: PLR2004
        return _failure(body)
    verdict = _success(body, headers.get("content-type", ""), contract or Contract.load())
    if verdict.kind == "completed" and status != 200 and not verdict.gray:  # noqa: PLR2004
        return replace(verdict, gray=OTHER_SUCCESS)
    return verdict


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


def _success(body: bytes, content_type: str, contract: Contract) -> ReplyVerdict:
    gray = ""
    kind = media_type(content_type)
    if kind == EVENT_STREAM:
        text = body.decode("utf-8", "replace")
        if problem := event_streams.defect(text):
            return ReplyVerdict("malformed", message=problem)
        return ReplyVerdict("completed", text, gray=STREAM)
    # An input such as `encoding` chooses another type of the same family: audio/wav for audio/mpeg.
    families = {name.partition("/")[0] for name in shape_of(contract).binary} - {"text"}
    if kind.partition("/")[0] in families and kind != JSON_TYPE:
        return ReplyVerdict("completed", b64encode(body).decode())
    if body.startswith(b"\xef\xbb\xbf"):
        body, gray = body[3:], BOM
    if kind != JSON_TYPE:
        gray = f"the content type of the reply is {content_type or 'absent'}"
    try:
        value = loads(body)
    except JSONError as error:
        return ReplyVerdict("malformed", message=f"the reply is not JSON: {error}")
    if isinstance(value, dict) and value.get("success") is False:
        return ReplyVerdict("malformed", message="success is false")
    return _run(_unwrap(value), contract, gray)


def _run(run: Any, contract: Contract, gray: str) -> ReplyVerdict:
    """The verdict on the run in a reply: the state first, then the result."""
    shape = shape_of(contract)
    if shape.primary is not None and not isinstance(run, dict):
        return ReplyVerdict("malformed", message="the reply has no run")
    state = run.get("state", COMPLETED) if isinstance(run, dict) else COMPLETED
    if state != COMPLETED and ("result" in run or shape.primary is not None):
        result = run.get("result")
        found = result.get(shape.primary) if isinstance(result, dict) else None
        return ReplyVerdict("unfinished", found, message=f"the state is {state}, not {COMPLETED}")
    if shape.primary is None:
        return _whole(run, contract, gray)
    return _member(run, shape, shape.primary, gray)


def _whole(run: Any, contract: Contract, gray: str) -> ReplyVerdict:
    """The verdict on a result without a primary member: the part that the output schema allows."""
    allowed = validator_for(contract.output_schema).is_valid
    # An open schema allows the run around an invalid result too, which is no result.
    is_run = isinstance(run, dict) and run.keys() >= {"state", "result"}
    for result in (run["result"],) if is_run else readings(run):
        if allowed(result):
            return ReplyVerdict("completed", result, gray=gray, whole=result)
    return ReplyVerdict("malformed", message="no part of the reply fits the output schema")


def _member(run: dict[str, Any], shape: ResultShape, name: str, gray: str) -> ReplyVerdict:
    """The verdict on a result with a primary member."""
    bare = "result" not in run and (name in run or not shape.is_required)
    result = run if bare else run.get("result")
    if not isinstance(result, dict):
        return ReplyVerdict("malformed", message="result is not an object")
    if name not in result and not shape.is_required:
        return ReplyVerdict("completed", result, gray=NO_MEMBER, whole=result)
    if name not in result:
        return ReplyVerdict("malformed", message=f"result has no {name}")
    value = result[name]
    if shape.is_text and not isinstance(value, str):
        message = f"{name} is {dumps(value)[:40]}, not a string"
        return ReplyVerdict("malformed", message=message)
    if shape.is_uri and not is_uri(value):
        gray = f"the {name} is not a URL"
    return ReplyVerdict("completed", value, gray=gray, whole=result)


def _unwrap(value: Any) -> Any:
    """The run in a reply: the reply itself (profile `documented`) or its `result` (`live`)."""
    if isinstance(value, dict) and "success" in value and "state" not in value:
        return value.get("result")
    return value


def is_reported(report: Any, reply: ReplyVerdict) -> bool:
    """Whether a client's report is the result of a reply: its primary member, or the whole."""
    if same_value(report, reply.result):
        return True
    parts = [part for outer in readings(report) for part in readings(outer)]
    return reply.whole is not None and any(same_value(part, reply.whole) for part in parts)


def result_key(result: Any) -> str:
    """A text that is equal for equal results: a text itself, or the JSON of another value."""
    return result if isinstance(result, str) else dumps(result)


def same_value(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal; without a distinction of `1` and `1.0`."""
    return bool(left == right) and isinstance(left, bool) is isinstance(right, bool)
