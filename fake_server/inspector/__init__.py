"""The inspector: one browser tab that shows each call as it arrives, what was wrong, what it cost.

Rendered here, by Jinja, from the exact bytes; the page's script moves pieces of it about and reads
no value of them. What it needs it gets from this server alone.
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from fake_server.control.dependencies import PREFIX, Fake
from fake_server.inspector.pages import Pages

#: Where everything but the start page is.
HOME = f"{PREFIX}/inspector"


def routes(fake: Fake) -> list[BaseRoute]:
    """The routes of the inspector of a fake."""
    pages = Pages(fake)
    one = f"{HOME}/{{account}}/{{number:int}}"
    return [
        Route(f"{PREFIX}/", pages.start),
        Route(f"{HOME}/live", pages.live),
        Route(f"{HOME}/{{account}}/scenario", pages.scenario, methods=["POST"]),
        Route(one, pages.exchange),
        Route(f"{one}/replay", pages.replay, methods=["POST"]),
        Route(f"{one}/{{side}}", pages.body),
        Route(f"{HOME}/{{name}}", pages.asset),
    ]
