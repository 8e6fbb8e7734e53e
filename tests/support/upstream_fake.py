"""A fake in front of another server, as `serve --upstream` starts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from calling import PATIENCE

from fake_server.server import Server, running
from fake_server.state.spend_guard import SpendGuard
from fake_server.upstream.forwarding import Upstream
from fake_server.upstream.target import UpstreamTarget

#: The price of `calling.INPUT`.
PRICE = Decimal("1.68")

RUN = {"state": "Completed", "result": {"video": "https://example.com/made.mp4"}}


@contextmanager
def passing_on(
    url: str, cap: Decimal | str = "100", *, allow_unknown: bool = False, seconds: float = PATIENCE
) -> Iterator[tuple[Server, SpendGuard]]:
    """A fake in front of the server at `url`."""
    guard = SpendGuard(Decimal(cap), allow_unknown=allow_unknown)
    upstream = Upstream(UpstreamTarget.parse(url), guard, seconds)
    with running(upstream=upstream) as server:
        yield server, guard
