"""Request handlers of the inspector: the page, its sections, its forms and its files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from importlib import resources
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import AlephContractError
from fake_server.control.dependencies import (
    ACCOUNT_NAMES,
    CONTROL_PREFIX,
    MAX_CONTROL_BODY,
    Fake,
)
from fake_server.inspector import listing, live_updates, replay
from fake_server.inspector.exchange_detail import exchange_detail
from fake_server.inspector.listing import ListQuery
from fake_server.inspector.sidebar import CoverageCounter, Spending, tried_counts
from fake_server.inspector.template_env import renderer
from fake_server.journal.base import JournalUnavailable

#: Path of everything but the start page, which is at `CONTROL_PREFIX`.
INSPECTOR_PREFIX = f"{CONTROL_PREFIX}/inspector"

_ASSETS = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}

#: No content from other hosts, no inline scripts or styles, no framing.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "media-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

#: `same-origin`: a form of the page must send its origin to pass the origin guard.
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "same-origin",
}

#: Request header with which the script asks for one section of the page: `list`, `sidebar` or
#: `exchange`.
SECTION_HEADER = "x-section"

#: A `skip` with more digits than this is ignored.
_MAX_SKIP_DIGITS = 9

#: Readers of the number fields of the scenario form.
_STEP_FIELDS: dict[str, Callable[[str], float]] = {
    "times": int,
    "retry_after": int,
    "delay": float,
}


class Pages:
    """The handlers of the inspector of `fake`."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake
        self._app: Any = fake  # a replay calls the fake as an ASGI application
        self._render = renderer(fake.contract, len(fake.contracts))
        self._coverage: CoverageCounter | None = None
        self._lock = threading.Lock()

    async def start(self, request: Request) -> Response:
        """The page with the list and the sidebar."""
        return await self._page(request, None)

    async def exchange(self, request: Request) -> Response:
        """The page with one exchange open."""
        return await self._page(request, await self._find(request))

    async def live(self, request: Request) -> Response:
        """The event stream that updates the page."""
        query = _query(request)
        coverage = await run_in_threadpool(self._counter)
        events = live_updates.stream(
            self._fake.journal,
            coverage,
            query.matches,
            render_list=lambda: self._list(query),
            render_rows=partial(self._rows, query),
            render_sidebar=lambda: self._sidebar(query),
        )
        return StreamingResponse(events, media_type="text/event-stream")

    async def scenario(self, request: Request) -> Response:
        """Add a step to the scenario of an account, or clear the scenario."""
        account = _account(request)
        form = await _form(request)
        await run_in_threadpool(self._change_scenario, account, form)
        query = ListQuery(account=account)
        if request.headers.get(SECTION_HEADER):
            return _html(await run_in_threadpool(self._sidebar, query))
        return RedirectResponse(f"{CONTROL_PREFIX}/{query.query_string}", 303)

    def _change_scenario(self, account: str, form: dict[str, str]) -> None:
        state = self._fake.accounts.get(ACCOUNT_NAMES.get(account, account))
        if form.get("do") == "clear":
            state.scenario = None
            return
        try:
            state.scenario = [*state.scenario, _step_from_form(form)]
        except JournalUnavailable as error:
            raise HTTPException(503, str(error)) from None
        except (AlephContractError, ValueError) as error:
            raise HTTPException(422, str(error)) from None

    async def replay(self, request: Request) -> Response:
        """Send a recorded request again, and redirect to the new exchange."""
        exchange = await self._find(request)
        recorded: list[Exchange] = []
        stop = self._fake.journal.listen(recorded.append)
        try:
            await replay.replay(self._app, exchange, self._fake.accounts)
        finally:
            stop()
        repeated = next((new for new in recorded if _repeats(new, exchange)), exchange)
        return RedirectResponse(f"{_path(repeated)}{_query(request).query_string}", 303)

    async def body(self, request: Request) -> Response:
        """The exact bytes of a request or response body, as a download."""
        exchange = await self._find(request)
        bodies = {"request": exchange.request_body, "reply": exchange.response_body}
        side = request.path_params["side"]
        if side not in bodies:
            raise HTTPException(404, f"unknown body {side!r}; use request or reply")
        name = f"{side}-{exchange.number}"
        headers = {"content-disposition": f'attachment; filename="{name}"', **_HEADERS}
        return Response(bodies[side], media_type="application/octet-stream", headers=headers)

    async def asset(self, request: Request) -> Response:
        """The style sheet, the script or the icon of the page."""
        name = request.path_params["name"]
        if name not in _ASSETS:
            raise HTTPException(404, f"there is no page {name!r}")
        raw = (resources.files("fake_server") / "inspector" / name).read_bytes()
        return Response(raw, media_type=_ASSETS[name], headers=_HEADERS)

    async def _page(self, request: Request, exchange: Exchange | None) -> Response:
        origin = str(request.base_url).rstrip("/")
        section = request.headers.get(SECTION_HEADER)
        query, skip = _query(request), _skip(request)
        html = await run_in_threadpool(self._document, query, exchange, origin, section, skip)
        return _html(html)

    def _document(
        self,
        query: ListQuery,
        exchange: Exchange | None,
        origin: str,
        section: str | None,
        skip: int,
    ) -> str:
        """The whole page, or one section of it."""
        if section == "list":
            return self._list(query, skip)
        if section == "sidebar":
            return self._sidebar(query)
        values = {"query": query, **self._detail(exchange, origin)}
        if section == "exchange":
            return "" if exchange is None else self._render("exchange.html", **values)
        values |= self._sidebar_values(query)
        values["origin"] = origin
        values["example"] = replay.example_command(self._fake.contract, origin)
        values["page"] = listing.list_page(self._fake.journal, query, skip)
        return self._render("page.html", **values)

    def _detail(self, exchange: Exchange | None, origin: str) -> dict[str, Any]:
        if exchange is None:
            return {"detail": None, "curl": ""}
        return {
            "detail": exchange_detail(
                exchange,
                self._fake.journal,
                self._fake.contracts,
                self._fake.suite.seen_with(self._fake.journal),
            ),
            "curl": replay.curl_command(exchange, origin, f"{_path(exchange)}/request"),
        }

    def _list(self, query: ListQuery, skip: int = 0) -> str:
        page = listing.list_page(self._fake.journal, query, skip)
        return self._render("list.html", query=query, page=page)

    def _rows(self, query: ListQuery, exchanges: Sequence[Exchange]) -> str:
        return self._render("rows.html", query=query, rows=exchanges)

    def _sidebar(self, query: ListQuery) -> str:
        return self._render("sidebar.html", query=query, **self._sidebar_values(query))

    def _sidebar_values(self, query: ListQuery) -> dict[str, Any]:
        """The values of the sidebar, for the account of the query or the last used account."""
        suggested = listing.recent_accounts(self._fake.journal)
        name = query.account or next(iter(suggested), "")
        account = (
            self._fake.accounts.get(ACCOUNT_NAMES.get(name, name))
            if listing.is_account(name)
            else None
        )
        coverage = self._counter()
        groups = coverage.groups()
        return {
            "account": name,
            "spending": None if account is None else Spending.of(account),
            "steps": () if account is None else account.scenario,
            "suggested_accounts": suggested,
            "coverage_groups": groups,
            "tried_counts": tried_counts(groups),
            "still_counting": coverage.unfinished,
            "profile": self._fake.accounts.profile,
        }

    def _counter(self) -> CoverageCounter:
        """The coverage counter; it starts with the first page, so that runs alone do not pay."""
        with self._lock:
            if self._coverage is None:
                self._coverage = CoverageCounter(self._fake.journal, self._fake.contracts)
            return self._coverage

    async def _find(self, request: Request) -> Exchange:
        account, number = _account(request), request.path_params["number"]
        found = await run_in_threadpool(listing.find_exchange, self._fake.journal, account, number)
        if found is None:
            raise HTTPException(404, f"the journal has no exchange {number} of account {account}")
        return found


def _html(html: str) -> Response:
    return Response(html, media_type="text/html", headers=_HEADERS)


def _path(exchange: Exchange) -> str:
    return f"{INSPECTOR_PREFIX}/{listing.account_name(exchange.account)}/{exchange.number}"


def _repeats(new: Exchange, exchange: Exchange) -> bool:
    """Whether `new` is the same request; a reset fault may end it before its body has arrived."""
    same = (new.account, new.target) == (exchange.account, exchange.target)
    return same and (new.request_body == exchange.request_body or not new.request_complete)


def _query(request: Request) -> ListQuery:
    return ListQuery.from_params(request.query_params)


def _skip(request: Request) -> int:
    given = request.query_params.get("skip", "0")
    return int(given) if given.isdecimal() and len(given) <= _MAX_SKIP_DIGITS else 0


def _account(request: Request) -> str:
    account: str = request.path_params["account"]
    if not listing.is_account(account):
        raise HTTPException(404, f"{account!r} is not an account id: use 32 digits of 0-9a-f")
    return account


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form.

    Raises:
        HTTPException: 413 if the form is too large.
    """
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_CONTROL_BODY:
            raise HTTPException(413, f"the form is larger than {MAX_CONTROL_BODY} bytes")
    fields = parse_qs(raw.decode("utf-8", "replace"), max_num_fields=20)
    return {name: values[-1].strip() for name, values in fields.items()}


def _step_from_form(form: dict[str, str]) -> dict[str, Any]:
    """The step of a submitted form; an empty `times` means every run.

    Raises:
        ValueError: A number field holds another text.
    """
    step: dict[str, Any] = {"fault": form.get("fault") or None, "times": None}
    for name, read in _STEP_FIELDS.items():
        if given := form.get(name, ""):
            try:
                step[name] = read(given)
            except ValueError:
                raise ValueError(f"{name}: {given!r} is not a number") from None
    return step
