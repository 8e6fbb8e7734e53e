"""Request handlers of the inspector's pages, sections and files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from aleph_contract.core.exchange import Exchange
from fake_server.control.dependencies import Fake
from fake_server.inspector import live_updates
from fake_server.inspector.exports import EXPORT_FORMATS, MAX_EXPORTED
from fake_server.inspector.views import ShownPage, Views
from fake_server.inspector.web import (
    PAGE_HEADERS,
    SECTION_HEADER,
    download,
    html_page,
    origin_of,
    picks_of,
    query_of,
    skip_of,
)

_ASSETS = {
    "page.css": "text/css",
    "live.js": "text/javascript",
    "page.js": "text/javascript",
    "keys.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


class Pages:
    """The handlers of the pages.

    Args:
        fake: The fake.
        views: Renders the pages.
    """

    def __init__(self, fake: Fake, views: Views) -> None:
        self._fake = fake
        self._views = views

    async def start(self, request: Request) -> Response:
        """The page with the list and the sidebar."""
        return await self._page(request, None)

    async def exchange(self, request: Request) -> Response:
        """The page with one exchange open."""
        return await self._page(request, await run_in_threadpool(self._views.find, request))

    async def coverage(self, request: Request) -> Response:
        """The page of the constraints tried."""
        return html_page(await run_in_threadpool(self._views.coverage, query_of(request)))

    async def timeline(self, request: Request) -> Response:
        """The page of the calls in flight."""
        return html_page(await run_in_threadpool(self._views.timeline, query_of(request)))

    async def compare(self, request: Request) -> Response:
        """The page that compares the two picked exchanges."""
        query, picks = query_of(request), picks_of(request)
        return html_page(await run_in_threadpool(self._views.compare, query, picks))

    async def export(self, request: Request) -> Response:
        """The picked exchanges, or all that match the query, as a file."""
        name = request.query_params.get("format", "")
        if name not in EXPORT_FORMATS:
            known = ", ".join(EXPORT_FORMATS)
            raise HTTPException(422, f"unknown format {name!r}; use one of: {known}")
        query, picks = query_of(request), picks_of(request)
        chosen = EXPORT_FORMATS[name]
        found = await run_in_threadpool(self._views.selected, query, picks, MAX_EXPORTED)
        text = await run_in_threadpool(chosen.write, found, origin_of(request))
        return download(text, chosen.file_name, chosen.media_type)

    async def live(self, request: Request) -> Response:
        """The event stream that updates the page with the list."""
        query = query_of(request)
        views = self._views
        return await self._stream(
            partial(views.listing.matches, query),
            render_list=partial(views.list_section, query),
            render_rows=partial(views.rows, query),
            render_sections=partial(views.sidebar, query),
        )

    async def coverage_live(self, request: Request) -> Response:
        """The event stream that updates the page of the constraints tried."""
        return await self._stream(
            render_sections=partial(self._views.coverage, query_of(request), "coverage_live.html")
        )

    async def timeline_live(self, request: Request) -> Response:
        """The event stream that updates the page of the calls in flight."""
        return await self._stream(
            render_sections=partial(self._views.timeline, query_of(request), "timeline_runs.html")
        )

    async def body(self, request: Request) -> Response:
        """The exact bytes of a request or response body, as a download."""
        exchange = await run_in_threadpool(self._views.find, request)
        bodies = {"request": exchange.request_body, "reply": exchange.response_body}
        side = request.path_params["side"]
        if side not in bodies:
            raise HTTPException(404, f"unknown body {side!r}; use request or reply")
        return download(bodies[side], f"{side}-{exchange.number}", "application/octet-stream")

    async def asset(self, request: Request) -> Response:
        """The style sheet, the script or the icon of the page."""
        name = request.path_params["name"]
        if name not in _ASSETS:
            raise HTTPException(404, f"there is no page {name!r}")
        raw = Path(__file__).with_name(name).read_bytes()
        return Response(raw, media_type=_ASSETS[name], headers=PAGE_HEADERS)

    async def _stream(
        self,
        matches: Callable[[Exchange], bool] = lambda _: False,
        *,
        render_list: Callable[[], str] = str,
        render_rows: Callable[[Sequence[Exchange]], str] = lambda _: "",
        render_sections: Callable[[], str],
    ) -> Response:
        """The event stream of a page; without `matches`, of one without a list."""
        counter = await run_in_threadpool(lambda: self._views.counter)
        events = live_updates.stream(
            self._fake.journal,
            counter,
            matches,
            render_list=render_list,
            render_rows=render_rows,
            render_sections=render_sections,
        )
        return StreamingResponse(events, media_type="text/event-stream")

    async def _page(self, request: Request, exchange: Exchange | None) -> Response:
        shown = ShownPage(
            query=query_of(request),
            exchange=exchange,
            origin=origin_of(request),
            section=request.headers.get(SECTION_HEADER),
            skip=skip_of(request),
        )
        return html_page(await run_in_threadpool(self._views.document, shown))
