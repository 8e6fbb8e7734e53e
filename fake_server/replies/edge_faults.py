"""Responses of the edge of the network instead of the API: an HTML page, or one line of text.

The statuses from 520 are Cloudflare's own (documented for its edge); that the API answers so was
observed on other routes of the v4 API.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aleph_contract.rules.retry_policy import retry_row
from fake_server.replies.fault import Fault

#: Name, status, title, the number in the text, and whether the run may have been billed. It was not
#: where the edge refused the request or never reached the service (assumed).
_EDGE: tuple[tuple[str, int, str, int, bool], ...] = (
    ("bad-request", 400, "Bad Request", 400, False),
    ("unauthorized", 401, "Unauthorized", 401, False),
    ("forbidden", 403, "Forbidden", 1020, False),
    ("not-found", 404, "Not Found", 404, False),
    ("request-timeout", 408, "Request Timeout", 408, False),
    ("payload-too-large", 413, "Payload Too Large", 413, False),
    ("rate-limited", 429, "Too Many Requests", 1015, False),
    ("internal-error", 500, "Internal Server Error", 500, True),
    ("bad-gateway", 502, "Bad Gateway", 502, True),
    ("unavailable", 503, "Service Unavailable", 503, True),
    ("gateway-timeout", 504, "Gateway Timeout", 504, True),
    ("unknown-error", 520, "Web server is returning an unknown error", 520, True),
    ("server-down", 521, "Web server is down", 521, False),
    ("connect-timeout", 522, "Connection timed out", 522, True),
    ("origin-unreachable", 523, "Origin is unreachable", 523, False),
    ("timeout", 524, "A timeout occurred", 524, True),
    ("tls-failed", 525, "SSL handshake failed", 525, False),
    ("invalid-certificate", 526, "Invalid SSL certificate", 526, False),
    ("origin-dns", 530, "Origin DNS error", 1016, False),
)


def _pages() -> Iterator[Fault]:
    for name, status, title, number, billed_maybe in _EDGE:
        page = (
            f"<!DOCTYPE html>\n<html><head><title>{status} {title}</title></head>\n"
            f"<body><center><h1>{status} {title}</h1></center><hr><center>cloudflare</center>"
            "</body>\n</html>\n"
        )
        yield Fault(
            f"{name}-html",
            f"status {status} with an HTML page from the edge instead of JSON",
            content_type="text/html; charset=UTF-8",
            raw=page.encode(),
            **_common(status, billed_maybe),
        )
        yield Fault(
            f"{name}-text",
            f"status {status} with the text `error code: {number}` from the edge",
            content_type="text/plain; charset=UTF-8",
            raw=f"error code: {number}".encode(),
            **_common(status, billed_maybe),
        )


def _common(status: int, billed_maybe: bool) -> dict[str, Any]:
    return {
        "provenance": "observed" if status in _OBSERVED else "assumed",
        "rules": _rules(status, billed_maybe),
        "status": status,
        "billed_maybe": billed_maybe,
    }


#: Statuses that were seen with a body of the edge on the v4 API.
_OBSERVED = frozenset({403, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530})


def _rules(status: int, billed_maybe: bool) -> tuple[str, ...]:
    row = retry_row(status)
    if row is not None and row.repeat == "never":
        return ("error.surfaced", "error.not-retried")
    paid = ("billing.paid-once",) if billed_maybe else ()
    return ("error.surfaced", "error.bounded", *paid)


#: Every status of the edge, once with a page and once with a text.
EDGE_FAULTS: tuple[Fault, ...] = tuple(_pages())
