"""The media files that result URLs return: one small file per kind, under any UUID."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

#: Content type and family of each kind, by the extension of its file; the first of a family is the
#: default.
KINDS: dict[str, tuple[str, str]] = {
    "mp4": ("video/mp4", "video"),
    "webm": ("video/webm", "video"),
    "mov": ("video/quicktime", "video"),
    "png": ("image/png", "image"),
    "jpg": ("image/jpeg", "image"),
    "webp": ("image/webp", "image"),
    "gif": ("image/gif", "image"),
    "mp3": ("audio/mpeg", "audio"),
    "wav": ("audio/wav", "audio"),
    "flac": ("audio/flac", "audio"),
    "ogg": ("audio/ogg", "audio"),
    "aac": ("audio/aac", "audio"),
    "glb": ("model/gltf-binary", "mesh"),
    "txt": ("text/plain; charset=utf-8", "text"),
    "json": ("application/json", "json"),
}

#: Other names of kinds, as inputs and URLs write them.
_OTHER_NAMES = {"jpeg": "jpg", "opus": "ogg", "linear16": "wav", "pcm": "wav"}

_FILES = {"mp4": "edited.mp4"}


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One file, its content type and its strong validator."""

    content_type: bytes
    body: bytes
    etag: bytes


@cache
def media_file(kind: str) -> MediaFile:
    """The file of a kind; the README beside it says how it was made."""
    name = _FILES.get(kind, f"made.{kind}")
    body = Path(__file__).with_name(name).read_bytes()
    tag = b'"%s"' % hashlib.sha256(body).hexdigest()[:32].encode()
    return MediaFile(KINDS[kind][0].encode(), body, tag)


def kind_named(name: str) -> str | None:
    """The kind that a word names: `jpeg`, `PNG`, `mp3_48000_192`; `None` if it names none."""
    word = name.lower().partition("_")[0]
    word = _OTHER_NAMES.get(word, word)
    return word if word in KINDS else None


def kind_of_type(content_type: str) -> str | None:
    """The kind with this content type; `None` if there is none."""
    return next((kind for kind, (known, _) in KINDS.items() if known == content_type), None)


def family(kind: str) -> str:
    """The family of a kind, such as `video`."""
    return KINDS[kind][1]


def default_of(name: str) -> str | None:
    """The default kind of the family that a member name names, such as `image_url`."""
    lower = name.lower()
    return next((kind for kind, (_, group) in KINDS.items() if group in lower), None)
