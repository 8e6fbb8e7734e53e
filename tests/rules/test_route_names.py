"""Calls to routes beside the run route are recognised, and counted in one sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sample_traffic import call

from aleph_contract.rules.other_routes import notes_on_other_routes, other_route, route_name


@pytest.mark.parametrize(
    ("method", "target", "route"),
    [
        ("GET", "/client/v4/accounts", "GET /accounts"),
        ("GET", "/client/v4/accounts/?page=2", "GET /accounts"),
        ("GET", "/client/v4/accounts/a", "GET /accounts/{id}"),
        ("GET", "/client/v4/accounts/a/b", None),
        ("POST", "/client/v4/accounts", None),
        ("get", "/client/v4/accounts", None),
    ],
)
def test_the_route_of_a_request(method: str, target: str, route: str | None) -> None:
    assert route_name(method, target) == route
    assert other_route(call(method=method, target=target)) == route


def test_a_preflight_is_a_call_beside_the_run_route() -> None:
    preflight = call(method="OPTIONS", request_headers=(("access-control-request-method", "POST"),))
    assert other_route(preflight) == "OPTIONS (the preflight of a browser)"
    assert other_route(replace(preflight, request_headers=())) is None
    assert other_route(replace(preflight, method="PUT")) is None


def test_the_calls_to_each_route_are_counted() -> None:
    accounts = call(method="GET", target="/client/v4/accounts")
    one = call(method="GET", target="/client/v4/accounts/a")
    assert list(notes_on_other_routes([call(), accounts, one, *[accounts] * 1000])) == [
        "calls to other routes, which are not judged: GET /accounts (1,001), GET /accounts/{id} (1)"
    ]
    assert list(notes_on_other_routes([call()])) == []
