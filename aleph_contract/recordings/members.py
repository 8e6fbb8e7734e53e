"""Read the members of recorded entries: times, bodies, and entries that are none."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from aleph_contract.core.escaping import truncate
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.recordings.recorded_call import BadEntry, Entry, RecordedCall

#: A greater number is no time in seconds: it is the year 5138.
LATEST = 1e11

#: Three digits, the first of which is not 0.
STATUSES = range(100, 1000)

#: Longest number that a reason quotes.
MAX_QUOTED = 20

_FRACTION = re.compile(r"\.(\d+)")

#: Why `server.no-5xx` is not judged.
NO_ANSWER = "the recording does not say why there is no response"

#: Headers that describe the bytes on the wire; recordings hold the decoded body.
WIRE_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def checked(place: str, title: str, read: Callable[[Any, str], Entry], entry: Any) -> Entry:
    """The call that `read` finds in an entry; a bad entry if it lacks something."""
    try:
        found = read(entry, place)
        if isinstance(found, RecordedCall):
            _check_types(found)
            _check_numbers(found)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        missing = isinstance(error, KeyError)
        reason = f"the member {error} is missing" if missing else str(error)
        return BadEntry(place, f"it is no {title}: {reason}")
    except RecursionError:
        return BadEntry(place, "the value is nested too deeply")
    return found


def _check_types(call: RecordedCall) -> None:
    """Raise an error if a member that must be text is not, or if the URL is none."""
    texts = {"method": call.method, "url": call.url}
    for name, value in (*call.request_headers, *call.response_headers):
        texts |= {"name of a header": name, f"header {name}": value}
    for what, text in texts.items():
        if not isinstance(text, str):
            raise TypeError(f"the {what} is not text")
    urlsplit(call.url)


def _check_numbers(call: RecordedCall) -> None:
    """Raise an error if the status is none of HTTP (RFC 9110, 15), or a time is not finite."""
    if call.status is not None and call.status not in STATUSES:
        raise ValueError(
            f"the status {truncate(str(call.status), MAX_QUOTED)} has not three digits"
        )
    if not (isfinite(call.elapsed) and isfinite(call.started or 0.0)):
        raise ValueError("a time is not a finite number")


def as_bytes(text: str) -> bytes:
    """The bytes of a text; a lone surrogate is kept."""
    return text.encode("utf-8", "surrogatepass")


def json_bytes(value: Any) -> bytes:
    """A body that a recording holds parsed, as bytes; text is a body of another type."""
    return as_bytes(value if isinstance(value, str) else dumps(value))


def unix_time(value: Any) -> float:
    """A time as Unix time: ISO 8601 text, or a number of seconds, milliseconds or nanoseconds.

    Raises:
        ValueError: It is no time.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) / _unit(value)
    six = _FRACTION.sub(lambda match: f".{match[1][:6]:0<6}", str(value).replace("Z", "+00:00"))
    moment = datetime.fromisoformat(six)
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _unit(value: float) -> float:
    """How many of its units are a second, by its size."""
    return next((unit for unit in (1.0, 1e3, 1e6) if value / unit < LATEST), 1e9)
