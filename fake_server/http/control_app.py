"""The FastAPI application below `/__aleph__/`: control API, its documentation, inspector.

The ASGI application of the fake imports this module on the first such call. Run requests never pass
through it. `origin_guard.py` refuses calls from web sites.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.routing import BaseRoute, Route

from aleph_contract import version
from aleph_contract.errors import AlephContractError, JSONError
from fake_server import inspector
from fake_server.control import account_routes, server_routes, suite_routes
from fake_server.control.dependencies import CONTROL_PREFIX, Fake, error_detail
from fake_server.control.origin_guard import ANY_HOST, App, OriginGuard
from fake_server.control.verdict import JudgedStore, VerdictLedger
from fake_server.journal.base import Journal, JournalUnavailable, SharedJournal

#: The files of the documentation page and their media types.
_DOCS = {"page.html": "text/html", "page.js": "text/javascript", "page.css": "text/css"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

#: The status for an error; any other is 422.
_STATUSES: tuple[tuple[type[Exception], int], ...] = ((JSONError, 400), (JournalUnavailable, 503))


def create_control(
    fake: Fake, hosts: Iterable[str] = (ANY_HOST,), admin_token: str | None = None
) -> App:
    """The control API of `fake` as an ASGI application.

    Args:
        fake: The fake to control.
        hosts: Allowed host names beside the loopback names; see `origin_guard.refusal`.
        admin_token: See `OriginGuard`.
    """
    api = FastAPI(
        title="aleph-contract: control API of the fake",
        description="Accounts, recorded exchanges, scenarios, bills and verdicts of the fake.",
        version=version.__version__,
        openapi_url=f"{CONTROL_PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    api.state.fake = fake
    api.state.verdicts = VerdictLedger(_judged_store(fake.journal), forwards=fake.forwards)
    api.router.routes.extend((*_control_routes(), *_pages(fake)))
    api.add_exception_handler(AlephContractError, _refuse)
    api.add_exception_handler(RequestValidationError, _refuse)
    return OriginGuard(api, hosts, admin_token)


@cache
def _control_routes() -> tuple[BaseRoute, ...]:
    """The routes of the control API, shared by all fakes: FastAPI takes 40 ms to build them."""
    router = APIRouter()
    for part in (server_routes, account_routes, suite_routes):
        router.include_router(part.router, prefix=CONTROL_PREFIX)
    return tuple(router.routes)


def _judged_store(journal: Journal) -> JudgedStore | None:
    """Where the verdicts of a shared journal are kept; `None` for memory."""
    if not isinstance(journal, SharedJournal):
        return None
    from fake_server.control.shared_verdicts import SharedJudged  # imports asyncpg

    return SharedJudged(journal.database)


def _pages(fake: Fake) -> list[BaseRoute]:
    """The routes of the documentation page and of the inspector."""
    return [
        Route("/", _redirect_to(f"{CONTROL_PREFIX}/")),
        Route(CONTROL_PREFIX, _redirect_to(f"{CONTROL_PREFIX}/")),
        Route(f"{CONTROL_PREFIX}/docs", _docs),
        Route(f"{CONTROL_PREFIX}/docs/{{name}}", _docs),
        *inspector.routes(fake),
    ]


def _redirect_to(path: str) -> Callable[[Request], Response]:
    return lambda _: RedirectResponse(path)


async def _refuse(_: Request, error: Exception) -> Response:
    """Answer a call that cannot be served with a `ProblemModel`."""
    detail = error_detail(error) if isinstance(error, RequestValidationError) else str(error)
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 422)
    return JSONResponse({"detail": detail}, status)


async def _docs(request: Request) -> Response:
    """A file of the documentation page."""
    name = request.path_params.get("name", "page.html")
    if name not in _DOCS:
        raise HTTPException(404, f"there is no page {name!r}")
    page = (resources.files("fake_server.control") / "docs" / name).read_bytes()
    return Response(page, media_type=_DOCS[name], headers={"content-security-policy": _POLICY})
