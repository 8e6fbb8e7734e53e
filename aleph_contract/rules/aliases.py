"""Earlier names of rules and faults, which `explain`, globs, tokens and files still accept."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache

#: The earlier names of rules and faults, and the present ones. A result was called `video` as long
#: as there was one model.
ALIASES: Mapping[str, str] = {
    "response.video": "response.result",
    "state-failed-with-video": "state-failed-with-result",
    "video-missing": "result-member-missing",
    "video-null": "result-member-null",
    "video-number": "result-member-number",
    "video-object": "result-member-object",
    "video-empty": "result-member-empty",
    "video-not-a-url": "result-member-not-a-url",
    "video-url-presigned": "result-url-presigned",
    "video-url-fragment": "result-url-fragment",
    "video-url-not-normalised": "result-url-not-normalised",
}

_EARLIER: Mapping[str, str] = {present: earlier for earlier, present in ALIASES.items()}


def canonical(name: str) -> str:
    """The present name that an earlier name stands for; any other name unchanged."""
    return ALIASES.get(name, name)


@lru_cache(maxsize=4096)
def earlier(name: str) -> str:
    """The name that the same case or rule had earlier; `name` itself if it is the only one."""
    return "/".join(_EARLIER.get(part, part) for part in name.split("/"))


def matches(name: str, pattern: str) -> bool:
    """Whether a glob matches a name, or the name that the same case or rule had earlier.

    For example `fault/video-*` matches `fault/result-member-null/once`. Case is significant.
    """
    return fnmatchcase(name, pattern) or fnmatchcase(earlier(name), pattern)
