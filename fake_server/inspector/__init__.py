"""The inspector: a page that shows each call as it arrives, its violations and its cost.

Jinja renders every value on the server, from the exact bytes. The script of the page only inserts
rendered HTML and loads nothing from other hosts.
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from fake_server.control.dependencies import CONTROL_PREFIX, Fake
from fake_server.inspector.pages import INSPECTOR_PREFIX, Pages


def routes(fake: Fake) -> list[BaseRoute]:
    """The routes of the inspector of `fake`."""
    pages = Pages(fake)
    exchange = f"{INSPECTOR_PREFIX}/{{account}}/{{number:int}}"
    return [
        Route(f"{CONTROL_PREFIX}/", pages.start),
        Route(f"{INSPECTOR_PREFIX}/live", pages.live),
        Route(f"{INSPECTOR_PREFIX}/{{account}}/scenario", pages.scenario, methods=["POST"]),
        Route(exchange, pages.exchange),
        Route(f"{exchange}/replay", pages.replay, methods=["POST"]),
        Route(f"{exchange}/{{side}}", pages.body),
        Route(f"{INSPECTOR_PREFIX}/{{name}}", pages.asset),
    ]
