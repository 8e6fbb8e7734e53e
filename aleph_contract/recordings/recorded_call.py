"""One call as a recording holds it, before secrets are removed: the record that readers yield."""

from __future__ import annotations

from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One request of a recording, and its response.

    Args:
        method: HTTP method.
        url: The whole URL.
        request_headers: Names in lower case, in order.
        request_body: `None` if the recording does not hold it.
        status: `None` if there was no response.
        response_headers: As recorded.
        response_body: `None` if the recording does not hold it, or not as it was sent.
        started: Unix time in seconds.
        elapsed: Seconds until the end of the response.
    """

    method: str
    url: str
    request_headers: Headers
    request_body: bytes | None
    status: int | None
    response_headers: Headers
    response_body: bytes | None
    started: float
    elapsed: float
