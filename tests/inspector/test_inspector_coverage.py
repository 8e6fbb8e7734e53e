"""The coverage page: a legend in words, and squares that lead to their exchanges."""

from __future__ import annotations

import html
import json
import re

from control_client import API, ControlClient
from inspector_client import GOOD, append_run

from fake_server.http.app import App
from fake_server.http.factory import create_app
from fake_server.inspector.call_summary import MAX_WRONG
from fake_server.inspector.coverage_chart import STATE_WORDS
from fake_server.inspector.traffic_counter import TrafficCounter
from fake_server.journal.memory import MemoryJournal


def append_seed(app: App, seed: int, outcome: str = "completed") -> None:
    """Append a run with this seed."""
    body = json.dumps({"model": app.contract.model, "input": GOOD | {"seed": seed}}).encode()
    append_run(app, request_body=body, outcome=outcome, status=200 if seed >= 0 else 400)


def test_a_square_leads_to_the_exchanges_that_filled_it() -> None:
    app = create_app()
    for seed in (0, -1, 5, 0):
        append_seed(app, seed, "completed" if seed >= 0 else "invalid")
    client = ControlClient(app)
    page = client.get(f"{API}/inspector/coverage").text
    assert all(words in page for words in STATE_WORDS.values())
    links = {
        html.unescape(label): html.unescape(link)
        for link, label in re.findall(r'<a href="([^"]+)" title="[^"]*" aria-label="([^"]+)"', page)
    }
    for label, numbers in (
        ("seed/minimum, on the bound: accepted 2", ["4", "1"]),
        ("seed/minimum, just outside: refused 1", ["2"]),
    ):
        found = client.get(links[label]).text
        assert re.findall(r'<li id="x-\w+-(\d+)"', found) == numbers
        assert "seed/minimum" in found
    assert "seed/maximum, on the bound" not in "".join(links)


def test_the_summary_counts_outcomes_and_names_the_newest_that_went_wrong() -> None:
    app = create_app()
    for number in range(MAX_WRONG + 2):
        append_run(app, outcome="fault", status=500, received_at=float(number))
    append_run(app, received_at=100.0)
    counter = TrafficCounter(app.journal, app.contracts)
    while counter.unfinished:
        counter.advance(1.0)
    summary = counter.summary
    assert (summary.calls, summary.outcomes["completed"]) == (MAX_WRONG + 3, 1)
    assert [number for _, number in summary.wrong] == list(range(MAX_WRONG + 2, 2, -1))
    assert [number for _, number in summary.last] == [MAX_WRONG + 3]


def test_the_page_tells_how_many_exchanges_the_journal_dropped() -> None:
    app = create_app()
    app.journal = MemoryJournal(max_exchanges=2)
    client = ControlClient(app)
    for dropped in (0, 0, 1):
        append_run(app)
        told = "1 exchange of account 01234567 dropped" in client.get(f"{API}/").text
        assert told == bool(dropped)
