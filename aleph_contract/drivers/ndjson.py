"""The line protocol, version 1: what is written to a long-lived client, and how it is read.

Pure functions: `docs/adapter-protocol.md` is the text of the protocol, and its table of mistakes
quotes the messages from here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aleph_contract.core.exchange import Outcome
from aleph_contract.core.results import Client
from aleph_contract.drivers import Call, outcomes
from aleph_contract.errors import JSONError

VERSION = 1

#: Bytes of the longest line that is read.
MAX_LINE = 1 << 20

#: Calls in flight in one process, however many a client offers to take.
MAX_IN_FLIGHT = 64

#: Characters of a wrong line that a message shows.
SHOWN = 120

HELLO = b'{"type":"hello","protocol":%d}\n' % VERSION
BYE = b'{"type":"bye"}\n'


class ProtocolError(ValueError):
    """A line that is no message of the protocol; the text says what was expected there."""


@dataclass(frozen=True, slots=True)
class Hello:
    """Who the client is, and how many calls it takes at once."""

    client: Client
    max_in_flight: int


def run_line(call: Call) -> bytes:
    """The line that hands over one call; the input keeps its exact spelling."""
    head = json.dumps(
        {
            "type": "run",
            "case": call.case,
            "base_url": call.base_url,
            "account_id": call.account_id,
            "api_token": call.api_token,
            "timeout_seconds": call.timeout,
        }
    )
    one_line = call.json.replace("\r", " ").replace("\n", " ")  # between tokens only: it is JSON
    return f'{head[:-1]}, "input": {one_line}}}\n'.encode()


def read_hello(line: bytes) -> Hello:
    """Read a client's answer to `HELLO`.

    Raises:
        ProtocolError: It is something else, or of another version.
    """
    message = _message(line)
    if message["type"] != "hello":
        raise ProtocolError('its first line is {"type":"hello",…}')
    if not _is_count(message.get("protocol")) or message["protocol"] != VERSION:
        raise ProtocolError(f'"protocol" is {VERSION}')
    client = message.get("client")
    if not isinstance(client, dict) or not isinstance(client.get("name"), str):
        raise ProtocolError(
            '"client" is an object with a "name", and a "version" and "language" if known'
        )
    if not _is_count(message.get("max_in_flight")) or message["max_in_flight"] < 1:
        raise ProtocolError('"max_in_flight" is an integer from 1')
    name, version, language = (str(client.get(k) or "") for k in ("name", "version", "language"))
    return Hello(Client(name, version, language), min(message["max_in_flight"], MAX_IN_FLIGHT))


def read_report(line: bytes) -> tuple[str, Outcome]:
    """Read a client's report: its case id and what it says about it.

    Raises:
        ProtocolError: It is no report.
    """
    message = _message(line)
    read = _REPORTS.get(message["type"])
    if read is None:
        raise ProtocolError('"type" is "result" or "skipped"')
    if not isinstance(message.get("case"), str):
        raise ProtocolError('"case" is the id it was given')
    return message["case"], read(message)


def shown(text: str) -> str:
    """A text as one short line of a message."""
    cut = text if len(text) <= SHOWN else text[:SHOWN] + "…"
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in cut)


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = outcomes.read(line)
    except JSONError:
        message = None
    if not isinstance(message, dict):
        raise ProtocolError(
            "its standard output is one JSON object a line, all else goes to standard error"
        )
    if not isinstance(message.get("type"), str):
        raise ProtocolError('every message has a "type"')
    return message


def _result(message: dict[str, Any]) -> Outcome:
    error = message.get("error")
    if error is None:
        # Without a `video` it is still a result: JavaScript leaves out what is undefined.
        return Outcome("result", video=message.get("video"))
    if message.get("video") is not None:
        raise ProtocolError('a result has either "video" or "error"')
    try:
        return Outcome("error", error=outcomes.stated_error(error))
    except ValueError as mistake:
        raise ProtocolError(str(mistake)) from None


def _skipped(message: dict[str, Any]) -> Outcome:
    reason = message.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise ProtocolError('"skipped" has a "reason"')
    return Outcome("skipped", reason=reason)


_REPORTS: dict[str, Callable[[dict[str, Any]], Outcome]] = {"result": _result, "skipped": _skipped}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
