"""Selected exchanges as a pytest file: each run becomes a test against the fixture `aleph_server`.

A test scripts the faults that were played, makes the calls as they were made, and asserts the
statuses that were answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.retry_grouping import LinkedRun
from fake_server.inspector.linked_calls import runs_of
from fake_server.inspector.replay import headers_to_copy
from fake_server.replies.faults import FAULTS
from fake_server.replies.own_reply import OWN_REPLY

_HEAD = '''\
"""Calls that the inspector of aleph-contract recorded; needs its pytest plugin and httpx."""

import httpx
import pytest
'''

#: Characters that no name of a function holds.
_NO_NAME = re.compile(r"\W", re.ASCII)

#: The value of the Authorization header by `Exchange.credential`; other calls send none.
_TOKENS = {"accepted": 'f"Bearer {account.token}"', "refused": '"Bearer a-wrong-token"'}


def pytest_file(exchanges: Sequence[Exchange]) -> str:
    """The text of the file; a call through the binding is left out, with a comment."""
    runs = runs_of(exchange for exchange in exchanges if exchange.surface == "rest")
    tests = [_test(run, number) for number, run in enumerate(runs, 1)]
    left_out = len(exchanges) - sum(len(run.calls) for run in runs)
    note = f"\n# {left_out} calls left out: they are not calls of a run on REST.\n"
    return "\n\n".join((_HEAD, *tests)) + (note if left_out else "")


def _test(run: LinkedRun, number: int) -> str:
    name = run.calls[-1].fault or run.calls[-1].outcome
    lines = [f"def test_run_{number}_{_NO_NAME.sub('_', name)}(aleph_server):"]
    lines.append("    account = aleph_server.account()")
    steps = [_step(call) for call in run.calls]
    if any(call.fault for call in run.calls):
        lines.append(f"    account.scenario({steps!r})")
    for call in run.calls:
        lines += _call(call)
    return "\n".join(lines) + "\n"


def _step(call: Exchange) -> dict[str, Any]:
    """The scenario step that answers as the call was answered."""
    if call.fault == OWN_REPLY:
        return {"status": call.status, "body": call.response_body.decode("utf-8", "replace")}
    return {"fault": call.fault if call.fault in FAULTS else None}


def _call(call: Exchange) -> Iterator[str]:
    yield "    request = httpx.Request("
    yield f"        {call.method!r},"
    yield f"        {_url(call)},"
    yield f"        headers={_headers(call)},"
    yield f"        content={call.request_body!r},"
    yield "    )"
    yield "    with httpx.Client() as client:"
    if call.status is None or call.outcome == "cut":
        yield "        with pytest.raises(httpx.TransportError):"
        yield "            client.send(request)"
    else:
        yield f"        assert client.send(request).status_code == {call.status}"


def _url(call: Exchange) -> str:
    """The URL as an expression: the account of the test instead of the recorded one."""
    target = repr(call.target)
    if call.account:
        target += f".replace({call.account!r}, account.id)"
    return f'account.base_url.removesuffix("/client/v4") + {target}'


def _headers(call: Exchange) -> str:
    token = _TOKENS.get(call.credential)
    given = [f"({name!r}, {value!r})" for name, value in headers_to_copy(call)]
    given += [f'("authorization", {token})'] if token else []
    return f"[{', '.join(given)}]"
