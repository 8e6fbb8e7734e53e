"""Read a client's report: the result or the error, in the same way for every kind of adapter.

The client alone decides whether a report is a result or an error: it returns or raises, exits with
code 0 or another, writes `result` or `error`. This module never turns one into the other, so that a
client which takes an invalid reply for a result fails the check.
"""

from __future__ import annotations

import json
from collections import deque
from contextlib import suppress
from typing import Any, get_args

from aleph_contract.core.jsonvalue import loads
from aleph_contract.core.outcome import ReportedError, Stage
from aleph_contract.errors import JSONError

STAGES: tuple[Stage, ...] = get_args(Stage)

#: Where exceptions of common HTTP libraries hold the status and the code: attributes, keys and
#: indices, as in cloudflare, openai and stripe; requests and httpx; aiohttp; urllib.
_STATUS = ("status_code", "status", "http_status", "response.status_code", "response.status")
_CODE = ("code", "error_code", "errors.0.code", "body.errors.0.code")

#: Names of exception classes that mean a connection error; a base class counts too.
_TRANSPORT = frozenset(
    ("OSError", "TransportError", "APIConnectionError", "ClientConnectionError", "HTTPException")
)


def find_result(report: Any, member: str | None) -> Any:
    """Find the result in a reported JSON value.

    Args:
        report: The value that a client reported.
        member: The primary member of the result, such as `video`; see `ResultShape.primary`.

    1. Without a primary member it is the whole report.
    2. A value that is neither object nor array is the result itself; of a text whose last line
       holds a URL, that line.
    3. Otherwise it is the value of the `member` key nearest to the root; of several on one level,
       the first in document order.
    4. Without such a key it is the only `http` or `https` URL among the strings.
    5. Without that it is the whole report, so that the findings show it.
    """
    if member is None:
        return report
    if isinstance(report, str):
        last = report.rpartition("\n")[2].strip()
        return last if "://" in last else report
    urls: dict[str, None] = {}
    level = deque([report])
    while level:
        value = level.popleft()
        if isinstance(value, dict):
            if member in value:
                return value[member]
            level.extend(value.values())
        elif isinstance(value, list):
            level.extend(value)
        elif isinstance(value, str) and value.startswith(("http://", "https://")):
            urls[value] = None
    return next(iter(urls)) if len(urls) == 1 else report


def report_from_output(stdout: str) -> Any:
    """The report in the output of a command.

    It is the whole output if that is one JSON value; else the last line if that is one; else the
    text. Empty output is the empty string.
    """
    text = stdout.strip()
    for candidate in (text, text.rpartition("\n")[2].strip()):
        with suppress(JSONError):
            return read_json(candidate)
    return text


def error_from_output(stdout: str, stderr: str) -> ReportedError:
    """The error that a command printed: `{"error":{…}}` on standard output, else all its output."""
    with suppress(JSONError):
        report = read_json(stdout.strip())
        if isinstance(report, dict) and isinstance(report.get("error"), dict):
            members = report["error"]
            return _error({key: value for key, value in members.items() if _is_valid(key, value)})
    return ReportedError("\n".join(text for text in (stderr.strip(), stdout.strip()) if text))


def error_from_object(members: Any) -> ReportedError:
    """Read the error object of the line protocol.

    Raises:
        ValueError: It is not an object, or a member has the wrong type; the message names it.
    """
    if not isinstance(members, dict):
        raise ValueError('"error" must be an object')  # noqa: TRY004 - a value read, not an argument
    for key, value in members.items():
        if not _is_valid(key, value):
            raise ValueError(f'"error.{key}" must be {_MEMBERS[key][0]}')
    return _error(members)


def error_from_exception(error: BaseException) -> ReportedError:
    """The error that an exception reports, with its status and code if it has them."""
    status = next((s for path in _STATUS if _is_status(s := _lookup(error, path))), None)
    codes = (*(_lookup(error, path) for path in _CODE), _body_code(error))
    code = next((c for c in codes if _is_code(c) and c != status), None)
    stage: Stage | None = getattr(error, "stage", None)
    if stage not in STAGES:
        names = {base.__name__ for base in type(error).__mro__}
        stage = "api" if status else "transport" if names & _TRANSPORT else "client"
    return ReportedError(describe_exception(error), stage, status, code)


def read_json(raw: bytes | str) -> Any:
    """Parse JSON that a client wrote, as leniently as most parsers.

    No rule is about the spelling of a report: a lone surrogate (a JavaScript client truncated an
    error text in the middle of a pair) becomes `?`, and `NaN` becomes the string "NaN".

    Raises:
        JSONError: It is not JSON for a lenient parser either.
    """
    try:
        return loads(raw)
    except JSONError:
        try:
            text = raw.decode() if isinstance(raw, bytes) else raw
            value = json.loads(text, parse_constant=str)
            return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
        except (ValueError, RecursionError):
            pass
        raise


def _is_status(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599  # noqa: PLR2004 - the range of HTTP


def _is_code(value: Any) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)


_MEMBERS = {
    "stage": ("one of " + ", ".join(STAGES), STAGES.__contains__),
    "status": ("an HTTP status, an integer from 100 to 599", _is_status),
    "code": ("an integer or a string", _is_code),
    "message": ("a string", lambda value: isinstance(value, str)),
}


def _is_valid(key: str, value: Any) -> bool:
    return value is None or key not in _MEMBERS or _MEMBERS[key][1](value)


def _error(members: dict[str, Any]) -> ReportedError:
    stage, status, code = (members.get(key) for key in ("stage", "status", "code"))
    return ReportedError(members.get("message") or "", stage, status, code)


def _lookup(value: Any, path: str) -> Any:
    for key in path.split("."):
        with suppress(Exception):  # a property of a client's exception may raise any exception
            value = value[int(key)] if key.isdigit() else _member(value, key)
            continue
        return None
    return value


def _member(value: Any, key: str) -> Any:
    return value[key] if isinstance(value, dict) else getattr(value, key)


def _body_code(error: BaseException) -> Any:
    """The error code in the response body that httpx and requests attach to their exceptions."""
    with suppress(Exception):  # the body may be unread, not JSON, or of another shape
        return error.response.json()["errors"][0]["code"]  # type: ignore[attr-defined]
    return None


def describe_exception(error: BaseException) -> str:
    """The type and the text of an exception."""
    try:
        text = str(error).encode("utf-8", "replace").decode()
    except Exception:  # noqa: BLE001 - a client's own `__str__`
        text = "(str() of it raises an exception)"
    name = type(error).__name__
    return f"{name}: {text}" if text else name
