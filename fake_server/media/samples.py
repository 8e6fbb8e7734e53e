"""The user's own files, which result URLs return in place of the small ones of this package."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from aleph_contract.core.reading import MAX_FILE, read_file
from aleph_contract.errors import ArgumentError
from fake_server.media.files import KINDS, MediaFile, family, kind_named

#: The user's files by their family, such as `video`.
Samples = Mapping[str, MediaFile]

NO_SAMPLES: Samples = {}

#: Bound on the bytes of a file; it is kept in memory.
MAX_SAMPLE = MAX_FILE


def read_samples(paths: Iterable[str | os.PathLike[str]]) -> Samples:
    """Read files; the extension of a name says the kind, such as `mp4`.

    Raises:
        ArgumentError: A file cannot be read, is too large or has an unknown extension, or two files
            have the same family.
    """
    samples: dict[str, MediaFile] = {}
    for path in map(Path, paths):
        kind = kind_named(path.suffix.removeprefix("."))
        if kind is None:
            raise ArgumentError(f"media {path}: its name ends in one of {', '.join(KINDS)}")
        if family(kind) in samples:
            raise ArgumentError(f"media {path}: another file is the {family(kind)} already")
        samples[family(kind)] = _read(path, kind)
    return samples


def _read(path: Path, kind: str) -> MediaFile:
    try:
        size = path.stat().st_size
        if size > MAX_SAMPLE:
            raise ArgumentError(f"media {path}: it has {size} bytes; at most {MAX_SAMPLE} fit")
        body = read_file(path)
    except OSError as error:
        raise ArgumentError(f"media {path}: {error.strerror}") from None
    tag = b'"%s"' % hashlib.sha256(body).hexdigest()[:32].encode()
    return MediaFile(KINDS[kind][0].encode(), body, tag)
