"""The Retry-After header: how long a reply asks the client to wait."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from email.utils import parsedate_tz

# The three forms of a date that a recipient must accept (RFC 9110, 5.6.7).
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_LONG_DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_TIME = r"\d\d:\d\d:\d\d"
_DATE = re.compile(
    rf"{_DAY}, \d\d {_MONTH} \d{{4}} {_TIME} GMT"
    rf"|{_LONG_DAY}, \d\d-{_MONTH}-\d\d {_TIME} GMT"
    rf"|{_DAY} {_MONTH} [ \d]\d {_TIME} \d{{4}}"
)
_SECONDS = re.compile(r"[0-9]{1,12}")


def retry_after(value: str, received_at: float) -> float:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3).

    Only its two lawful forms, an integer of seconds and a date, ask for anything: `-5`, `0.5` and
    `soon` give 0, and so does a date in the past.

    Args:
        value: Value of the header; empty if it is absent.
        received_at: Unix time at which the client had the reply.
    """
    if _SECONDS.fullmatch(value):
        return float(value)
    date = parsedate_tz(value) if _DATE.fullmatch(value) else None
    if date is None:
        return 0.0
    try:
        asked = datetime(*date[:6], tzinfo=timezone.utc).timestamp()
    except ValueError:  # no such day, or no such time
        return 0.0
    return max(asked - received_at, 0.0)
