"""What the handlers of the inspector share: parameters of a request, forms, headers of a page."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from aleph_contract.core.exchange import Exchange
from fake_server.control.dependencies import CONTROL_PREFIX, MAX_CONTROL_BODY
from fake_server.inspector import listing
from fake_server.inspector.call_summary import CallId
from fake_server.inspector.listing import ListQuery

#: Path of everything but the start page, which is at `CONTROL_PREFIX`.
INSPECTOR_PREFIX = f"{CONTROL_PREFIX}/inspector"

#: No content from other hosts, no inline scripts or styles, no framing.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "media-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

#: `same-origin`: a form of the page must send its origin to pass the origin guard.
PAGE_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "same-origin",
}

#: Request header with which the script asks for one section of the page: `list`, `sidebar` or
#: `exchange`.
SECTION_HEADER = "x-section"

#: A number in a query with more digits than this is ignored.
_MAX_DIGITS = 9

#: Maximum picked exchanges of one request.
MAX_PICKS = 1000


def html_page(html: str) -> Response:
    """A page, or a section of one."""
    return Response(html, media_type="text/html", headers=PAGE_HEADERS)


def download(body: bytes | str, name: str, media_type: str) -> Response:
    """A file to save."""
    headers = {"content-disposition": f'attachment; filename="{name}"', **PAGE_HEADERS}
    return Response(body, media_type=media_type, headers=headers)


def path_of(exchange: Exchange) -> str:
    """The path of the page of an exchange."""
    return f"{INSPECTOR_PREFIX}/{listing.account_name(exchange.account)}/{exchange.number}"


def origin_of(request: Request) -> str:
    """The origin of the fake, such as `http://localhost:8790`."""
    return str(request.base_url).rstrip("/")


def query_of(request: Request) -> ListQuery:
    """The filter in the query of a request."""
    return ListQuery.from_params(request.query_params)


def skip_of(request: Request) -> int:
    """The number of rows to skip."""
    return _number(request.query_params.get("skip", ""))


def picks_of(request: Request) -> list[CallId]:
    """The exchanges in the `pick` parameters, each `ACCOUNT/NUMBER`; others are ignored."""
    given = (pick.partition("/") for pick in request.query_params.getlist("pick")[:MAX_PICKS])
    return [
        (account, _number(number)) for account, _, number in given if listing.is_account(account)
    ]


def account_of(request: Request) -> str:
    """The account in the path of a request.

    Raises:
        HTTPException: 404 if it is no account.
    """
    account: str = request.path_params["account"]
    if not listing.is_account(account):
        raise HTTPException(404, f"{account!r} is not an account id: use 32 digits of 0-9a-f")
    return account


async def form_of(request: Request) -> dict[str, str]:
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


def _number(given: str) -> int:
    return int(given) if given.isdecimal() and len(given) <= _MAX_DIGITS else 0
