"""The pages: one template, at the address of the list or of an exchange, whole or in part."""

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
from fake_server.control.dependencies import MAX_BODY, NAMES, PREFIX, Fake
from fake_server.inspector import listing, live_updates, replay
from fake_server.inspector.exchange_detail import opened
from fake_server.inspector.listing import Asked
from fake_server.inspector.sidebar import Money, Progress, reached
from fake_server.inspector.template_env import environment

#: The page's own files.
_ASSETS = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}

#: Nothing comes from elsewhere, nothing inline runs or styles, and nothing else may frame it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "media-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

#: A form of the page tells its origin, so that the guard lets it in; other hosts learn nothing.
_HEADERS = {"content-security-policy": POLICY, "referrer-policy": "same-origin"}

#: What the page's script asks with: it wants one section of the page.
PART = "x-part"

#: Digits of a number of rows that is taken for one.
_DIGITS = 9


class Pages:
    """The handlers of the inspector of one fake."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake
        self._app: Any = fake  # it is the application, too: a replay goes in by the front door
        self._render = environment(fake.contract)
        self._progress: Progress | None = None
        self._lock = threading.Lock()

    async def start(self, request: Request) -> Response:
        """The list, and what stands beside it."""
        return await self._page(request, None)

    async def exchange(self, request: Request) -> Response:
        """The same with one exchange opened."""
        return await self._page(request, await self._find(request))

    async def live(self, request: Request) -> Response:
        """What happens from now on."""
        asked = Asked.of(request.query_params)
        progress = await run_in_threadpool(self._counted)
        events = live_updates.stream(
            self._fake.journal,
            progress,
            asked.matches,
            everything=lambda: self._list(asked),
            rows=partial(self._rows, asked),
            overview=lambda: self._section("overview.html", asked),
        )
        return StreamingResponse(events, media_type="text/event-stream")

    async def scenario(self, request: Request) -> Response:
        """Add a step to the scenario of an account, or end it."""
        account = _account(request)
        form = await _form(request)
        state = self._fake.accounts.get(NAMES.get(account, account))
        if form.get("do") == "clear":
            state.scenario = None
        else:
            try:
                state.scenario = [*map(_plain, state.scenario), _step(form)]
            except (AlephContractError, ValueError) as error:
                raise HTTPException(422, str(error)) from None
        return self._back(request, Asked(account=account))

    async def replay(self, request: Request) -> Response:
        """Send a recorded request again, and open what became of it."""
        exchange = await self._find(request)
        heard: list[Exchange] = []
        stop = self._fake.journal.listen(heard.append)
        try:
            await replay.replay(self._app, exchange, self._fake.accounts)
        finally:
            stop()
        twins = [new for new in heard if _repeats(new, exchange)] or [exchange]
        return RedirectResponse(f"{_address(twins[0])}{_asked(request).query}", 303)

    async def body(self, request: Request) -> Response:
        """The exact bytes of a request or a reply, to be kept, not to be shown."""
        exchange = await self._find(request)
        bodies = {"request": exchange.request_body, "reply": exchange.response_body}
        side = request.path_params["side"]
        if side not in bodies:
            raise HTTPException(404, f"an exchange has a request and a reply, not a {side!r}")
        name = f"{side}-{exchange.number}"
        headers = {"content-disposition": f'attachment; filename="{name}"', **_HEADERS}
        return Response(bodies[side], media_type="application/octet-stream", headers=headers)

    async def asset(self, request: Request) -> Response:
        """A file of the page."""
        name = request.path_params["name"]
        if name not in _ASSETS:
            raise HTTPException(404, f"no page is named {name!r}")
        raw = (resources.files("fake_server") / "inspector" / name).read_bytes()
        return Response(raw, media_type=_ASSETS[name], headers=_HEADERS)

    async def _page(self, request: Request, exchange: Exchange | None) -> Response:
        part = request.headers.get(PART)
        render = partial(
            self._html, _asked(request), exchange, str(request.base_url), part, _skip(request)
        )
        html = await run_in_threadpool(render)
        return Response(html, media_type="text/html", headers=_HEADERS)

    def _html(
        self, asked: Asked, exchange: Exchange | None, origin: str, part: str | None, skip: int
    ) -> str:
        if part == "list":
            return self._list(asked, skip)
        if part == "overview":
            return self._section("overview.html", asked)
        values: dict[str, Any] = {"origin": origin.rstrip("/"), "opened": None, "curl": ""}
        if exchange is not None:
            values["opened"] = opened(exchange, self._fake.journal, self._fake.contract)
            raw = f"{_address(exchange)}/request"
            values["curl"] = replay.curl(exchange, values["origin"], raw)
        if part == "opened":
            return self._section("opened.html", asked, **values)
        values["first"] = replay.first(self._fake.contract, values["origin"])
        values["listing"] = listing.listing(self._fake.journal, asked, skip)
        return self._section("page.html", asked, **values)

    def _list(self, asked: Asked, skip: int = 0) -> str:
        return self._section(
            "list.html", asked, listing=listing.listing(self._fake.journal, asked, skip)
        )

    def _rows(self, asked: Asked, exchanges: Sequence[Exchange]) -> str:
        return self._render("rows.html", rows=exchanges, asked=asked)

    def _section(self, template: str, asked: Asked, **values: Any) -> str:
        return self._render(template, asked=asked, **self._beside(asked), **values)

    def _beside(self, asked: Asked) -> dict[str, Any]:
        offered = listing.offered(self._fake.journal)
        subject = asked.account or next(iter(offered), "")
        known = listing.known_account(subject)
        account = self._fake.accounts.get(NAMES.get(subject, subject)) if known else None
        progress = self._counted()
        groups = progress.groups()
        return {
            "subject": subject,
            "account": account,
            "money": None if account is None else Money.of(account),
            "steps": () if account is None else account.scenario,
            "offered": offered,
            "groups": groups,
            "reached": reached(groups),
            "behind": progress.behind,
            "profile": self._fake.accounts.profile,
        }

    def _counted(self) -> Progress:
        """Counting begins when the first page is opened."""
        with self._lock:
            if self._progress is None:
                self._progress = Progress(self._fake.journal, self._fake.contract)
            return self._progress

    async def _find(self, request: Request) -> Exchange:
        account, number = _account(request), request.path_params["number"]
        found = await run_in_threadpool(listing.one, self._fake.journal, account, number)
        if found is None:
            raise HTTPException(404, f"exchange {number} of {account} is not, or no longer, here")
        return found

    def _back(self, request: Request, asked: Asked) -> Response:
        if request.headers.get(PART):
            html = self._section("overview.html", asked)
            return Response(html, media_type="text/html", headers=_HEADERS)
        return RedirectResponse(f"{PREFIX}/{asked.query}", 303)


def _address(exchange: Exchange) -> str:
    return f"{PREFIX}/inspector/{listing.name_of(exchange.account)}/{exchange.number}"


def _repeats(new: Exchange, exchange: Exchange) -> bool:
    """Whether it is the same request; a scripted reset may keep its body from arriving."""
    same = (new.account, new.target) == (exchange.account, exchange.target)
    return same and (new.request_body == exchange.request_body or not new.request_complete)


def _asked(request: Request) -> Asked:
    return Asked.of(request.query_params)


def _skip(request: Request) -> int:
    given = request.query_params.get("skip", "0")
    return int(given) if given.isdecimal() and len(given) <= _DIGITS else 0


def _account(request: Request) -> str:
    account: str = request.path_params["account"]
    if not listing.known_account(account):
        raise HTTPException(404, f"{account!r} is no account: its id is 32 digits of 0-9a-f")
    return account


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY:
            raise HTTPException(413, f"the form is larger than {MAX_BODY} bytes")
    fields = parse_qs(raw.decode("utf-8", "replace"), max_num_fields=20)
    return {name: values[-1].strip() for name, values in fields.items()}


def _step(form: dict[str, str]) -> dict[str, Any]:
    """A step as the form gives it; what is left empty is left out, but for `times`: every run."""
    step: dict[str, Any] = {"fault": form.get("fault") or None, "times": None}
    readers: dict[str, Callable[[str], Any]] = {"times": int, "retry_after": int, "delay": float}
    for name, read in readers.items():
        if given := form.get(name, ""):
            try:
                step[name] = read(given)
            except ValueError:
                raise ValueError(f"{name}: {given!r} is not a number") from None
    return step


def _plain(step: Any) -> dict[str, Any]:
    """A step as a scenario is given."""
    plain = {"fault": step.fault.name if step.fault else None, "times": step.times}
    more = {"retry_after": step.retry_after, "delay": step.delay}
    return plain | {name: value for name, value in more.items() if value is not None}
