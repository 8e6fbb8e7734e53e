"""The reply that a scenario step carries itself: status, headers and body of the user's choice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aleph_contract.core.jsonvalue import dumps
from aleph_contract.errors import ArgumentError
from fake_server.replies.fault import Fault

#: The name under which exchanges show such a reply, in place of the name of a fault.
OWN_REPLY = "own-reply"

#: Header names and values that HTTP can carry (RFC 9110, 5.1 and 5.5).
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[\t -~]*", re.ASCII)

#: Headers that frame the message: the server writes them.
_FRAMING = frozenset({"connection", "content-length", "transfer-encoding"})

_STATUSES = range(200, 600)


@dataclass(frozen=True, slots=True)
class OwnReply:
    """A reply as the user wrote it.

    Args:
        status: HTTP status.
        headers: Names in lower case, and values; they replace headers of the fake.
        body: The body.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""

    def document(self) -> dict[str, Any]:
        """The members of a step that carries this reply."""
        return {"status": self.status, "headers": dict(self.headers), "body": self.body}

    def fault(self) -> Fault:
        """The reply as a fault, which is played like any other.

        The real service may charge for a run that it answers with 2xx or 5xx.
        """
        return Fault(
            OWN_REPLY,
            f"the reply that the scenario step carries, with status {self.status}",
            "assumed",
            (),
            status=self.status,
            headers=self.headers,
            raw=self.body.encode(),
            billed_maybe=self.status < 300 or self.status >= 500,  # noqa: PLR2004 - HTTP classes
        )


def own_reply(given: Mapping[str, Any], place: str) -> OwnReply:
    """Parse the members `status`, `headers` and `body` of a step.

    Args:
        given: The step. A `body` that is not a string is sent as JSON.
        place: Names the step in messages.

    Raises:
        ArgumentError: A value has the wrong type, or HTTP cannot carry it.
    """
    status = given.get("status")
    if status is None:
        status = 200
    if isinstance(status, bool) or not isinstance(status, int) or status not in _STATUSES:
        raise ArgumentError(f"status of {place} is an integer from 200 to 599, not {dumps(status)}")
    headers = given.get("headers") or {}
    if not isinstance(headers, Mapping):
        raise ArgumentError(f'headers of {place} is an object, such as {{"x-id": "1"}}')
    body = given.get("body")
    if body is None:
        body = ""
    text = body if isinstance(body, str) else dumps(body)
    return OwnReply(status, tuple(_header(*item, place) for item in headers.items()), text)


def _header(name: Any, value: Any, place: str) -> tuple[str, str]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ArgumentError(f"headers of {place}: {name!r} is not a header name")
    if name.lower() in _FRAMING:
        raise ArgumentError(f"headers of {place}: the server writes {name} itself")
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise ArgumentError(
            f"headers of {place}: {name} is a text in printable ASCII, not {dumps(value)}"
        )
    return name.lower(), value
