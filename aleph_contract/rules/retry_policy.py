"""Which failures a client may repeat: one table for the rules, the fault table and the docs.

A row is chosen by the reply alone (status, error code, message), so that driven cases, traffic and
recordings are judged alike. The first row that fits decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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
