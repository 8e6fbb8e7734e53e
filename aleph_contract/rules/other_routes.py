"""Routes of the API that are not the run route, and that a client may call beside it.

A call to one of them is no wrong run route: it is left out of the verdict and counted apart. The
fake answers each of them (`fake_server/runs/other_routes.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from aleph_contract.core.exchange import Exchange

#: Name of a route -> its target, below `/client/v4` (documented in the API reference; the catalog
#: routes: used by the documentation's own tooling).
OTHER_ROUTES = {
    "GET /user/tokens/verify": r"/user/tokens/verify",
    "GET /accounts": r"/accounts",
    "GET /accounts/{id}": r"/accounts/[^/]+",
    "GET /accounts/{id}/tokens/verify": r"/accounts/[^/]+/tokens/verify",
    "GET /accounts/{id}/ai/models/search": r"/accounts/[^/]+/ai/models/search",
    "GET /accounts/{id}/ai/models/schema": r"/accounts/[^/]+/ai/models/schema",
    "GET /accounts/{id}/ai/catalog/models": r"/accounts/[^/]+/ai/catalog/models",
    "GET /accounts/{id}/ai/catalog/models/{model}": r"/accounts/[^/]+/ai/catalog/models/[^?]+",
}
_PATTERNS = {
    name: re.compile(rf"/client/v4{target}/?(\?.*)?", re.DOTALL)
    for name, target in OTHER_ROUTES.items()
}


def route_name(method: str, target: str) -> str | None:
    """The name of the route of `OTHER_ROUTES` that a request is sent to; `None` if to no such."""
    if method != "GET":
        return None
    return next((n for n, p in _PATTERNS.items() if p.fullmatch(target)), None)


#: The request that a browser sends on its own before a call to another origin (Fetch standard,
#: section 4.8).
_PREFLIGHT = "OPTIONS (the preflight of a browser)"


def other_route(exchange: Exchange) -> str | None:
    """The name of the route that a call was made to; `None` if it is none of the table.

    The preflight of a browser is such a call on every route.
    """
    if exchange.method == "OPTIONS":
        asked = dict(exchange.request_headers)
        return _PREFLIGHT if "access-control-request-method" in asked else None
    return route_name(exchange.method, exchange.target)


def notes_on_other_routes(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """At most one sentence, which names these routes and counts the calls to each."""
    counted = Counter(filter(None, map(other_route, exchanges)))
    if counted:
        named = ", ".join(f"{route} ({count:,})" for route, count in counted.items())
        yield f"calls to other routes, which are not judged: {named}"
