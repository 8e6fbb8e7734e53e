"""The inspector: a page that shows each call as it arrives, its violations and its cost.

Jinja renders every value on the server, from the exact bytes. The script of the page only inserts
rendered HTML and loads nothing from other hosts.
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from fake_server.control.dependencies import CONTROL_PREFIX, Fake
from fake_server.inspector.actions import Actions
from fake_server.inspector.pages import Pages
from fake_server.inspector.views import Views
from fake_server.inspector.web import INSPECTOR_PREFIX


def routes(fake: Fake) -> list[BaseRoute]:
    """The routes of the inspector of `fake`."""
    views = Views(fake)
    pages, actions = Pages(fake, views), Actions(fake, views)
    exchange = f"{INSPECTOR_PREFIX}/{{account}}/{{number:int}}"
    return [
        Route(f"{CONTROL_PREFIX}/", pages.start),
        Route(f"{INSPECTOR_PREFIX}/live", pages.live),
        Route(f"{INSPECTOR_PREFIX}/coverage", pages.coverage),
        Route(f"{INSPECTOR_PREFIX}/timeline", pages.timeline),
        Route(f"{INSPECTOR_PREFIX}/coverage/live", pages.coverage_live),
        Route(f"{INSPECTOR_PREFIX}/timeline/live", pages.timeline_live),
        Route(f"{INSPECTOR_PREFIX}/compare", pages.compare),
        Route(f"{INSPECTOR_PREFIX}/export", pages.export),
        Route(f"{INSPECTOR_PREFIX}/clear", actions.clear, methods=["POST"]),
        Route(f"{INSPECTOR_PREFIX}/{{account}}/scenario", actions.scenario, methods=["POST"]),
        Route(exchange, pages.exchange),
        Route(f"{exchange}/replay", actions.replay, methods=["POST"]),
        Route(f"{exchange}/{{side}}", pages.body),
        Route(f"{INSPECTOR_PREFIX}/{{name}}", pages.asset),
    ]
