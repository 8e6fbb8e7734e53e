"""Which failures a client may repeat: one table for the rules, the fault table and the docs.

A row is chosen by the reply alone (status, error code, message), so that driven cases, traffic and
recordings are judged alike. The first row that fits decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_tz
from typing import Any, Literal

#: The source of a rule. HTTP (RFC 9110), the schemas and the documentation make a must.
Provenance = Literal["http", "schema", "documented", "observed", "assumed"]

#: - `never`: the same call fails again.
#: - `after-wait`: nothing ran; the call may succeed later, after Retry-After if given.
#: - `if-unbilled`: the run may have been billed; a client that cannot know must not repeat it.
Repeat = Literal["never", "after-wait", "if-unbilled"]

#: After these statuses the same request fails again (RFC 9110, section 15.5).
FINAL_STATUSES = frozenset({400, 401, 402, 403, 404, 422})


@dataclass(frozen=True, slots=True)
class RetryRow:
    """Whether a client may repeat a call that was answered in a certain way.

    Args:
        status: The statuses it is about, as a regular expression; "none" is no reply at all.
        repeat: See `Repeat`.
        provenance: How well that is known.
        why: The reason, in one sentence.
        code: The error code it is about; `None` for any.
        message: A part of the error message, in lower case; empty for any.
    """

    status: str
    repeat: Repeat
    provenance: Provenance
    why: str
    code: int | None = None
    message: str = ""

    def fits(self, status: int | None, code: Any, message: str) -> bool:
        """Whether the row is about a reply."""
        return (
            re.fullmatch(self.status, "none" if status is None else str(status)) is not None
            and self.code in (None, code)
            and self.message in message.lower()
        )


RETRIES: tuple[RetryRow, ...] = (
    RetryRow(
        "402", "after-wait", "observed", "The wholesale rate limit passes by itself.",
        2021, "rate limit exceeded",
    ),
    RetryRow(
        "|".join(map(str, sorted(FINAL_STATUSES))), "never", "http",
        "The same request is refused again (RFC 9110, 15.5).",
    ),
    RetryRow(
        "408", "after-wait", "http",
        "The server did not receive the whole request; it may be repeated (RFC 9110, 15.5.9).",
    ),
    RetryRow(
        "409", "after-wait", "http",
        "The request conflicts with a state that may change (RFC 9110, 15.5.10).",
    ),
    RetryRow(
        "425", "after-wait", "http",
        "The server refuses early data; the request may be repeated without it (RFC 8470, 5.2).",
    ),
    RetryRow(
        "429", "after-wait", "http", "The limit is lifted after some time (RFC 6585, 4).",
    ),
    RetryRow(
        "503", "after-wait", "documented", "The guardrail scanner stopped the call before the run.",
        7013,
    ),
    RetryRow(
        "503", "after-wait", "documented", "The provider rejected the key, so nothing ran.", 2009,
    ),
    RetryRow(
        "4..", "if-unbilled", "assumed",
        "No source says whether it passes; a response may have been blocked after the run.",
    ),
    RetryRow(
        "5..", "if-unbilled", "documented",
        "The run may have completed and been billed; the API has no idempotency key.",
    ),
    RetryRow(
        "2..", "if-unbilled", "documented",
        "The service accepted the run and may have billed it.",
    ),
    RetryRow(
        "none", "if-unbilled", "documented",
        "The connection ended after the request was sent; the run may have been billed.",
    ),
)  # fmt: skip


def retry_row(status: int | None, code: Any = None, message: str = "") -> RetryRow | None:
    """The row for a failed call; `None` for a redirect, which is followed and not repeated."""
    return next((row for row in RETRIES if row.fits(status, code, message)), None)


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
