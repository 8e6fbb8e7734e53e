"""The control API under `/__aleph__/`: what happened, what shall happen, what it would have cost.

On FastAPI, which brings the OpenAPI document and is imported when the first call arrives; the run
routes do not pass through here. Calls from other sites are refused, see `security.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import resources

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.routing import BaseRoute, Route

from aleph_contract import version
from aleph_contract.errors import AlephContractError, JSONError
from fake_server.control import account_routes, server_routes
from fake_server.control.dependencies import CONTROL_PREFIX, Fake, error_detail
from fake_server.control.origin_guard import ANY_HOST, App, OriginGuard

#: The files of the interactive documentation, which take nothing from anywhere else.
_DOCS = {"page.html": "text/html", "page.js": "text/javascript", "page.css": "text/css"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_control(fake: Fake, hosts: Iterable[str] = (ANY_HOST,)) -> App:
    """The control API of a fake as an ASGI application.

    Args:
        fake: What is controlled.
        hosts: Names beyond the loopback ones that it answers to, see `security.refusal`.
    """
    api = FastAPI(
        title="aleph-contract: control API of the fake",
        description="What happened, what shall happen, and what it would have cost.",
        version=version.__version__,
        openapi_url=f"{CONTROL_PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    api.state.fake = fake
    api.include_router(server_routes.router, prefix=CONTROL_PREFIX)
    api.include_router(account_routes.router, prefix=CONTROL_PREFIX)
    api.router.routes.extend(_pages(fake))
    api.add_exception_handler(AlephContractError, _unusable)
    api.add_exception_handler(RequestValidationError, _unusable)
    return OriginGuard(api, hosts)


def _pages(fake: Fake) -> list[BaseRoute]:
    """The documentation, and the inspector."""
    from fake_server import inspector

    return [
        Route("/", _to(f"{CONTROL_PREFIX}/")),
        Route(CONTROL_PREFIX, _to(f"{CONTROL_PREFIX}/")),
        Route(f"{CONTROL_PREFIX}/docs", _docs),
        Route(f"{CONTROL_PREFIX}/docs/{{name}}", _docs),
        *inspector.routes(fake),
    ]


def _to(path: str) -> Callable[[Request], Response]:
    return lambda _: RedirectResponse(path)


async def _unusable(_: Request, error: Exception) -> Response:
    """An error of the caller as a `Problem`."""
    detail = error_detail(error) if isinstance(error, RequestValidationError) else str(error)
    return JSONResponse({"detail": detail}, 400 if isinstance(error, JSONError) else 422)


async def _docs(request: Request) -> Response:
    """The interactive documentation of this API."""
    name = request.path_params.get("name", "page.html")
    if name not in _DOCS:
        raise HTTPException(404, f"no page is named {name!r}")
    page = (resources.files("fake_server.control") / "docs" / name).read_bytes()
    return Response(page, media_type=_DOCS[name], headers={"content-security-policy": _POLICY})
