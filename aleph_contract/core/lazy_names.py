"""Public names of a package that are imported on first use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any


def lazy_names(
    package: str, defined_in: Mapping[str, str], modules: Collection[str] = ()
) -> Callable[[str], Any]:
    """The `__getattr__` of a package (PEP 562).

    Args:
        package: The name of the package.
        defined_in: Public name -> the module that defines it.
        modules: Public names that are modules of the package themselves.
    """

    def getattr_of_package(name: str) -> Any:
        from importlib import import_module

        if name in modules:
            return import_module(f"{package}.{name}")
        if name in defined_in:
            return getattr(import_module(defined_in[name]), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return getattr_of_package
