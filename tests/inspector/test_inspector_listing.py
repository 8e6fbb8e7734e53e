"""The list of exchanges: filter and paging."""

from __future__ import annotations

from typing import Any

import pytest
from control_client import API, ControlClient
from inspector_client import append_run, make_run

from fake_server.http.factory import create_app
from fake_server.inspector.listing import PAGE_SIZE, Listing, ListQuery
from fake_server.inspector.traffic_counter import TrafficCounter


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (ListQuery(), [3, 2, 1]),
        (ListQuery(account="nobody"), [1]),
        (ListQuery(outcome="invalid"), [2]),
        (ListQuery(text="needle"), [3]),
        (ListQuery(account="no such"), []),
        (ListQuery(outcome="no such"), []),
    ],
)
def test_the_list_is_filtered_by_account_outcome_and_text(
    query: ListQuery, found: list[int]
) -> None:
    app = create_app()
    values: list[dict[str, Any]] = [
        {"account": ""}, {"outcome": "invalid"}, {"request_body": b"a needle"},
    ]  # fmt: skip
    for number, more in enumerate(values, 1):
        exchange = make_run(number, **more)
        app.journal.append(exchange.account, number, exchange, 100)
    counter = TrafficCounter(app.journal, app.contracts)
    listing = Listing(app.journal, app.contracts, counter)
    assert [e.number for e in listing.select(query)] == found


def test_the_list_has_pages() -> None:
    app = create_app()
    for _ in range(PAGE_SIZE + 5):
        append_run(app)
    client = ControlClient(app)
    first, rest = (client.get(f"{API}/{path}").text for path in ("", f"?skip={PAGE_SIZE}"))
    assert first.count('<li id="x-') == PAGE_SIZE
    assert f"skip={PAGE_SIZE}" in first
    assert rest.count('<li id="x-') == 5
    assert "Show older" not in rest
