"""Select cases by globs over their names, such as `boundary/seed/*`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class NameGlobs:
    """Globs over case names, in the syntax of `fnmatch`; a name must match one of them."""

    globs: tuple[str, ...]
    _exact: frozenset[str] = field(init=False, repr=False, compare=False)
    _pattern: Callable[[str], Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        exact, pattern = _compiled(self.globs)
        object.__setattr__(self, "_exact", exact)
        object.__setattr__(self, "_pattern", pattern)

    def match(self, name: str) -> bool:
        """Whether `name` matches."""
        return name in self._exact or self._pattern(name) is not None

    def may_match_below(self, prefix: str) -> bool:
        """Whether a name that begins with `prefix` can match; `True` if in doubt.

        Compares `prefix` with the start of each glob up to its first wildcard.
        """
        starts = (_WILDCARD.split(glob, maxsplit=1)[0] for glob in self.globs)
        return any(s.startswith(prefix) or prefix.startswith(s) for s in starts)


@lru_cache(maxsize=256)
def _compiled(globs: tuple[str, ...]) -> tuple[frozenset[str], Callable[[str], Any]]:
    """The globs that are names, and one regular expression for the others.

    A verification compares thousands of names.
    """
    exact = frozenset(glob for glob in globs if not _WILDCARD.search(glob))
    others = (translate(glob) for glob in globs if glob not in exact)
    return exact, re.compile("|".join(others) or _NOTHING).match


#: A regular expression that matches nothing.
_NOTHING = "(?!)"

_WILDCARD = re.compile(r"[*?\[]")

#: Matches every name.
EVERY_NAME = NameGlobs(("*",))
