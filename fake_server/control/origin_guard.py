"""ASGI middleware that lets local programs and the fake's own pages call the control API.

The control API shows what clients sent and changes how they are answered, so no web site may call
it. A page that is open in a browser on this machine could otherwise reach it in two ways: with a
cross-site request to `http://127.0.0.1`, or under its own host name after it has pointed that name
at 127.0.0.1 (DNS rebinding). The browser reveals both in `Origin`, `Sec-Fetch-Site` and `Host`.
Other programs send only `Host`.

With an admin token, a program that is not on this machine must present it: as a bearer token, or as
the password of HTTP Basic authentication, which a browser asks its user for. A call through a proxy
counts as one from another machine.

The run routes are not guarded: a page needs a CORS preflight to call them, which the fake never
grants, and containers call them under host names that are not known in advance.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Allows every host name: for an app without its own socket, where DNS rebinding is impossible.
ANY_HOST = "*"

#: Headers of every response of the control API: no framing, embedding, caching or type sniffing.
SECURITY_HEADERS = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)

#: A `Host` header: an IPv6 address in brackets or a name, and perhaps a port (RFC 9110, 7.2).
_AUTHORITY = re.compile(r"(?:\[([^][]*)\]|([^][:@]*))(?::[0-9]*)?")


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address without port, is a loopback name."""
    name = host.lower().strip("[]").removesuffix(".")
    address = _address(name)
    if address is None:
        return name == "localhost" or name.endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def host_name(authority: str) -> str:
    """The host of a `Host` header, lower case, without port and brackets; empty if malformed."""
    match = _AUTHORITY.fullmatch(authority.strip().lower())
    return match[1] or match[2] if match else ""


def refusal(headers: Iterable[tuple[bytes, bytes]], hosts: Iterable[str]) -> str | None:
    """The reason to refuse a call to the control API, or `None` to allow it.

    Args:
        headers: The headers of the ASGI scope, with names in lower case.
        hosts: Allowed host names beside the loopback names: the address that the fake is bound to,
            and the names of `--allow-host`. A wildcard address allows every address, `ANY_HOST`
            every name.
    """
    values: dict[bytes, list[str]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value.decode("latin-1"))
    authority = values.get(b"host", [""])
    if len(authority) != 1:
        return "a request must have exactly one Host header"
    return (
        _check_host(authority[0], tuple(hosts))
        or _check_origin(values.get(b"origin", []), authority[0])
        or _check_fetch_site(values.get(b"sec-fetch-site", []))
    )


def _check_host(authority: str, hosts: tuple[str, ...]) -> str | None:
    name = host_name(authority)
    if ANY_HOST in hosts or is_loopback(name) or name in map(str.lower, hosts):
        return None
    address = _address(name)
    if address is not None and any(_is_wildcard(host) for host in hosts):
        return None
    return (
        f"Host {authority!r} is not a name of this machine; use localhost, or allow the name "
        "with --allow-host"
    )


def _check_origin(origins: list[str], authority: str) -> str | None:
    for origin in origins:
        if origin.lower() not in (f"http://{authority.lower()}", f"https://{authority.lower()}"):
            return f"Origin {origin!r} is not the origin of {authority!r}"
    return None


def _check_fetch_site(sites: list[str]) -> str | None:
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


#: Headers that a proxy adds: the loopback peer is then not the caller.
_PROXIED = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip"})

#: The paths that need no token: load balancers and probes call them.
_PUBLIC_PATHS = frozenset({"/__aleph__/health", "/__aleph__/ready"})

_CHALLENGES = ((b"www-authenticate", b"Bearer"), (b"www-authenticate", b'Basic realm="admin"'))


def is_local(scope: Scope) -> bool:
    """Whether a call comes from this machine, and not through a proxy."""
    client = scope.get("client")
    proxied = any(name in _PROXIED for name, _ in scope["headers"])
    return not proxied and (client is None or is_loopback(client[0]))


def presents(headers: Iterable[tuple[bytes, bytes]], token: str) -> bool:
    """Whether a call presents the admin token."""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, given = value.partition(b" ")
            if scheme.lower() == b"basic":
                given = _password(given)
            elif scheme.lower() != b"bearer":
                return False
            return compare_digest(given.strip(), token.encode())
    return False


def _password(credentials: bytes) -> bytes:
    try:
        return b64decode(credentials, validate=True).partition(b":")[2]
    except ValueError:
        return b""


class OriginGuard:
    """Refuses calls from other sites, and adds `SECURITY_HEADERS` to every response.

    Args:
        app: The application.
        hosts: See `refusal`.
        admin_token: What a caller on another machine must present; `None` for nothing.
    """

    def __init__(self, app: App, hosts: Iterable[str], admin_token: str | None = None) -> None:
        self._app = app
        self._hosts = tuple(hosts)
        self._token = admin_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one call to the application, or refuse it."""

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                missing = [header for header in SECURITY_HEADERS if header[0] not in present]
                message["headers"] = [*message["headers"], *missing]
            await send(message)

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        hosts = self._hosts
        if self._token is not None and presents(scope["headers"], self._token):
            hosts = (ANY_HOST,)  # a web site does not know the token
        elif self._token is not None and not self._is_open(scope):
            reason = "present the admin token of this fake as a bearer token"
            await _refuse(send_with_headers, reason, 401, _CHALLENGES)
            return
        if refused := refusal(scope["headers"], hosts):
            await _refuse(send_with_headers, refused)
        else:
            await self._app(*_as_get(scope, receive, send_with_headers))

    @staticmethod
    def _is_open(scope: Scope) -> bool:
        return is_local(scope) or scope.get("path") in _PUBLIC_PATHS


def _as_get(scope: Scope, receive: Receive, send: Send) -> tuple[Scope, Receive, Send]:
    """Answer HEAD as GET without the body (RFC 9110, 9.3.2), on every route.

    Tools that wait until a server is ready, such as wait-on and `wget --spider`, send HEAD.
    """
    if scope.get("method") != "HEAD":
        return scope, receive, send
    ended = False

    async def send_head(message: MutableMapping[str, Any]) -> None:
        nonlocal ended
        if message["type"] == "http.response.start":
            await send(message)
        elif not ended:
            ended = True
            await send({"type": "http.response.body", "body": b""})

    return {**scope, "method": "GET"}, receive, send_head


async def _refuse(
    send: Send, reason: str, status: int = 403, more: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    body = json.dumps({"detail": f"Refused: {reason}."}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
