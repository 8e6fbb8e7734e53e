"""Calls that belong together, their waits and costs, and the timeline of what was in flight."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from control_client import ACCOUNT_PATH, API, ID, ControlClient
from inspector_client import append_run, make_run

from aleph_contract.core.body_start import LARGE_BODY
from fake_server.http.factory import create_app
from fake_server.inspector.linked_calls import cost_of, links_by_call, runs_of
from fake_server.inspector.listing import ListQuery
from fake_server.inspector.timeline import WIDTH, timeline
from fake_server.inspector.views import Views

FAILED: dict[str, Any] = {"status": 500, "outcome": "fault", "fault": "internal-error"}
BILLED: dict[str, Any] = {"billed": True, "cost": Decimal("0.67")}

#: A failed call, its retry after 1.5 s, and a call with another body a minute later.
CALLS = [
    make_run(1, received_at=100.0, elapsed=0.5, **FAILED, **BILLED),
    make_run(2, received_at=102.0, elapsed=1.0, **BILLED),
    make_run(3, received_at=163.0, elapsed=1.0, request_body=b"other", **BILLED),
]


class TestLinkedCalls:
    """A retry is joined to the call that it repeats."""

    def test_a_retry_has_the_wait_before_it(self) -> None:
        links = links_by_call(CALLS)
        assert [number for _, number in links] == [2]
        link = links[ID, 2]
        assert (link.previous.number, link.position, link.wait) == (1, 2, 1.5)

    def test_the_cost_of_a_run_tells_billed_from_perhaps_billed(self) -> None:
        cost = cost_of(runs_of(CALLS)[0])
        assert (cost.usd, cost.perhaps_usd, cost.unpriced) == (Decimal("0.67"), Decimal("0.67"), 0)

    def test_the_row_and_the_open_exchange_show_the_run(self) -> None:
        app = create_app()
        for call in CALLS:
            append_run(app, **{n: getattr(call, n) for n in call.__slots__ if n != "number"})
        client = ControlClient(app)
        assert "try 2, 1.50 s after #1" in client.get(f"{API}/").text
        page = client.get(f"{API}/inspector/{ID}/2").text
        assert "2 calls of one run" in page
        assert "waited 1.50 s" in page
        assert "perhaps 0.67 USD more" in page
        assert f"inspector/compare?pick={ID}/1&amp;pick={ID}/2" in page
        assert "of one run" not in client.get(f"{API}/inspector/{ID}/3").text
        assert "try 2, " not in client.get(f"{API}/?text=runwayml").text

    def test_a_row_that_arrives_names_the_call_that_it_repeats(self) -> None:
        app = create_app()
        for call in CALLS[:2]:
            app.journal.append(ID, app.journal.arrive(ID), call, 100)
        views = Views(app)
        assert "try 2, 1.50 s after #1" in views.rows(ListQuery(), CALLS[1:2])
        assert "try 2" not in views.rows(ListQuery(outcome="completed"), CALLS[1:2])

    def test_a_retry_with_a_large_body_is_joined(self) -> None:
        app = create_app()
        for call in CALLS[:2]:
            large = replace(call, request_body=b'"%s"' % (b"x" * LARGE_BODY))
            app.journal.append(ID, app.journal.arrive(ID), large, 100_000)
        client = ControlClient(app)
        assert "try 2, 1.50 s after #1" in client.get(f"{API}/").text
        assert "2 calls of one run" in client.get(f"{API}/inspector/{ID}/2").text
        arrived = list(app.journal.read(ID, whole=False))[1:]
        assert "try 2, 1.50 s after #1" in Views(app).rows(ListQuery(), arrived)

    def test_other_accounts_are_not_joined(self) -> None:
        other = make_run(1, account="f" * 32, received_at=101.0)
        assert links_by_call([CALLS[0], other]) == {}


class TestTimeline:
    """Bars are in proportion to time; time without a run is left out."""

    def test_the_bars_of_a_run_and_its_wait(self) -> None:
        drawn = timeline(CALLS[:2])
        (run,) = drawn.runs
        first, second = run.bars
        assert first.x == 0
        assert second.x + second.width == pytest.approx(WIDTH)
        assert second.x - second.wait_x == pytest.approx(WIDTH * 1.5 / 3)
        assert (run.seconds, drawn.seconds, drawn.breaks) == (3.0, 3.0, ())

    def test_a_pause_between_runs_is_left_out(self) -> None:
        drawn = timeline(CALLS)
        assert drawn.seconds == pytest.approx(4.0)
        (at,) = drawn.breaks
        first, second = drawn.runs
        assert first.bars[-1].x < at < second.bars[0].x

    @pytest.mark.parametrize(
        ("starts", "most"), [([1.0, 1.2, 1.9], 3), ([1.0, 2.0, 3.0], 1), ([], 0), ([5.0], 1)]
    )
    def test_the_calls_in_flight_are_counted(self, starts: list[float], most: int) -> None:
        calls = [
            make_run(n, received_at=at, elapsed=1.0, request_body=b"%d" % n)
            for n, at in enumerate(starts, 1)
        ]
        assert timeline(calls).most_in_flight == most

    def test_the_page_shows_the_runs_of_the_filter(self) -> None:
        app = create_app()
        client = ControlClient(app)
        path = f"{API}/inspector/timeline"
        assert "No call yet" in client.get(path).text
        append_run(app)
        assert client.get(path).text.count("<svg class=") == 1
        assert "No exchange matches" in client.get(f"{path}?text=none").text
        client.delete(f"{ACCOUNT_PATH}/exchanges")
        assert "No call yet" in client.get(path).text
