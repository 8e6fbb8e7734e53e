"""Read captures of `verify server --capture` and `serve --record`: one exchange a line."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from aleph_contract.core.exchange import Exchange
from aleph_contract.recordings.journal import not_of_a_server
from aleph_contract.recordings.members import as_bytes, checked
from aleph_contract.recordings.recorded_call import BadEntry, Entry, RecordedExchange
from aleph_contract.recordings.source import read_lines
from aleph_contract.rules.table import RULES

#: Why the client is not judged.
OWN_CALLS = "`verify server` made the calls, and sends wrong ones on purpose"


def read_capture(path: Path) -> Iterator[Entry]:
    """The exchanges of a capture, in its order.

    Raises:
        JSONError: The last line ends early: the program was killed before the reply came.
    """
    for found in read_lines(path):
        if isinstance(found, BadEntry):
            yield found
        else:
            yield checked(found[0], "exchange of a capture", _exchange, found[1])


def _exchange(line: Mapping[str, Any], place: str) -> RecordedExchange:
    seconds = line["billed_seconds"]
    seen = Exchange(
        number=int(line["number"]),
        account=str(line["account"]),
        surface=_one_of(line["surface"], "rest", "binding"),
        method=str(line["method"]),
        target=str(line["target"]),
        request_headers=_headers(line["request_headers"]),
        request_body=_body(line["request_body"]),
        request_complete=bool(line["request_complete"]),
        credential=_one_of(line["credential"], "accepted", "missing", "refused", "none"),
        status=None if line["status"] is None else int(line["status"]),
        response_headers=_headers(line["response_headers"]),
        response_body=_body(line["response_body"]),
        outcome=str(line["outcome"]),
        fault=line["fault"],
        billed=bool(line["billed"]),
        billed_seconds=None if seconds is None else Decimal(seconds),
        cost=Decimal(line["cost_usd"]),
        received_at=float(line["received_at"]),
        elapsed=float(line["seconds"]),
        token_leaked=bool(line["token_leaked"]),
        host=str(line["host"]),
    )
    wrong_token = seen.credential in ("missing", "refused")
    hidden = dict.fromkeys(RULES, OWN_CALLS) if "case" in line else not_of_a_server(seen)
    return RecordedExchange(seen, place, hidden, checks_token=wrong_token)


def _one_of(given: Any, *allowed: str) -> Any:
    if given not in allowed:
        raise ValueError(f"{given!r} is none of {', '.join(allowed)}")
    return given


def _headers(given: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in given)


def _body(given: Any) -> bytes:
    """A body: text, or `{"text": …}` or `{"base64": …}`, as the reports and the API write it."""
    if isinstance(given, Mapping):
        if given.get("sha256"):
            raise ValueError("a body is listed by its beginning; list with ?bodies=whole")
        if "base64" in given:
            return base64.b64decode(given["base64"])
        given = given["text"]
    return as_bytes(given)
