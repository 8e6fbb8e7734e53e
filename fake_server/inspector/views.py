"""The pages and their sections as HTML, from the state of the fake; safe to call in threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from aleph_contract.core.exchange import Exchange
from fake_server.control.dependencies import ACCOUNT_NAMES, Fake
from fake_server.inspector import replay
from fake_server.inspector.call_summary import CallId
from fake_server.inspector.comparison import compare
from fake_server.inspector.coverage_chart import POLARITY_WORDS, STATE_WORDS, tried_counts
from fake_server.inspector.exchange_detail import exchange_detail
from fake_server.inspector.linked_calls import cost_of, links_of, runs_of
from fake_server.inspector.listing import (
    CONTEXT,
    Listing,
    ListQuery,
    account_name,
    find_exchange,
    is_account,
    recent_accounts,
)
from fake_server.inspector.rows import Row, rows_of
from fake_server.inspector.sidebar import Spending
from fake_server.inspector.template_env import renderer
from fake_server.inspector.timeline import MAX_CALLS, timeline
from fake_server.inspector.traffic_counter import TrafficCounter
from fake_server.inspector.web import account_of, path_of
from fake_server.journal.base import Filter

#: Exchanges before and after an open one that are searched for the calls of its run.
_RUN_WINDOW = 100

#: Number of exchanges that are compared.
_COMPARED = 2

#: Seconds for which a page counts the traffic before it renders; later updates show the rest.
_COUNTING = 0.1


@dataclass(frozen=True, slots=True)
class ShownPage:
    """What a request asks to see.

    Args:
        query: The filter.
        exchange: The open exchange; `None` on the start page.
        origin: Origin of the fake, such as `http://localhost:8790`.
        section: The section to render; `None` for the whole page.
        skip: Number of rows to skip.
    """

    query: ListQuery
    exchange: Exchange | None
    origin: str
    section: str | None
    skip: int


class Views:
    """The pages of the inspector of `fake`."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake
        self._render = renderer(fake.contract, tuple(fake.contracts))
        self._started: TrafficCounter | None = None
        self._lock = threading.Lock()

    @property
    def counter(self) -> TrafficCounter:
        """The counter of the traffic; it starts with the first page: runs alone do not pay."""
        with self._lock:
            if self._started is None:
                self._started = TrafficCounter(self._fake.journal, self._fake.contracts)
            return self._started

    @property
    def listing(self) -> Listing:
        """The exchanges of the journal."""
        return Listing(self._fake.journal, self._fake.contracts, self.counter)

    def find(self, request: Request) -> Exchange:
        """The exchange that a path names.

        Raises:
            HTTPException: 404 if the journal does not hold it.
        """
        account, number = account_of(request), request.path_params["number"]
        found = find_exchange(self._fake.journal, account, number)
        if found is None:
            raise HTTPException(404, f"the journal has no exchange {number} of account {account}")
        return found

    def selected(self, query: ListQuery, picks: Sequence[CallId], limit: int) -> list[Exchange]:
        """The picked exchanges, or else the newest `limit` that match the query; oldest first."""
        listing = self.listing
        if picks:
            found = listing.find(picks, whole=True)
        else:
            found = islice(listing.select(query, whole=True), limit)
        return sorted(found, key=lambda exchange: (exchange.received_at, exchange.number))

    def document(self, page: ShownPage) -> str:
        """The page with the list, or one section of it."""
        if page.section == "list":
            return self.list_section(page.query, page.skip)
        if page.section == "sidebar":
            return self.sidebar(page.query)
        values = {"query": page.query, **self._detail(page.exchange, page.origin)}
        if page.section == "exchange":
            return "" if page.exchange is None else self._render("exchange.html", **values)
        self.counter.advance(_COUNTING)
        if page.exchange is not None:
            values["own"] = ListQuery(account=account_name(page.exchange.account))
        values |= self._sidebar_values(values.get("own", page.query))
        values |= self._list_values(page.query, page.skip)
        values["origin"] = page.origin
        values["example"] = replay.example_command(self._fake.contract, page.origin)
        return self._render("page.html", **values)

    def list_section(self, query: ListQuery, skip: int = 0) -> str:
        """The list."""
        return self._render("list.html", **self._list_values(query, skip))

    def rows(self, query: ListQuery, exchanges: Sequence[Exchange]) -> str:
        """The rows of new exchanges."""
        context = None if query.hides_neighbours else self._before(exchanges)
        rows = rows_of(exchanges, self._fake.contracts, context, self._fake.suite.suite())
        return self._render("rows.html", query=query, rows=rows)

    def sidebar(self, query: ListQuery) -> str:
        """The sections of the sidebar."""
        return self._render("sidebar.html", query=query, **self._sidebar_values(query))

    def coverage(self, query: ListQuery, template: str = "coverage.html") -> str:
        """The page of the constraints tried, or with another template the parts that change."""
        self.counter.advance(_COUNTING)
        groups = self.counter.chart()
        return self._render(
            template,
            query=query,
            coverage_groups=groups,
            tried_counts=tried_counts(groups),
            still_counting=self.counter.unfinished,
            states=STATE_WORDS,
        )

    def timeline(self, query: ListQuery, template: str = "timeline.html") -> str:
        """The page of the calls in flight: the newest `MAX_CALLS` that match the query.

        With another template, the part that changes.
        """
        calls = list(islice(self.listing.select(query), MAX_CALLS))
        drawn = timeline(calls, self._fake.suite.suite())
        return self._render(template, query=query, timeline=drawn, most=MAX_CALLS)

    def compare(self, query: ListQuery, picks: Sequence[CallId]) -> str:
        """The page that compares two exchanges, the older one first.

        With another number of picks it says so.
        """
        compared, problem = None, f"Check two calls to compare; checked: {len(picks)}."
        if len(picks) == _COMPARED:
            found = self.selected(query, picks, _COMPARED)
            problem = "The journal no longer holds both calls."
            compared = compare(*found) if len(found) == _COMPARED else None
        return self._render("compare.html", query=query, comparison=compared, problem=problem)

    def _before(self, exchanges: Sequence[Exchange]) -> Iterator[Exchange]:
        """The exchanges of the same accounts, from some before the first of each on."""
        first: dict[str, int] = {}
        for exchange in sorted(exchanges, key=lambda new: new.number):
            first.setdefault(exchange.account, exchange.number)
        for account, number in first.items():
            since = Filter(since=max(0, number - CONTEXT))
            yield from self._fake.journal.read(account, since, whole=False)

    def _list_values(self, query: ListQuery, skip: int) -> dict[str, Any]:
        page = self.listing.page(query, skip)
        context = None if query.hides_neighbours else page.context
        suite = self._fake.suite.suite()
        rows = rows_of(page.exchanges, self._fake.contracts, context, suite)
        return {"query": query, "rows": rows, "next_skip": page.next_skip}

    def _detail(self, exchange: Exchange | None, origin: str) -> dict[str, Any]:
        if exchange is None:
            return {"detail": None, "curl": ""}
        run = self._run(exchange)
        return {
            "detail": exchange_detail(
                exchange,
                self._fake.journal,
                self._fake.contracts,
                self._fake.suite.seen_with(self._fake.journal),
                forwards=self._fake.forwards,
            ),
            "curl": replay.curl_command(exchange, origin, f"{path_of(exchange)}/request"),
            "linked": links_of(run) if run else (),
            "run_cost": cost_of(run) if run else None,
            "run_doubt": run.doubt if run else "",
        }

    def _run(self, exchange: Exchange) -> Any:
        """The run of an exchange, if it has other calls too."""
        number = exchange.number
        near = Filter(since=max(0, number - _RUN_WINDOW), before=number + _RUN_WINDOW)
        calls = self._fake.journal.read(exchange.account, near, whole=False)
        runs = runs_of(calls, self._fake.suite.suite())
        found = (run for run in runs if any(call.number == number for call in run.calls))
        return next((run for run in found if len(run.calls) > 1), None)

    def _sidebar_values(self, query: ListQuery) -> dict[str, Any]:
        """The values of the sidebar, for the account of the query or the last used account."""
        suggested = recent_accounts(self._fake.journal)
        name = query.account or next(iter(suggested), "")
        id_ = ACCOUNT_NAMES.get(name, name)
        account = self._fake.accounts.get(id_) if is_account(name) else None
        counter = self.counter
        return {
            "account": name,
            "spending": None if account is None else Spending.of(account),
            "steps": () if account is None else account.scenario,
            "dropped": 0 if account is None else self._fake.journal.tally(id_).dropped,
            "suggested_accounts": suggested,
            "summary": counter.summary,
            "last": self._rows_of_calls(counter.summary.last),
            "wrong": self._rows_of_calls(counter.summary.wrong),
            "tried_counts": tried_counts(counter.chart()),
            "still_counting": counter.unfinished,
            "profile": self._fake.accounts.profile,
            "polarity_words": POLARITY_WORDS,
        }

    def _rows_of_calls(self, calls: Sequence[CallId]) -> list[Row]:
        return rows_of(self.listing.find(calls), self._fake.contracts, context=None)
