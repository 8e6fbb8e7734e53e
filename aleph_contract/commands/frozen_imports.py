"""Import modules without garbage collection."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def frozen_imports() -> Iterator[None]:
    """Collect no garbage within a `with` block, and exclude its objects from later collections.

    For the imports of a command: modules make no garbage and stay until the process ends, while a
    collection looks at every object in them. Without that, `verify client` computes a tenth less.
    Without an import within the block, nothing is excluded. See `gc.freeze` in Python's
    documentation.
    """
    enabled, loaded = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > loaded:
            gc.freeze()
            # Some versions of Hypothesis look for the module that holds their generator of random
            # numbers among the objects that are not frozen.
            warnings.filterwarnings("ignore", message="It looks like `register_random`")
        if enabled:
            gc.enable()
