"""The line protocol, version 1: format and parse the messages of a long-lived client.

Pure functions. `docs/adapter-protocol.md` specifies the protocol; its tables of mistakes quote the
messages of this module.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aleph_contract.core.outcome import Outcome
from aleph_contract.core.results import Client
from aleph_contract.drivers import Call, outcomes
from aleph_contract.errors import JSONError

VERSION = 1

#: Maximum length of a line, in bytes.
MAX_LINE = 1 << 20

#: Upper bound on the calls in flight in one process, even if the client allows more.
MAX_IN_FLIGHT = 64

#: Members that hold a result: `video` is the earlier name, which remains valid.
_RESULT = ("result", "video")

#: Characters of an invalid line that an error message quotes.
MAX_EXCERPT = 120

HELLO = b'{"type":"hello","protocol":%d}\n' % VERSION
BYE = b'{"type":"bye"}\n'


class ProtocolError(ValueError):
    """A line that breaks the protocol; the text says what the protocol requires."""


@dataclass(frozen=True, slots=True)
class Hello:
    """A client's greeting: its name, and how many calls it takes at the same time."""

    client: Client
    max_in_flight: int


def run_line(call: Call) -> bytes:
    """The message that starts one call; the input keeps its exact spelling."""
    head = json.dumps(
        {
            "type": "run",
            "case": call.case,
            "base_url": call.base_url,
            "account_id": call.account_id,
            "api_token": call.api_token,
            "timeout_seconds": call.timeout * call.speed,
        }
    )
    # Valid JSON has line breaks only between tokens, so the replacement does not change a value.
    one_line = call.json.replace("\r", " ").replace("\n", " ")
    return f'{head[:-1]}, "input": {one_line}}}\n'.encode()


def read_hello(line: bytes) -> Hello:
    """Parse a client's answer to `HELLO`.

    Raises:
        ProtocolError: The line is not a hello, or has another protocol version.
    """
    message = _message(line)
    if message["type"] != "hello":
        raise ProtocolError('the first line must be {"type":"hello",…}')
    if not _is_count(message.get("protocol")) or message["protocol"] != VERSION:
        raise ProtocolError(f'"protocol" must be {VERSION}')
    client = message.get("client")
    if not isinstance(client, dict) or not isinstance(client.get("name"), str):
        raise ProtocolError(
            '"client" must be an object with "name", and with "version" and "language" if known'
        )
    if not _is_count(message.get("max_in_flight")) or message["max_in_flight"] < 1:
        raise ProtocolError('"max_in_flight" must be an integer of at least 1')
    name, version, language = (str(client.get(k) or "") for k in ("name", "version", "language"))
    return Hello(Client(name, version, language), min(message["max_in_flight"], MAX_IN_FLIGHT))


def read_report(line: bytes) -> tuple[str, Outcome]:
    """Parse a client's report; return the case id and the outcome.

    Raises:
        ProtocolError: The line is not a valid report.
    """
    message = _message(line)
    parse = _REPORTS.get(message["type"])
    if parse is None:
        raise ProtocolError('"type" must be "result" or "skipped"')
    if not isinstance(message.get("case"), str):
        raise ProtocolError('"case" must be the id from the "run" message')
    return message["case"], parse(message)


def excerpt(text: str) -> str:
    """The beginning of a text, on one line, for an error message."""
    cut = text if len(text) <= MAX_EXCERPT else text[:MAX_EXCERPT] + "…"
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in cut)


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = outcomes.read_json(line)
    except JSONError:
        message = None
    if not isinstance(message, dict):
        raise ProtocolError(
            "standard output must hold one JSON object per line;"
            " write everything else to standard error"
        )
    if not isinstance(message.get("type"), str):
        raise ProtocolError('every message must have a "type"')
    return message


def _result(message: dict[str, Any]) -> Outcome:
    error = message.get("error")
    # A missing member is allowed: JSON.stringify drops members that are undefined.
    given = next((name for name in _RESULT if message.get(name) is not None), None)
    if error is None:
        return Outcome("result", result=None if given is None else message[given])
    if given is not None:
        raise ProtocolError(f'a result must not have both "{given}" and "error"')
    try:
        return Outcome("error", error=outcomes.error_from_object(error))
    except ValueError as invalid:
        raise ProtocolError(str(invalid)) from None


def _skipped(message: dict[str, Any]) -> Outcome:
    reason = message.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise ProtocolError('"skipped" must have a "reason"')
    return Outcome("skipped", reason=reason)


_REPORTS: dict[str, Callable[[dict[str, Any]], Outcome]] = {"result": _result, "skipped": _skipped}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
