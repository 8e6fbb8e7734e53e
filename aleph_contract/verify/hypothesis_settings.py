"""Keep Hypothesis to the seed it was given, and out of the user's working directory.

It draws some values from constants that stand in the source of whatever modules of the user's are
loaded, which takes half a second and makes a seed mean another thing in every project; and it keeps
what it worked out in `.hypothesis`. It has no setting for either.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from hypothesis import configuration
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

_HOME = "__hypothesis_home_directory"


@contextmanager
def isolated_hypothesis() -> Iterator[None]:
    """Let draws depend on the seed alone, and leave no directory that was not there before."""
    elsewhere = {} if _has_home() else {_HOME: Path(os.devnull)}  # where nothing can be written
    alone = {"_get_local_constants": Constants, "CONSTANTS_CACHE": {}}
    with _replaced(configuration, elsewhere), _replaced(providers, alone):
        yield


def _has_home() -> bool:
    return bool(
        getattr(configuration, _HOME, None)
        or os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY")
        or Path(".hypothesis").exists()
    )


@contextmanager
def _replaced(module: ModuleType, values: Mapping[str, Any]) -> Iterator[None]:
    """Replace those of `values` that the module has: other releases do not need it."""
    before = {name: vars(module)[name] for name in values if name in vars(module)}
    vars(module).update({name: values[name] for name in before})
    try:
        yield
    finally:
        vars(module).update(before)
