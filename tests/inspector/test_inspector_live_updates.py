"""The event stream of the page, and the coverage that is counted meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import count

from inspector_client import GOOD, append_run

from fake_server.http.factory import create_app
from fake_server.inspector import live_updates
from fake_server.inspector.listing import ListQuery
from fake_server.inspector.traffic_counter import MAX_WAITING, TrafficCounter


class TestTrafficCounter:
    """Each exchange is counted once, whether it came before or after the counter."""

    def tried(self, coverage: TrafficCounter) -> int:
        cells = [c for _, pairs in coverage.chart() for pair in pairs for c in pair]
        return sum(
            n for cell in cells if cell.constraint == "seed/minimum" for _, n in cell.observed
        )

    def finish(self, coverage: TrafficCounter) -> None:
        while coverage.unfinished:
            coverage.advance(0.1)

    def test_all_traffic_is_counted_even_if_the_queue_overflows(self) -> None:
        app = create_app()
        body = json.dumps({"model": "m", "input": GOOD | {"seed": 0}}).encode()
        append_run(app, request_body=body)
        coverage = TrafficCounter(app.journal, app.contracts)
        append_run(app, request_body=body)
        self.finish(coverage)
        assert self.tried(coverage) == 2
        for number in range(MAX_WAITING + 1):
            append_run(app, request_body=body if number == 0 else b"{}")
        self.finish(coverage)
        assert self.tried(coverage) == 3


class TestStream:
    """A page gets every row of a few arrivals, the newest of many, and the list after a burst."""

    def events(self, arrivals: list[int], wanted: int) -> list[str]:
        """The first `wanted` events of a stream; after a `list` event, a batch arrives."""

        async def listen() -> list[str]:
            app = create_app()
            numbers = count(1)
            coverage = TrafficCounter(app.journal, app.contracts)
            stream: AsyncIterator[bytes] = live_updates.stream(
                app.journal,
                coverage,
                ListQuery().matches,
                render_list=lambda: "whole list",
                render_rows=lambda found: " ".join(str(e.number) for e in found),
                render_sections=lambda: "sections html",
            )
            received: list[str] = []
            batches = iter(arrivals)
            async for event in stream:
                text = event.decode()
                if text.startswith("event: "):
                    received.append(
                        " ".join(text.replace("event: ", "").replace("data: ", "").split())
                    )
                if len(received) >= wanted:
                    break
                if received and received[-1].startswith("list"):
                    for _ in range(next(batches, 0)):
                        append_run(app, received_at=float(next(numbers)))
            await stream.aclose()  # type: ignore[attr-defined] # a generator
            assert len(app.journal._listeners.called) == 1  # type: ignore[attr-defined] # the counter's
            return received

        return asyncio.run(asyncio.wait_for(listen(), 20))

    def test_a_few_arrivals_are_sent_in_order(self) -> None:
        assert self.events([3], 3) == ["list whole list", "rows 1 2 3", "sections sections html"]

    def test_after_a_burst_the_whole_list_is_sent(self) -> None:
        received = self.events([500], 4)
        newest = " ".join(map(str, range(501 - live_updates.MAX_ROWS, 501)))
        assert received[:2] == ["list whole list", f"rows {newest}"]
        assert "list whole list" in received[2:]
