"""Select cases by globs over their names, such as `boundary/seed/*`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class NameGlobs:
    """Globs over case names, in the syntax of `fnmatch`; a name must match one of them."""

    globs: tuple[str, ...]

    def match(self, name: str) -> bool:
        """Whether `name` matches."""
        return _pattern(self.globs).match(name) is not None

    def may_match_below(self, prefix: str) -> bool:
        """Whether a name that begins with `prefix` can match; `True` if in doubt.

        Compares `prefix` with the start of each glob up to its first wildcard.
        """
        starts = (_WILDCARD.split(glob, maxsplit=1)[0] for glob in self.globs)
        return any(s.startswith(prefix) or prefix.startswith(s) for s in starts)


@lru_cache(maxsize=64)
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One regular expression for all globs: a verification compares thousands of names."""
    return re.compile("|".join(map(translate, globs)) or _NOTHING)


#: A regular expression that matches nothing.
_NOTHING = "(?!)"

#: Matches every name.
EVERY_NAME = NameGlobs(("*",))

_WILDCARD = re.compile(r"[*?\[]")
