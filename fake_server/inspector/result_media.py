"""The media of a result that this fake serves, for the page to show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from posixpath import splitext
from typing import Any
from urllib.parse import urlsplit

from fake_server import media
from fake_server.media.files import family

#: Maximum media that the page shows of one result.
MAX_MEDIA = 8


@dataclass(frozen=True, slots=True)
class ResultMedium:
    """A file that a result refers to.

    Args:
        path: Its path and query on this fake.
        family: Its kind, such as `video`, `audio` or `image`.
    """

    path: str
    family: str


def media_of(result: Any) -> tuple[ResultMedium, ...]:
    """The files of a result at the paths of this fake; the page fetches nothing elsewhere."""
    return tuple(islice(_found(result), MAX_MEDIA))


def _found(value: Any) -> Iterator[ResultMedium]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _found(part)
    elif isinstance(value, str) and media.MEDIA_PATH in value:
        parts = urlsplit(value)
        if media.serves(parts.path):
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            yield ResultMedium(path, family(splitext(parts.path)[1][1:]))
