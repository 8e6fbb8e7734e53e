"""The media that result URLs return: one small file of each kind, under any UUID.

A client fetches the URL in a result with a plain GET (documented). The response follows RFC 9110:
length, HEAD, ranges and validators, so that players can seek and download tools can resume. It has
no CORS header, so scripts of other origins cannot read it.

Starlette's `FileResponse` is not used: it answers 400 to a Range that RFC 9110 (14.2) says to
ignore, ignores If-None-Match, and takes 70 ms to import.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, replace
from typing import Any

from fake_server.media.files import KINDS, MediaFile, family, media_file
from fake_server.media.presigned import Presigner
from fake_server.media.samples import NO_SAMPLES, Samples

#: Path of the media; `<uuid>.mp4` follows, as in the documentation, or another extension.
MEDIA_PATH = "/__aleph__/media/"

#: The name of a file without a byte.
EMPTY = "00000000-0000-8000-a000-000000000000"

_NAME = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.(" + "|".join(KINDS) + ")",
    re.ASCII,
)
_RANGE = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*", re.ASCII | re.IGNORECASE)
_BEYOND = 10**18  # a position beyond the end of any file

Headers = tuple[tuple[bytes, bytes], ...]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class MediaResponse:
    """A response; `body` is empty for HEAD."""

    status: int
    headers: Headers
    body: bytes


def path(uuid: str, kind: str = "mp4") -> str:
    """The path that serves the medium named `uuid`."""
    return f"{MEDIA_PATH}{uuid}.{kind}"


def serves(target: str) -> bool:
    """Whether a path is the path of a medium."""
    return target.startswith(MEDIA_PATH) and bool(_NAME.fullmatch(target.removeprefix(MEDIA_PATH)))


def respond(
    method: str,
    target: str,
    headers: Iterable[tuple[bytes, bytes]],
    query: bytes = b"",
    presigner: Presigner | None = None,
    *,
    samples: Samples = NO_SAMPLES,
) -> MediaResponse:
    """Respond to a request below `MEDIA_PATH`.

    Args:
        method: As sent.
        target: The path, without query.
        headers: As in ASGI, names in lower case.
        query: What follows the question mark of the target.
        presigner: Checks the query; `None` if URLs are not signed.
        samples: The user's own files, by their family; a family without one has the file of ours.
    """
    if not serves(target):
        return _refusal(
            404, f"No such file; the path of a result is {MEDIA_PATH}<uuid>.<extension>", method
        )
    if method not in ("GET", "HEAD"):
        return _refusal(405, "Fetch a result with GET or HEAD", method, (b"allow", b"GET, HEAD"))
    name = target.removeprefix(MEDIA_PATH).encode()
    if presigner is not None and (problem := presigner.problem(name, query)):
        return _refusal(403, f"<Error><Code>{problem}</Code></Error>", method)
    kind = target.rpartition(".")[2]
    file = samples.get(family(kind)) or media_file(kind)
    if name.startswith(EMPTY.encode()):
        file = replace(file, body=b"", etag=b'"empty"')
    conditions = _Conditions(headers)
    known = conditions.values(b"if-none-match")
    if file.etag in known or b"*" in known:
        return MediaResponse(304, _common(file), b"")
    if method == "HEAD":
        return MediaResponse(200, _described(file, len(file.body)), b"")
    return _part(file, conditions.range(file.etag))


async def serve(
    scope: Scope,
    receive: Receive,  # noqa: ARG001 - ASGI's
    send: Send,
    presigner: Presigner | None = None,
    samples: Samples = NO_SAMPLES,
) -> None:
    """Respond to a request below `MEDIA_PATH`, as an ASGI application; the body is not read."""
    reply = respond(
        scope["method"],
        scope["path"],
        scope["headers"],
        scope["query_string"],
        presigner,
        samples=samples,
    )
    start = {"type": "http.response.start", "status": reply.status, "headers": reply.headers}
    await send(start)
    await send({"type": "http.response.body", "body": reply.body})


class _Conditions:
    """The conditional headers of a request."""

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._headers = list(headers)

    def values(self, name: bytes) -> list[bytes]:
        """The members of a list header; without `W/`, for weak comparison (RFC 9110, 8.8.3.2)."""
        found = b",".join(value for key, value in self._headers if key == name)
        return [member.strip().removeprefix(b"W/") for member in found.split(b",")]

    def range(self, etag: bytes) -> str | None:
        """The Range header if there is exactly one, and If-Range, if given, matches the file."""
        ranges = [value for key, value in self._headers if key == b"range"]
        validators = [value for key, value in self._headers if key == b"if-range"]
        if len(ranges) != 1 or any(value.strip() != etag for value in validators):
            return None
        return ranges[0].decode("latin-1")


def _part(file: MediaFile, wanted: str | None) -> MediaResponse:
    body = file.body
    size = len(body)
    bounds = _bounds(wanted, size)
    if bounds is None:
        return MediaResponse(200, _described(file, size), body)
    first, last = bounds
    if first >= size or last < first:
        unsatisfied = (b"content-range", b"bytes */%d" % size)
        return _refusal(416, f"The file has {size} bytes", "GET", unsatisfied)
    span = (b"content-range", b"bytes %d-%d/%d" % (first, last, size))
    return MediaResponse(206, (*_described(file, last - first + 1), span), body[first : last + 1])


def _bounds(wanted: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of the requested range; `None` for the whole file.

    Anything but a single byte range is ignored: RFC 9110 (14.2) allows that for several ranges and
    requires it for unknown units and invalid ranges.
    """
    match = _RANGE.fullmatch(wanted or "")
    if match is None or match.groups() == ("", ""):
        return None
    first, last = (int(digits[:19]) if digits else None for digits in match.groups())
    if first is None:
        length = min(last or 0, size)
        return (size - length, size - 1) if length else (_BEYOND, _BEYOND)
    if last is not None and last < first:
        return None
    return first, min(size - 1, _BEYOND if last is None else last)


def _common(file: MediaFile) -> Headers:
    return (
        (b"accept-ranges", b"bytes"),
        (b"etag", file.etag),
        (b"x-content-type-options", b"nosniff"),
    )


def _described(file: MediaFile, length: int) -> Headers:
    return (
        (b"content-type", file.content_type),
        (b"content-length", b"%d" % length),
        *_common(file),
    )


def _refusal(status: int, text: str, method: str, *more: tuple[bytes, bytes]) -> MediaResponse:
    body = text.encode() + b"\n"
    headers = (
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        *more,
    )
    return MediaResponse(status, headers, b"" if method == "HEAD" else body)
