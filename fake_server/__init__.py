"""A local fake of the endpoint behind `runwayml/aleph-2`, with a journal of all requests.

PYTEST_DONT_REWRITE: see `aleph_contract/__init__.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fake_server.account_handle import AccountHandle
    from fake_server.http.factory import create_app
    from fake_server.server import Server, running

__all__ = ["AccountHandle", "Server", "create_app", "running"]

#: Public name -> the module that defines it.
_DEFINED_IN = {
    "AccountHandle": "fake_server.account_handle",
    "Server": "fake_server.server",
    "create_app": "fake_server.http.factory",
    "running": "fake_server.server",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    from importlib import import_module

    if name in _DEFINED_IN:
        return getattr(import_module(_DEFINED_IN[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__]
