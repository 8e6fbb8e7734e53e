"""Make the draws of Hypothesis depend on the seed alone, and write nothing to `.hypothesis`.

Hypothesis computes a table of all Unicode characters, which takes a tenth of a second, and keeps it
in the directory `.hypothesis`. For a text of given characters it needs only the names of the
categories in the table. For other texts it still computes the table.

Hypothesis also draws constants found in the source of imported local modules. That takes half a
second, and the same seed draws different inputs in different projects. It stores those constants
in the directory `.hypothesis`. There is no public setting for either, so this module replaces the
private names in `PRIVATE_NAMES`; no other module uses private parts of Hypothesis.

If a release lacks one of them, the draws still work: they may then also depend on the modules of
the project, or write to `.hypothesis`. `tests/verify/test_hypothesis_settings.py` fails then.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

_CONFIGURATION = "hypothesis.configuration"
_PROVIDERS = "hypothesis.internal.conjecture.providers"
_CONSTANTS = "hypothesis.internal.constants_ast"
_CHARMAP = "hypothesis.internal.charmap"
_HOME = "__hypothesis_home_directory"

#: The private names of Hypothesis that this module needs: (module, name).
PRIVATE_NAMES = (
    (_CONFIGURATION, _HOME),
    (_PROVIDERS, "_get_local_constants"),
    (_PROVIDERS, "CONSTANTS_CACHE"),
    (_CONSTANTS, "Constants"),
    (_CHARMAP, "_categories"),
)

#: The general categories of Unicode (Unicode standard, table 4-4): the first letter -> the second.
_CATEGORIES = {
    "L": "ultmo",
    "M": "nce",
    "N": "dlo",
    "P": "cdseifo",
    "S": "mcko",
    "Z": "slp",
    "C": "fosnc",
}
CATEGORIES = tuple(major + minor for major, minors in _CATEGORIES.items() for minor in minors)


@contextmanager
def isolated_hypothesis() -> Iterator[None]:
    """Disable local constants and the table of characters; create no `.hypothesis` directory."""
    with ExitStack() as stack:
        if not _has_home():
            stack.enter_context(_replaced(_CONFIGURATION, _HOME, Path(os.devnull)))
        no_constants = getattr(_module(_CONSTANTS), "Constants", None)
        if no_constants is not None:
            stack.enter_context(_replaced(_PROVIDERS, "_get_local_constants", no_constants))
            stack.enter_context(_replaced(_PROVIDERS, "CONSTANTS_CACHE", {}))
        if getattr(_module(_CHARMAP), "_categories", CATEGORIES) is None:
            stack.enter_context(_replaced(_CHARMAP, "_categories", CATEGORIES))
        yield


def _has_home() -> bool:
    """Whether the user has chosen a directory for Hypothesis, or has one already."""
    return bool(
        getattr(_module(_CONFIGURATION), _HOME, None)
        or os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY")
        or Path(".hypothesis").exists()
    )


def _module(name: str) -> ModuleType | None:
    """A module of Hypothesis; `None` if this release has no such module."""
    try:
        return import_module(name)
    except ImportError:
        return None


@contextmanager
def _replaced(module: str, name: str, value: Any) -> Iterator[None]:
    """Replace an attribute of a module; without effect if this release has none."""
    names = vars(_module(module) or object)
    if name not in names:
        yield
        return
    before = names[name]
    setattr(_module(module), name, value)
    try:
        yield
    finally:
        setattr(_module(module), name, before)
