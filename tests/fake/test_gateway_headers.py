"""Gateway headers in and out of their documented ranges."""

from __future__ import annotations

import time
from uuid import RFC_4122

import pytest
from calling import only, post

from fake_server.replies.failures import Refused
from fake_server.runs.gateway_headers import (
    CHECKS,
    MAX_ATTEMPTS,
    attempts,
    check,
    kept_metadata,
    of_response,
    uuid7,
)
from fake_server.server import Server

GOOD = {
    "cf-aig-skip-cache": ["true", "false"],
    "cf-aig-cache-ttl": ["0", "3600"],
    "cf-aig-collect-log": ["true"],
    "cf-aig-collect-log-payload": ["true", "false"],
    "cf-aig-zdr": ["true", "false"],
    "cf-aig-request-timeout": ["0", "60000"],
    "cf-aig-max-attempts": ["0", "1", "5"],
    "cf-aig-retry-delay": ["0", "5000", "60000"],
    "cf-aig-backoff": ["constant", "linear", "exponential"],
    "cf-aig-metadata": [
        "{}",
        '{"a":1,"b":"x","c":true,"d":null,"e":1.5}',
        '{"a":{}}',
        '{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}',
    ],
}
BAD = {
    "cf-aig-skip-cache": ["yes", ""],
    "cf-aig-cache-ttl": ["-1", "1.5", "x", "", "²"],
    "cf-aig-collect-log": ["1"],
    "cf-aig-collect-log-payload": ["no"],
    "cf-aig-zdr": ["0"],
    "cf-aig-request-timeout": ["soon"],
    "cf-aig-max-attempts": ["6", "-1", "99999999999999999999"],
    "cf-aig-retry-delay": ["60001"],
    "cf-aig-backoff": ["random"],
    "cf-aig-metadata": ["x", "[]", "5"],
}  # fmt: skip


def test_every_header_has_valid_and_invalid_samples() -> None:
    assert {name.encode() for name in GOOD} == {name.encode() for name in BAD} == set(CHECKS)


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in GOOD.items() for v in values])
def test_a_value_in_range_is_accepted(name: str, value: str) -> None:
    check({name.encode(): value.encode()})


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in BAD.items() for v in values])
def test_a_value_out_of_range_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(Refused) as raised:
        check({name.encode(): value.encode("latin-1")})
    assert raised.value.message.startswith(f"Invalid value of header {name}: expected ")


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ('{"a":1,"b":"x"}', {"a": 1, "b": "x"}),
        ('{"f":6,"a":1,"b":2,"c":3,"d":4,"e":5}', {"f": 6, "a": 1, "b": 2, "c": 3, "d": 4}),
        ('{"a":1,"b":null}', {}),
        ('{"a":1,"b":{}}', {}),
        ('{"a":1,"b":2,"c":3,"d":4,"e":5,"f":null}', {}),
    ],
)
def test_the_gateway_keeps_five_entries_or_none(value: str, kept: dict[str, object]) -> None:
    assert kept_metadata(value) == kept


@pytest.mark.parametrize(
    ("status", "names"),
    [
        (200, {"log-id", "event-id", "request-id", "step"}),
        (400, {"log-id", "event-id", "request-id", "step"}),
        (402, {"event-id", "request-id"}),
        (429, {"log-id", "step"}),
    ],
)
def test_the_status_decides_the_headers_of_a_response(status: int, names: set[str]) -> None:
    found = dict(of_response(status))
    assert {name.decode().removeprefix("cf-aig-") for name in found} == names
    assert len({value for name, value in found.items() if name.endswith(b"-id")}) == 1


def test_ids_are_uuids_of_version_7_and_ascend_with_time() -> None:
    before = time.time_ns() // 1_000_000
    drawn = [uuid7() for _ in range(100)]
    after = time.time_ns() // 1_000_000
    assert {(one.version, one.variant) for one in drawn} == {(7, RFC_4122)}
    assert all(before <= one.int >> 80 <= after for one in drawn)
    assert len(set(drawn)) == 100


def test_clients_are_told(server: Server) -> None:
    account = server.account()
    response = post(account, headers={"cf-aig-max-attempts": "6"})
    assert response.status_code == 400
    assert "cf-aig-max-attempts" in response.json()["errors"][0]["message"]
    assert only(account).outcome == "malformed"


def test_a_value_in_range_is_recorded_and_has_no_effect(server: Server) -> None:
    account = server.account()
    headers = {"cf-aig-gateway-id": "mine", "cf-aig-cache-key": "k", "cf-aig-cache-ttl": "60"}
    assert post(account, headers=headers).json() == post(account).json()
    assert headers.items() <= set(account.exchanges[0].request_headers)
    assert account.bill.runs == 2, "a video is never served from the cache (documented)"


def test_the_attempts_of_a_repeated_header_are_unknown() -> None:
    one, five = (MAX_ATTEMPTS, b"1"), (MAX_ATTEMPTS, b"5")
    assert attempts((one,)) == 1
    assert attempts((one, five)) is None
