"""A run from its arrival to its record: begun by its head, concluded by its body, then put down.

This is the long way, which every request can go; `lean.py` is the short one.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable
from contextlib import suppress
from itertools import count

from aleph_contract.contract import Contract
from fake_server.journal.base import Journal
from fake_server.replies.failures import Refused
from fake_server.replies.successes import Replies
from fake_server.runs.fast_path import RECORD, FastPath
from fake_server.runs.request import Answer, Headers, Request
from fake_server.runs.responder import ELSEWHERE, Responder
from fake_server.runs.rest import Rest
from fake_server.runs.workers_binding import PATHS, Binding
from fake_server.state.accounts import Accounts

#: Headers that a request has once, or readers differ on what it says (RFC 9110, 5.3).
SINGLE = frozenset({b"authorization", b"content-type", b"host"})

# How much of a body that did not arrive whole the journal keeps, in bytes.
_KEPT = 64 * 1024


class Runs:
    """Everything that happens to requests of the run routes, waiting aside."""

    def __init__(
        self, contract: Contract, accounts: Accounts, journal: Journal, max_body: int
    ) -> None:
        self._accounts = accounts
        self._journal = journal
        replies = Replies(contract)
        self._answering = Responder(contract, replies, max_body)
        self._rest = Rest(contract, accounts)
        self._binding = Binding(contract, accounts)
        self._rays = (b"%016x-AMS" % number for number in count(secrets.randbits(62)))
        #: The short way; without it all requests go the long one.
        self.lean: FastPath | None = FastPath(contract, self._rest, replies, journal, self._rays)

    def start(self, request: Request) -> None:
        """Take in a request by its head; `end` must follow."""
        self._identify(request)
        try:
            if request.path.startswith(ELSEWHERE):
                self._welcome_elsewhere(request)
            else:
                request.door.admit(request)
        except Refused as refused:
            request.refused = refused
        if len(request.known) != len(request.headers):
            request.refused = _repetition(request) or request.refused
        request.entered = account = request.account
        account.in_flight += 1
        account.last_seen = request.received_at

    def respond(self, request: Request) -> Answer:
        """Decide the answer, once the body is there as far as it comes."""
        if request.elsewhere and request.refused is None:
            answer = self._answering.elsewhere(request)
        else:
            answer = self._answering.answer(request)
            if self.lean and answer.outcome == "completed" and request.step is None:
                self.lean.learn(request, self._answering.origin(request))
        request.number = self._journal.arrive(request.account.id)
        return answer

    def recount(self, request: Request) -> None:
        """Count a request where it belongs: on the binding only the body names the account."""
        if request.entered is not request.account:
            request.entered.in_flight -= 1
            request.entered = request.account
            request.entered.in_flight += 1

    def record_aborted(self, request: Request, sent: Answer | None) -> Awaitable[None] | None:
        """Put down a request whose body never ended; `sent` is what it was refused with, if so."""
        request.number = self._journal.arrive(request.account.id)
        return self.record(request, *(sent or (None, (), b"", "cut")))

    def reject(self, request: Request, answer: Answer | None) -> Awaitable[None] | None:
        """Put down a request that is not served: `answer` refuses it, or its client has left.

        What comes back is to be awaited before it is answered.
        """
        self._identify(request)
        with suppress(Refused):
            request.door.locate(request)
        return self.record_aborted(request, answer)

    def record(
        self,
        request: Request,
        status: int | None,
        headers: Headers,
        answered: bytes,
        outcome: str,
    ) -> Awaitable[None] | None:
        """Put down what was sent, before the last byte leaves; what to await until then, if so."""
        if not request.complete:
            request.raw = request.raw[:_KEPT]
        if request.method == "HEAD":
            answered = b""
        request.finish(status, headers, answered, outcome)
        size = len(request.raw) + len(answered) + RECORD
        return self._journal.append(request.account.id, request.number, request.exchange, size)

    def end(self, request: Request) -> None:
        """Let go of a request, whatever became of it."""
        request.entered.in_flight -= 1

    def _identify(self, request: Request) -> None:
        request.ray = next(self._rays)
        request.door = self._binding if request.path in PATHS else self._rest

    def _welcome_elsewhere(self, request: Request) -> None:
        """Take in a followed redirect: `/elsewhere/{account}` and the way it first came."""
        account_id, _, way = request.path.removeprefix(ELSEWHERE + "/").partition("/")
        request.elsewhere = True
        request.door = self._binding if f"/{way}" in PATHS else self._rest
        account = self._accounts.find(account_id)
        if account is None:  # no redirect of ours leads there
            raise Refused("no-route")
        request.account = account
        request.credential = self._rest.credential(request)


def _repetition(request: Request) -> Refused | None:
    seen: set[bytes] = set()
    for name, _ in request.headers:
        if name in SINGLE and name in seen:
            return Refused("bad-framing", reason=f"header {name.decode()} stands there twice")
        seen.add(name)
    return None
