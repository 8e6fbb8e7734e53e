"""Make the draws of Hypothesis depend on the seed alone, and write nothing to `.hypothesis`.

Hypothesis also draws constants found in the source of imported local modules. That takes half a
second, and the same seed draws different inputs in different projects. It stores those constants
in the directory `.hypothesis`. There is no public setting for either, so this module replaces
private names of Hypothesis, those that the installed version has.
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
    """Disable the drawing of local constants, and create no `.hypothesis` directory."""
    unwritable = {} if _has_home() else {_HOME: Path(os.devnull)}
    no_constants = {"_get_local_constants": Constants, "CONSTANTS_CACHE": {}}
    with _replaced(configuration, unwritable), _replaced(providers, no_constants):
        yield


def _has_home() -> bool:
    """Whether the user has chosen a directory for Hypothesis, or has one already."""
    return bool(
        getattr(configuration, _HOME, None)
        or os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY")
        or Path(".hypothesis").exists()
    )


@contextmanager
def _replaced(module: ModuleType, values: Mapping[str, Any]) -> Iterator[None]:
    """Replace attributes of a module; a name that it lacks is skipped (other releases differ)."""
    before = {name: vars(module)[name] for name in values if name in vars(module)}
    vars(module).update({name: values[name] for name in before})
    try:
        yield
    finally:
        vars(module).update(before)
