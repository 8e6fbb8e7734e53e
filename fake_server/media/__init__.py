"""The playable video that every result URL serves: one small file under any name.

What the real service's content network does for a video (documented: the URL in `video` is
fetched with a plain GET): length, HEAD, ranges and validators by RFC 9110, so that players seek
and download tools resume. No other origin may read it by script: CORS stays shut.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

#: Where the videos live: `<uuid>.mp4`, the last part as the documentation shows it.
PREFIX = "/__aleph__/media/"

CONTENT_TYPE = "video/mp4"

_NAME = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.mp4", re.ASCII)
_RANGE = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*", re.ASCII | re.IGNORECASE)
_LAST = 10**18  # positions beyond any file; longer numerals are cut down to it

Headers = tuple[tuple[bytes, bytes], ...]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, ready to send; `body` is empty for HEAD."""

    status: int
    headers: Headers
    body: bytes


@cache
def video() -> bytes:
    """The file: H.264 in MP4, 3 seconds; how it was made stands in the README beside it."""
    return (resources.files(__name__) / "edited.mp4").read_bytes()


@cache
def etag() -> bytes:
    """A strong validator of the file."""
    return b'"%s"' % hashlib.sha256(video()).hexdigest()[:32].encode()


def path(uuid: str) -> str:
    """The path that serves the video named `uuid`."""
    return f"{PREFIX}{uuid}.mp4"


def serves(target: str) -> bool:
    """Whether a path is that of a video."""
    return target.startswith(PREFIX) and bool(_NAME.fullmatch(target.removeprefix(PREFIX)))


def respond(method: str, target: str, headers: Iterable[tuple[bytes, bytes]]) -> Reply:
    """Answer a request below `PREFIX`.

    Args:
        method: As sent.
        target: The path, without query.
        headers: As ASGI has them, names in lower case.
    """
    if not serves(target):
        return _refusal(404, f"No such video: {PREFIX}<uuid>.mp4 is served", method)
    if method not in ("GET", "HEAD"):
        return _refusal(
            405, "A video is fetched with GET or HEAD", method, (b"allow", b"GET, HEAD")
        )
    asked = _Conditions(headers)
    if etag() in asked.values(b"if-none-match") or b"*" in asked.values(b"if-none-match"):
        return Reply(304, _common(), b"")
    if method == "HEAD":
        return Reply(200, _described(len(video())), b"")
    return _part(asked.range())


async def serve(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI's
    """Answer a request below `PREFIX`, as an ASGI application; its body is of no interest."""
    reply = respond(scope["method"], scope["path"], scope["headers"])
    start = {"type": "http.response.start", "status": reply.status, "headers": reply.headers}
    await send(start)
    await send({"type": "http.response.body", "body": reply.body})


class _Conditions:
    """The request headers that decide what is sent."""

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._headers = list(headers)

    def values(self, name: bytes) -> list[bytes]:
        """The members of a list header; `W/` is dropped, as weak comparison asks."""
        found = b",".join(value for key, value in self._headers if key == name)
        return [member.strip().removeprefix(b"W/") for member in found.split(b",")]

    def range(self) -> str | None:
        """The Range to honour: the only one, and only of the file that If-Range has in mind."""
        ranges = [value for key, value in self._headers if key == b"range"]
        remembered = [value for key, value in self._headers if key == b"if-range"]
        if len(ranges) != 1 or any(value.strip() != etag() for value in remembered):
            return None
        return ranges[0].decode("latin-1")


def _part(wanted: str | None) -> Reply:
    body = video()
    size = len(body)
    bounds = _bounds(wanted, size)
    if bounds is None:
        return Reply(200, _described(size), body)
    first, last = bounds
    if first >= size or last < first:
        unsatisfied = (b"content-range", b"bytes */%d" % size)
        return _refusal(416, f"The video has {size} bytes", "GET", unsatisfied)
    span = (b"content-range", b"bytes %d-%d/%d" % (first, last, size))
    return Reply(206, (*_described(last - first + 1), span), body[first : last + 1])


def _bounds(wanted: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte asked for, `None` for the whole.

    What is no single byte range is ignored, which RFC 9110 allows for several ranges and asks for
    everything else that is not understood.
    """
    match = _RANGE.fullmatch(wanted or "")
    if match is None or match.groups() == ("", ""):
        return None
    first, last = (int(digits[:19]) if digits else None for digits in match.groups())
    if first is None:
        length = min(last or 0, size)
        return (size - length, size - 1) if length else (_LAST, _LAST)
    if last is not None and last < first:
        return None
    return first, min(size - 1, _LAST if last is None else last)


def _common() -> Headers:
    return (
        (b"accept-ranges", b"bytes"),
        (b"etag", etag()),
        (b"x-content-type-options", b"nosniff"),
    )


def _described(length: int) -> Headers:
    return (
        (b"content-type", CONTENT_TYPE.encode()),
        (b"content-length", b"%d" % length),
        *_common(),
    )


def _refusal(status: int, text: str, method: str, *more: tuple[bytes, bytes]) -> Reply:
    body = text.encode() + b"\n"
    headers = (
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        *more,
    )
    return Reply(status, headers, b"" if method == "HEAD" else body)
