"""A local fake of the endpoint behind `runwayml/aleph-2`, with a journal of all requests.

PYTEST_DONT_REWRITE: see `aleph_contract/__init__.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aleph_contract.core.lazy_names import lazy_names

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

__getattr__ = lazy_names(__name__, _DEFINED_IN)


def __dir__() -> list[str]:
    return [*__all__]
