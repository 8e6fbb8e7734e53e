"""The full path of a request: admitted by its head, answered by its body, recorded when sent.

Every request can take it; `fast_path.py` answers plain runs of known callers in fewer steps.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from itertools import count

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.clock import WALL_CLOCK, Clock
from aleph_contract.core.exchange import ELSEWHERE
from fake_server import media
from fake_server.journal.base import Journal
from fake_server.journal.memory import MemoryJournal
from fake_server.media.presigned import Presigner
from fake_server.media.samples import NO_SAMPLES, Samples
from fake_server.replies.failures import Refused
from fake_server.replies.faults import Delivery
from fake_server.runs.decision import (
    UNNAMED,
    Admission,
    Answer,
    Applied,
    Run,
    Surface,
    finish,
)
from fake_server.runs.fast_path import MAX_FAST_BODY, RECORD_SIZE, FastPath
from fake_server.runs.models import Models
from fake_server.runs.own_urls import OwnUrls
from fake_server.runs.request import FinishedRequest, Headers, ReceivedRequest, RequestHead
from fake_server.runs.responder import Responder
from fake_server.runs.rest import Rest
from fake_server.runs.workers_binding import PATHS, Binding
from fake_server.state.accounts import Account, AccountLookup, Accounts, StateNeeded
from fake_server.state.scenarios import ScenarioStep

_LOGGER = logging.getLogger("fake_server")

#: Headers that must not be repeated, because recipients differ on which value counts (RFC 9110,
#: 5.3).
SINGLE_HEADERS = frozenset({b"authorization", b"content-type", b"host"})

#: Bytes from which on a body is parsed in a thread, because that takes long.
LARGE_BODY = 1024 * 1024

#: Bytes that the journal keeps of a body that did not arrive whole.
_MAX_PARTIAL_BODY = 64 * 1024

_CLOSE = (b"connection", b"close")

#: Outcomes that a request has only if its route and its token were accepted.
_ADMITTED = frozenset({"completed", "invalid"})


class Runs:
    """Admits, answers and records the requests of the run routes.

    Args:
        contracts: The contracts that are served.
        accounts: The accounts.
        journal: Stores every exchange.
        max_body: Bound on the bytes of a body.
        latency: Seconds that a completed run takes.
        presigner: Signs the URLs of results; `None` for URLs without a signature.
        background: Whether a call on the binding may ask for a run in the background.
        clock: The clock of the clients: delays and times of exchanges are in its seconds.
        samples: The user's own media, which result URLs return.
    """

    def __init__(
        self,
        contracts: ContractSet,
        accounts: Accounts,
        journal: Journal,
        max_body: int,
        *,
        latency: float,
        presigner: Presigner | None = None,
        background: bool = False,
        clock: Clock = WALL_CLOCK,
        samples: Samples = NO_SAMPLES,
    ) -> None:
        self._accounts: AccountLookup = accounts
        self._journal = journal
        self._arrive: Callable[[str], int] = journal.arrive
        self._latency = latency
        self._clock = clock
        self.models = models = Models(contracts, presigner)
        rays = (b"%016x-AMS" % number for number in count(secrets.randbits(62)))
        files = partial(media.respond, presigner=presigner, samples=samples)
        self._responder = Responder(models, max_body, rays, clock, files)
        self.urls: OwnUrls = self._responder.urls
        self._rest = Rest(models, accounts)
        self._binding = Binding(models, accounts, background=background)
        #: The fast path; `None` if a response must wait, a body that it takes is too large, or the
        #: clients have a clock of their own.
        self.fast_path: FastPath | None = None
        plain = not latency and not clock.faster and max_body >= MAX_FAST_BODY
        if plain and isinstance(journal, MemoryJournal):
            self.fast_path = FastPath(models, self._rest, journal, rays)

    def start(self, head: RequestHead) -> Admission:
        """Admit or refuse a request by its head, and count it as in flight until `end`."""
        surface = self._surface(head.path)
        if head.path.startswith(ELSEWHERE):
            admission = self._admit_elsewhere(head)
        elif head.path.startswith(media.MEDIA_PATH):
            admission = self._rest.admit_download(head)
        else:
            admission = surface.admit(head)
        if len(head.by_name) != len(head.headers) and (repeated := _repeated_header(head)):
            admission = replace(admission, refused=repeated)
        account = admission.account
        account.in_flight += 1
        account.last_seen = head.received_at
        return admission

    def respond(self, request: ReceivedRequest, admission: Admission) -> Run:
        """Decide the answer to a request whose body has been read."""
        head = request.head
        answer, applied = self._decide(request, admission)
        if self.fast_path and answer.outcome in _ADMITTED and applied.step is None:
            origin = self.urls.result_files(head, admission.surface)
            self.fast_path.learn(head, admission.surface, applied.account, origin)
        return self._planned(request, admission, answer, applied)

    async def decide(self, request: ReceivedRequest, admission: Admission) -> Run:
        """`respond` in the event loop; in a thread if the body is large, so that others proceed."""
        if len(request.body) < LARGE_BODY:
            return self.respond(request, admission)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, self.respond, request, admission)

    async def close(self) -> None:
        """Release what belongs to the event loop."""

    def _decide(self, request: ReceivedRequest, admission: Admission) -> tuple[Answer, Applied]:
        try:
            return self._answer(request, admission)
        except StateNeeded:
            raise
        except Exception:  # an error of the fake: answered as the service would, and recorded
            _LOGGER.exception("internal error while a request was answered")
            return self._responder.failed(admission)

    def _answer(self, request: ReceivedRequest, admission: Admission) -> tuple[Answer, Applied]:
        return self._responder.respond(request, admission)

    def _planned(
        self, request: ReceivedRequest, admission: Admission, answer: Answer, applied: Applied
    ) -> Run:
        """How to deliver and record an answer."""
        if not request.complete and b"expect" in request.head.by_name:  # the body may still come
            answer = answer._replace(headers=(*answer.headers, _CLOSE))
        number = self._arrive(applied.account.id)
        record = partial(self._record, request, admission, applied, number)
        seconds = self._latency if answer.outcome == "completed" else 0.0
        wait = self._clock.wait
        if applied.webhook is not None:
            ended = (applied.webhook, wait(seconds))
            return Run(answer, applied.account, "whole", 0.0, record, ended)
        if applied.step is None:
            return Run(answer, applied.account, "whole", wait(seconds), record)
        delivery, seconds = _delivery(applied.step, seconds)
        return Run(answer, applied.account, delivery, wait(seconds), record)

    def recount(self, counted: Account, account: Account) -> Account:
        """Count a request in flight for another account: on the binding the body names it."""
        if counted is not account:
            counted.in_flight -= 1
            account.in_flight += 1
        return account

    def end(self, account: Account) -> None:
        """Count a request as no longer in flight."""
        account.in_flight -= 1

    def record_aborted(
        self, request: ReceivedRequest, admission: Admission, sent: Answer | None
    ) -> Awaitable[None] | None:
        """Record a request whose body did not end, and the refusal that was sent, if any.

        Returns:
            `None`, or an awaitable that is done when the record is stored.
        """
        applied = Applied(admission.account, admission.step)
        number = self._arrive(applied.account.id)
        return self._record(request, admission, applied, number, *(sent or (None, (), b"", "cut")))

    def reject(self, request: ReceivedRequest, answer: Answer | None) -> Awaitable[None] | None:
        """Record a request that `start` never saw: refused with `answer`, or its client left.

        Returns:
            `None`, or an awaitable to await before the answer is sent.
        """
        surface = self._surface(request.head.path)
        account, _ = surface.locate(request.head)
        return self.record_aborted(request, Admission(surface, account), answer)

    def _record(  # noqa: PLR0917 - called with the arguments of `RecordSent`
        self,
        request: ReceivedRequest,
        admission: Admission,
        applied: Applied,
        number: int,
        status: int | None,
        headers: Headers,
        body: bytes,
        outcome: str,
    ) -> Awaitable[None] | None:
        if not request.complete:
            request = replace(request, body=request.body[:_MAX_PARTIAL_BODY])
        if request.head.method == "HEAD":
            body = b""
        sent = (status, headers, body, outcome)
        done = finish(request, admission, applied, number, sent, self._clock)
        size = len(request.body) + len(body) + RECORD_SIZE
        return self._store(done, size)

    def _store(self, done: FinishedRequest, size: int) -> Awaitable[None] | None:
        return self._journal.append(done.account.id, done.number, done.exchange, size)

    def _surface(self, path: str) -> Surface:
        return self._binding if path in PATHS else self._rest

    def _admit_elsewhere(self, head: RequestHead) -> Admission:
        """Admit a request to `/elsewhere/{account_id}{original path}`, which only replies name."""
        account_id, _, path = head.path.removeprefix(ELSEWHERE + "/").partition("/")
        surface = self._surface(f"/{path}")
        account = self._accounts.find(account_id) if account_id else None
        if account is None:  # no reply of this fake leads there
            return Admission(
                surface, UNNAMED, refused=Refused("no-route", target=head.path), redirected=True
            )
        file = f"/{path}" if media.serves(f"/{path}") else None
        credential = self._rest.credential(head, account)
        return Admission(surface, account, credential, redirected=True, download=file)


def _delivery(step: ScenarioStep, seconds: float) -> tuple[Delivery, float]:
    """How to send the answer of a step, and its seconds: those of the step count first."""
    fault = step.fault
    if fault is not None:
        seconds += fault.delay
    if step.delay is not None:
        seconds = step.delay
    return "whole" if fault is None else fault.delivery, seconds


def _repeated_header(head: RequestHead) -> Refused | None:
    seen: set[bytes] = set()
    for name, _ in head.headers:
        if name in SINGLE_HEADERS and name in seen:
            return Refused("bad-framing", reason=f"header {name.decode()} is repeated")
        seen.add(name)
    return None
