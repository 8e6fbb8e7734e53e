"""Who may call the control API: programs on this machine, and the fake's own pages. No web site.

The control API shows what clients sent and changes what they are answered. A browser on the same
machine would let any page that is open in it call `http://127.0.0.1`: directly (cross-site), or
under a name of its own that it has pointed here (DNS rebinding). Browsers tell on both, in
`Origin`, `Sec-Fetch-Site` and `Host`; other programs send no more than `Host`.

The run routes do not ask: a page's call to them needs a CORS preflight, which the fake never
grants, and containers reach them under names that nobody can know before.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from ipaddress import ip_address
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Stands for every host name: for an app without a socket of its own, which nobody can rebind.
ANY = "*"

#: What every answer of the control API carries: no other site may frame it, embed it, cache it,
#: or guess at its type.
HEADERS = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address without port, means this machine alone."""
    name = host.lower().strip("[]").removesuffix(".")
    address = _address(name)
    if address is None:
        return name == "localhost" or name.endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def host_name(authority: str) -> str:
    """The host of a `Host` header, lower case, without port and brackets."""
    name, bracket, _ = authority.strip().lower().partition("]")
    if bracket:
        return name.lstrip("[")
    return name.partition(":")[0] if name.count(":") <= 1 else name


def refusal(headers: Iterable[tuple[bytes, bytes]], hosts: Iterable[str]) -> str | None:
    """Why a call to the control API is refused, or `None`.

    Args:
        headers: As ASGI has them, names in lower case.
        hosts: Names beyond the loopback ones that the fake goes by: the one it was bound to and
            those it was told. A wildcard address stands for every address, `ANY` for every name.
    """
    values: dict[bytes, list[str]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value.decode("latin-1"))
    authority = values.get(b"host", [""])
    if len(authority) != 1:
        return "a request names one Host"
    return (
        _rebound(authority[0], tuple(hosts))
        or _foreign(values.get(b"origin", []), authority[0])
        or _cross_site(values.get(b"sec-fetch-site", []))
    )


def _rebound(authority: str, hosts: tuple[str, ...]) -> str | None:
    name = host_name(authority)
    if ANY in hosts or is_loopback(name) or name in map(str.lower, hosts):
        return None
    address = _address(name)
    if address is not None and any(_is_wildcard(host) for host in hosts):
        return None
    return (
        f"Host {authority!r} is not a name of this machine; call it localhost, or allow the name "
        "with --allow-host"
    )


def _foreign(origins: list[str], authority: str) -> str | None:
    for origin in origins:
        if origin.lower() not in (f"http://{authority.lower()}", f"https://{authority.lower()}"):
            return f"Origin {origin!r} is another site than {authority!r}"
    return None


def _cross_site(sites: list[str]) -> str | None:
    for site in sites:
        if site not in ("none", "same-origin"):
            return f"Sec-Fetch-Site {site!r}: open the page by its address, not from another site"
    return None


def _address(name: str) -> Any:
    try:
        return ip_address(name)
    except ValueError:
        return None


def _is_wildcard(host: str) -> bool:
    address = _address(host.strip("[]"))
    return address is not None and bool(address.is_unspecified)


class Guard:
    """ASGI middleware that refuses other sites' calls with 403 and marks every answer."""

    def __init__(self, app: App, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = tuple(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse one call."""

        async def marked(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                more = [header for header in HEADERS if header[0] not in own]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif reason := refusal(scope["headers"], self._hosts):
            await _refuse(marked, reason)
        else:
            await self._app(scope, receive, marked)


async def _refuse(send: Send, reason: str) -> None:
    body = json.dumps({"detail": f"Refused: {reason}."}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
