"""Completed runs with a result URL that careless clients change, or send the token to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fake_server.replies.failures import Provenance
from fake_server.replies.fault import RESULT, Fault, reply

#: Query of a presigned URL: result URLs of other models have one like it (observed).
_PRESIGNED = (
    "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLE%2F20261126%2Fauto%2Fs3"
    "%2Faws4_request&X-Amz-Date=20261126T120000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    "&response-content-disposition=attachment%3B+filename%3D%22a%26b+c.mp4%22"
    "&X-Amz-Signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)


def _with_suffix(suffix: str) -> Callable[[Any], Any]:
    """Appends `suffix` to every URL of the result; the fake serves the file there too."""

    def extended(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: extended(child) for name, child in value.items()}
        if isinstance(value, list):
            return [extended(child) for child in value]
        return value + suffix if isinstance(value, str) and "://" in value else value

    return lambda bare: {**bare, "result": extended(bare["result"])}


def _url(name: str, title: str, suffix: str, provenance: Provenance = "assumed") -> Fault:
    return reply(
        f"result-url-{name}",
        title,
        _with_suffix(suffix),
        RESULT,
        provenance=provenance,
        completes=True,
        billed_maybe=False,
    )


#: Replies whose URL has parts that the documented URLs lack.
URL_FAULTS: tuple[Fault, ...] = (
    _url(
        "presigned",
        "a result URL with a query: a signature, `&`, `+` and percent-escapes",
        _PRESIGNED,
        "observed",
    ),
    _url("fragment", "a result URL with a fragment", "#t=0.5,3"),
    _url(
        "not-normalised",
        "a result URL that a URL library writes differently",
        "?name=%7ea%2fb&empty=&flag#",
    ),
    Fault(
        "result-url-other-host",
        "a result URL at the fake's other host name, which records whether the client sends the "
        "token when it downloads the result",
        "documented",
        ("security.token-host", "request.once"),
        completes=True,
        elsewhere=True,
    ),
)
