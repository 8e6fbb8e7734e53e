"""The control API answers local programs and the fake's own pages, and refuses web sites."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from fake_server.control import origin_guard

LOCAL = "127.0.0.1:8790"


def refusal(*hosts: str, **headers: str) -> str | None:
    """The reason to refuse a call with these headers if the fake allows `hosts`."""
    sent = {"host": LOCAL} | {name.replace("_", "-"): value for name, value in headers.items()}
    return origin_guard.refusal([(k.encode(), v.encode()) for k, v in sent.items()], hosts)


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "127.0.0.1:8790", "127.9.9.9", "[::1]", "[::1]:80", "a.localhost",
     "localhost.:8790", "[::ffff:127.0.0.1]:80"],
)  # fmt: skip
def test_loopback_names_are_allowed(host: str) -> None:
    assert refusal(host=host) is None


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8790", "localhost.evil.example", "127.0.0.1.evil.example", "",
     "192.168.1.5:8790", "notlocalhost", "[::2]", "0.0.0.0", "localhost:80:80", "2130706433",
     "[::1]evil.example", "[::1]:80@evil.example", "localhost:evil", "localhost@evil.example",
     "127.0.0.1 evil.example", "[::1"],
)  # fmt: skip
def test_other_hosts_are_refused_by_a_fake_on_loopback(host: str) -> None:
    assert "is not a name of this machine" in (refusal("127.0.0.1", host=host) or "")


def test_the_bound_address_and_the_allowed_names_are_allowed() -> None:
    assert refusal("192.168.1.5", host="192.168.1.5:8790") is None
    assert refusal("127.0.0.1", "Fake", host="fake:8790") is None
    assert refusal("127.0.0.1", "fake", host="fake2:8790")


def test_a_wildcard_address_allows_every_address_and_no_name() -> None:
    assert refusal("0.0.0.0", host="192.168.1.5:8790") is None
    assert refusal("::", host="[fd00::5]:8790") is None
    assert refusal("0.0.0.0", host="evil.example")


def test_an_app_without_a_socket_allows_every_name() -> None:
    assert refusal(origin_guard.ANY_HOST, host="api.cloudflare.com") is None
    assert refusal(origin_guard.ANY_HOST, host="testserver", origin="https://evil.example")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:3000",
     "http://localhost:8790", "http://127.0.0.1:8790.evil.example", "file://", ""],
)  # fmt: skip
def test_pages_of_other_origins_are_refused(origin: str) -> None:
    assert "is not the origin of" in (refusal(origin=origin) or "")


def test_own_pages_are_allowed() -> None:
    assert refusal(origin=f"http://{LOCAL}", sec_fetch_site="same-origin") is None
    assert refusal(sec_fetch_site="none") is None, "typed into the address bar"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "unknown-value"])
def test_calls_that_the_browser_marks_as_cross_site_are_refused(site: str) -> None:
    assert "Sec-Fetch-Site" in (refusal(sec_fetch_site=site) or "")


def test_two_hosts_are_refused() -> None:
    headers = [(b"host", b"localhost"), (b"host", b"localhost")]
    assert origin_guard.refusal(headers, ()) == "a request must have exactly one Host header"


def test_no_host_is_refused() -> None:
    assert origin_guard.refusal([], ())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]"])
def test_loopback_is_recognised(host: str) -> None:
    assert origin_guard.is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.com", ""])
def test_other_addresses_are_not_loopback(host: str) -> None:
    assert not origin_guard.is_loopback(host)


def through_guard(headers: list[tuple[bytes, bytes]]) -> list[MutableMapping[str, Any]]:
    """The messages that a guarded app sends."""
    sent: list[MutableMapping[str, Any]] = []

    async def app(_scope: Any, _receive: Any, send: origin_guard.Send) -> None:
        own = [(b"cache-control", b"max-age=1")]
        await send({"type": "http.response.start", "status": 200, "headers": own})

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("the body is not read")

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": headers}
    asyncio.run(origin_guard.OriginGuard(app, ("127.0.0.1",))(scope, receive, send))
    return sent


def test_the_guard_answers_403_with_the_reason() -> None:
    start, body = through_guard([(b"host", b"evil.example")])
    assert start["status"] == 403
    assert "evil.example" in json.loads(body["body"])["detail"]


def test_the_guard_adds_headers_and_keeps_those_of_the_app() -> None:
    (start,) = through_guard([(b"host", b"localhost")])
    headers = dict(start["headers"])
    assert start["status"] == 200
    assert headers[b"x-frame-options"] == b"DENY"
    assert headers[b"cache-control"] == b"max-age=1"
