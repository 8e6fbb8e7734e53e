"""Routes of the API that are not the run route, and that a client may call beside it.

A call to one of them is no wrong run route: it is left out of the verdict and counted apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from aleph_contract.core.exchange import Exchange

#: Name of a route -> its target, below `/client/v4` (documented in the API reference).
_OTHER_ROUTES = {
    "GET /user/tokens/verify": r"/user/tokens/verify",
    "GET /accounts": r"/accounts",
    "GET /accounts/{id}": r"/accounts/[^/]+",
    "GET /accounts/{id}/tokens/verify": r"/accounts/[^/]+/tokens/verify",
    "GET /accounts/{id}/ai/models/search": r"/accounts/[^/]+/ai/models/search",
    "GET /accounts/{id}/ai/models/schema": r"/accounts/[^/]+/ai/models/schema",
}
_PATTERNS = {
    name: re.compile(rf"/client/v4{target}/?(\?.*)?") for name, target in _OTHER_ROUTES.items()
}


def other_route(exchange: Exchange) -> str | None:
    """The name of the route that a call was made to; `None` if it is none of the table."""
    if exchange.method != "GET":
        return None
    return next((n for n, p in _PATTERNS.items() if p.fullmatch(exchange.target)), None)


def count_other_routes(exchanges: Iterable[Exchange]) -> dict[str, int]:
    """How often each of these routes was called."""
    return dict(Counter(filter(None, map(other_route, exchanges))))
