"""The reports of a test runner, answered without FastAPI, whose import takes half a second.

A suite under `exec` or `mutate` makes no other call of the control API. A report that is plainly
right is answered here; any other is passed to the control API, which explains errors.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol

import msgspec
import orjson

from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import JSONError
from fake_server.control.origin_guard import App, Receive, Scope, Send
from fake_server.state.account import Account
from fake_server.state.accounts import ACCOUNT_ID, Accounts
from fake_server.state.suite import MAX_PROCESS_NAME, MAX_TEST_NAME, WITHOUT_NUL, Ending, SuiteLog

#: Bytes of a body from which on it is no report.
LARGEST = 16 * 1024

#: The paths of `POST accounts`, `POST tests` and `PUT tests/NUMBER`.
_PATH = re.compile(r"/__aleph__/(accounts|tests)(?:/([0-9]{1,9}))?")

_Process = Annotated[str, msgspec.Meta(max_length=MAX_PROCESS_NAME, pattern=WITHOUT_NUL)]


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account for a process of the test runner."""

    process: _Process


class NewTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A test that begins; `schemas.NewTestModel` documents it."""

    process: _Process
    account: Annotated[str, msgspec.Meta(pattern=rf"^{ACCOUNT_ID.pattern}\Z")]
    test: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEST_NAME, pattern=WITHOUT_NUL)]
    repeats: bool = False


class TestEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The end of a test."""

    outcome: Ending


class _Fake(Protocol):
    accounts: Accounts
    suite: SuiteLog


def begin(fake: _Fake, test: NewTest) -> tuple[int, Account] | None:
    """Record that a test begins: its number and its account, or `None` if the log is full."""
    number = fake.suite.start(test.process, test.test, repeats=test.repeats)
    if number is None:
        return None
    account = fake.accounts.create_for_test(fake.accounts.get(test.account))
    for owned in (test.account, account.id):
        fake.suite.assign(owned, test.process)
    return number, account


def account_document(account: Account, base_url: str) -> dict[str, Any]:
    """A new account as `schemas.AccountModel` describes it: its token, and variables for a client.

    Args:
        account: The account.
        base_url: The URL of the fake, with a `/` at its end.
    """
    env = {
        "CLOUDFLARE_BASE_URL": f"{base_url}client/v4",
        "CLOUDFLARE_ACCOUNT_ID": account.id,
        "CLOUDFLARE_API_TOKEN": account.token or "",
    }
    return {
        "id": account.id,
        "token": account.token or "",
        "profile": account.profile,
        "base_url": env["CLOUDFLARE_BASE_URL"],
        "env": env,
    }


class RunnerReports:
    """Answers the reports that are plainly right.

    Args:
        fake: The fake; its accounts and its log of tests are in its own memory.
        control: Loads the control API, for all other calls.
    """

    def __init__(self, fake: _Fake, control: Callable[[], Awaitable[App]]) -> None:
        self._fake = fake
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call, or pass it to the control API, with what was read of it."""
        read = await _read(receive)
        whole = read[-1]["type"] == "http.request" and not read[-1].get("more_body", False)
        body = b"".join(message.get("body", b"") for message in read)
        answer = self._answer(scope, body) if whole else None
        if answer is None:
            await (await self._control())(scope, _again(read, receive), send)
            return
        status, reply = answer
        headers = [] if reply is None else _json_headers(reply)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": reply or b""})

    def _answer(self, scope: Scope, body: bytes) -> tuple[int, bytes | None] | None:
        """The status and the body for a report, or `None` if it is not plainly right."""
        path, url = _PATH.fullmatch(scope["path"]), _own_url(scope)
        if path is None:
            return None
        try:
            document = loads(body)
            match scope["method"], path[1], path[2]:
                case "POST", "accounts", None:
                    return self._create(msgspec.convert(document, NewAccount), url)
                case "POST", "tests", None:
                    return self._begin(msgspec.convert(document, NewTest), url)
                case "PUT", "tests", str(number):
                    return self._end(int(number), msgspec.convert(document, TestEnd))
        except (JSONError, msgspec.ValidationError):
            pass
        return None

    def _create(self, new: NewAccount, url: str) -> tuple[int, bytes]:
        account = self._fake.accounts.create()
        self._fake.suite.assign(account.id, new.process)
        return 201, orjson.dumps(account_document(account, url))

    def _begin(self, test: NewTest, url: str) -> tuple[int, bytes] | None:
        if (begun := begin(self._fake, test)) is None:
            return None
        number, account = begun
        return 201, orjson.dumps({"number": number, "account": account_document(account, url)})

    def _end(self, number: int, end: TestEnd) -> tuple[int, None] | None:
        return (204, None) if self._fake.suite.finish(number, end.outcome) else None


def is_report(scope: Scope) -> bool:
    """Whether a call has the path of a report."""
    return _PATH.fullmatch(scope["path"]) is not None


def _own_url(scope: Scope) -> str:
    """The URL of the fake in a call; `OriginGuard` refuses a call without a host."""
    host: bytes = dict(scope["headers"])[b"host"]
    return f"{scope['scheme']}://{host.decode('latin-1')}/"


def _json_headers(body: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]


async def _read(receive: Receive) -> list[Any]:
    """Receive the messages of a body, up to about `LARGEST` bytes."""
    read = [await receive()]
    size = len(read[0].get("body", b""))
    while read[-1].get("more_body", False) and size <= LARGEST:
        read.append(await receive())
        size += len(read[-1].get("body", b""))
    return read


def _again(read: list[Any], receive: Receive) -> Receive:
    """Receive the messages that were read already, then the others."""
    left = iter(read)

    async def again() -> Any:
        message = next(left, None)
        return await receive() if message is None else message

    return again
