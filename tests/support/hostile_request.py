"""Building blocks of the corpus in `hostile.py`: an attack, and a request that it varies."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: Placeholder for the account id in the bytes of an attack.
ACCOUNT = b"@ACCOUNT@"

#: Bound on the bytes of a body on the server under attack.
MAX_BODY = 64 * 1024

#: Attacks whose target cannot be parsed, or is not a run route once parsed.
NOWHERE = frozenset(
    {
        "line: lower-case method",
        "line: no method",
        "line: tabs",
        "line: a NUL in the path",
        "line: a non-ASCII path",
        "route: /client/v4//accounts/@ACCOUNT@/ai/run",
    }
)

VALID = {"prompt": "golden hour", "video_uri": "https://example.com/a.mp4", "duration": 5}


@dataclass(frozen=True, slots=True)
class Attack:
    """The bytes of one connection, and the allowed responses.

    Args:
        name: What is wrong with the request.
        data: The bytes.
        statuses: The allowed statuses; 0 is a connection that is closed without a response.
        ends: Whether the client then closes its side, because the request is incomplete.
    """

    name: str
    data: bytes
    statuses: frozenset[int]
    ends: bool = False

    @property
    def counted(self) -> bool:
        """Whether the account must have an exchange of it: its target can be parsed."""
        return ACCOUNT + b"/ai/run" in self.data and self.name not in NOWHERE


def request(
    body: bytes = b"",
    *,
    line: bytes = b"POST /client/v4/accounts/" + ACCOUNT + b"/ai/run HTTP/1.1",
    host: bytes | None = b"Host: 127.0.0.1",
    token: bytes | None = b"Authorization: Bearer t",
    kind: bytes | None = b"Content-Type: application/json",
    length: bytes | None = None,
    more: tuple[bytes, ...] = (),
) -> bytes:
    """A request; each part can be replaced or left out."""
    if length is None:
        length = b"Content-Length: %d" % len(body)
    lines = [line, host, token, kind, length or None, *more]
    return b"\r\n".join(line for line in lines if line is not None) + b"\r\n\r\n" + body


def run(value: Any = None) -> bytes:
    """The body of a run request."""
    chosen = VALID if value is None else value
    return json.dumps({"model": "runwayml/aleph-2", "input": chosen}).encode()


def noise(seed: int, length: int) -> bytes:
    return random.Random(seed).randbytes(length)  # noqa: S311 - a fixed seed


def group(kind: str, statuses: set[int], cases: dict[str, bytes], **more: Any) -> Iterator[Attack]:
    for name, data in cases.items():
        yield Attack(f"{kind}: {name}", data, frozenset(statuses), **more)
