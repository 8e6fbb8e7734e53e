"""What a client's report says, read the same way for every kind of adapter.

A report is a result or an error, and only the client decides which: by returning or raising, by
exit code zero or another, by the key it writes. Nothing here turns one into the other, so a client
that takes rubbish for a result is seen to do so.
"""

from __future__ import annotations

import json
from collections import deque
from contextlib import suppress
from typing import Any, get_args

from aleph_contract.core.exchange import ReportedError, Stage
from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import JSONError

STAGES: tuple[Stage, ...] = get_args(Stage)

#: Where exceptions of common HTTP libraries keep what the service said: attributes, keys and
#: indices. cloudflare, openai and stripe style; requests and httpx; aiohttp; urllib.
_STATUS = ("status_code", "status", "http_status", "response.status_code", "response.status")
_CODE = ("code", "error_code", "errors.0.code", "body.errors.0.code")

#: Names of exception classes, anywhere among the bases, that mean the call broke on its way.
_TRANSPORT = frozenset(
    ("OSError", "TransportError", "APIConnectionError", "ClientConnectionError", "HTTPException")
)


def video(report: Any) -> Any:
    """The video that a reported JSON value holds.

    A value that is no object and no array is the video itself. Otherwise it is the value of the
    key `video` that lies nearest to the root (the first in document order of equally near ones);
    without such a key the only `http` or `https` URL among its strings; without that the report
    itself, so that the evidence shows what was taken for a result.
    """
    urls: dict[str, None] = {}
    level = deque([report])
    while level:
        value = level.popleft()
        if isinstance(value, dict):
            if "video" in value:
                return value["video"]
            level.extend(value.values())
        elif isinstance(value, list):
            level.extend(value)
        elif isinstance(value, str) and value.startswith(("http://", "https://")):
            urls[value] = None
    return next(iter(urls)) if len(urls) == 1 else report


def printed_video(stdout: str) -> Any:
    """The video that a command printed.

    Its whole output if that is one JSON value, else its last line that is not blank, again read
    as JSON if it is JSON and as the URL itself if not. No output at all is the empty string.
    """
    text = stdout.strip()
    for candidate in (text, text.rpartition("\n")[2].strip()):
        with suppress(JSONError):
            return video(read(candidate))
    return text.rpartition("\n")[2].strip()


def printed_error(stdout: str, stderr: str) -> ReportedError:
    """The error that a command reported: `{"error":{…}}` if it printed that, else all its text."""
    with suppress(JSONError):
        report = read(stdout.strip())
        if isinstance(report, dict) and isinstance(report.get("error"), dict):
            members = report["error"]
            return _error({key: value for key, value in members.items() if _fits(key, value)})
    return ReportedError("\n".join(text for text in (stderr.strip(), stdout.strip()) if text))


def stated_error(members: Any) -> ReportedError:
    """The error object of the line protocol.

    Raises:
        ValueError: It is no such object; the message says in which respect.
    """
    if not isinstance(members, dict):
        raise ValueError('"error" is an object')  # noqa: TRY004 - a value read, not an argument
    for key, value in members.items():
        if not _fits(key, value):
            raise ValueError(f'"error.{key}" is {_MEMBERS[key][0]}')
    return _error(members)


def raised_error(error: BaseException) -> ReportedError:
    """The error that an exception reports, with the status and code it carries, if any."""
    status = next((s for path in _STATUS if _is_status(s := _at(error, path))), None)
    codes = (*(_at(error, path) for path in _CODE), _body_code(error))
    code = next((c for c in codes if _is_code(c) and c != status), None)
    stage: Stage | None = getattr(error, "stage", None)
    if stage not in STAGES:
        names = {base.__name__ for base in type(error).__mro__}
        stage = "api" if status else "transport" if names & _TRANSPORT else "client"
    return ReportedError(described(error), stage, status, code)


def read(raw: bytes | str) -> Any:
    """Read JSON that a client wrote, as generously as most parsers.

    How well it spells its report is not what a client is judged by: a lone surrogate (an error
    text cut in two by a JavaScript client) becomes `?`, and `NaN` its name.

    Raises:
        JSONError: No parser takes it.
    """
    try:
        return loads(raw)
    except JSONError:
        try:
            text = raw.decode() if isinstance(raw, bytes) else raw
            return plain(json.loads(text, parse_constant=str))
        except (ValueError, RecursionError):
            pass
        raise


def plain(value: Any) -> Any:
    """A returned value as JSON data: what JSON cannot say stands as its `repr`."""
    try:
        text = json.dumps(value, default=repr, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = json.dumps(repr(value), ensure_ascii=False)
    return json.loads(text.encode("utf-8", "replace"), parse_constant=str)


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


def _fits(key: str, value: Any) -> bool:
    return value is None or key not in _MEMBERS or _MEMBERS[key][1](value)


def _error(members: dict[str, Any]) -> ReportedError:
    stage, status, code = (members.get(key) for key in ("stage", "status", "code"))
    return ReportedError(members.get("message") or "", stage, status, code)


def _at(value: Any, path: str) -> Any:
    for key in path.split("."):
        with suppress(Exception):  # properties of foreign exceptions may raise anything
            value = value[int(key)] if key.isdigit() else _member(value, key)
            continue
        return None
    return value


def _member(value: Any, key: str) -> Any:
    return value[key] if isinstance(value, dict) else getattr(value, key)


def _body_code(error: BaseException) -> Any:
    """The service's code in the response that httpx and requests attach to their exceptions."""
    with suppress(Exception):  # the body need not be read, be JSON, or have this shape
        return error.response.json()["errors"][0]["code"]  # type: ignore[attr-defined]
    return None


def described(error: BaseException) -> str:
    """An exception's type and text."""
    try:
        text = str(error).encode("utf-8", "replace").decode()
    except Exception:  # noqa: BLE001 - a client's own `__str__`
        text = "(its text cannot be had)"
    name = type(error).__name__
    return f"{name}: {text}" if text else name
