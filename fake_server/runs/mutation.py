"""Change one call, for `aleph-contract mutate`: what the client gets, or what is recorded.

An ordinary fake does not use this module: it has a `Runs`, which knows nothing of mutations.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from fake_server.runs.decision import Admission, Answer, Applied, RecordSent, Run
from fake_server.runs.lifecycle import Runs
from fake_server.runs.request import NO_CHARGE, Charge, Headers, ReceivedRequest
from fake_server.state.scenarios import ScenarioStep


@dataclass(frozen=True, slots=True)
class CallMutation:
    """A change to one call. Exactly one of the members below `occurrence` is set.

    Args:
        selects: Whether a call counts, by the bytes of its request body.
        occurrence: Which of the calls that count is changed, from 1; `None` for all of them.
        step: The step of a scenario that the call gets instead of its own.
        reply: Makes the response body that the client gets. It takes the body of the right
            response, the URL of a result up to its file name, and the body of the completed run
            before this one, if there is one. The journal shows the right response.
        completes: Whether the client gets a completed run in place of the failure. The journal
            shows the failure.
        sent: Makes the request body that the journal shows and the bill counts. The client gets
            the response to its own request.
        twice: Whether the journal shows the call twice, and the bill counts it twice.
    """

    selects: Callable[[bytes], bool]
    occurrence: int | None = 1
    step: ScenarioStep | None = None
    reply: Callable[[bytes, bytes, bytes | None], bytes] | None = None
    completes: bool = False
    sent: Callable[[bytes], bytes] | None = None
    twice: bool = False


class Mutator:
    """Holds the mutation of one fake, and finds the call that it changes.

    Args:
        mutation: The mutation; `None` changes nothing.
    """

    def __init__(self, mutation: CallMutation | None = None) -> None:
        self._mutation = mutation
        self._lock = threading.Lock()
        self._counted = 0
        #: The body of the completed run before the current call.
        self.previous: bytes | None = None
        #: Number of changed calls.
        self.applied = 0

    def start_test(self) -> None:
        """Begin a test: each test sees the mutation once."""
        with self._lock:
            self._counted = 0
            self.previous = None

    def claim(self, request: ReceivedRequest) -> CallMutation | None:
        """The mutation, if this is the call that it changes."""
        mutation = self._mutation
        if mutation is None or not request.complete or not mutation.selects(request.body):
            return None
        with self._lock:
            self._counted += 1
            if mutation.occurrence not in (None, self._counted):
                return None
            self.applied += 1
            return mutation


class MutatedRuns(Runs):
    """`Runs` of a fake with a mutation; it has no fast path.

    Args:
        *arguments: As of `Runs`.
        mutator: Finds the call to change.
        **options: As of `Runs`.
    """

    def __init__(self, *arguments: Any, mutator: Mutator, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fast_path = None
        self._mutator = mutator

    def respond(self, request: ReceivedRequest, admission: Admission) -> Run:
        """See `Runs`."""
        mutation = self._mutator.claim(request)
        if mutation is not None and mutation.step is not None:
            admission = replace(admission, step=mutation.step)
        answer, applied = self._decide(request, admission)
        if mutation is not None and mutation.sent is not None:
            run = self._with_other_request(request, admission, answer, applied, mutation.sent)
        else:
            run = self._planned(request, admission, answer, applied)
        if mutation is not None and mutation.twice:
            run = self._recorded_twice(run, request, admission, applied)
        if mutation is not None and (mutation.reply is not None or mutation.completes):
            run = self._with_other_reply(run, request, admission, mutation)
        if answer.outcome == "completed":
            self._mutator.previous = answer.body
        return run

    def _with_other_reply(
        self, run: Run, request: ReceivedRequest, admission: Admission, mutation: CallMutation
    ) -> Run:
        """The client gets another reply than the journal shows."""
        right = run.answer
        if mutation.reply is None:
            shown = self._responder.result(request.head, admission)
        else:
            origin = self.urls.result_files(request.head, admission.surface)
            body = mutation.reply(right.body, origin, self._mutator.previous)
            headers = _sized(right.headers, body)
            shown = right._replace(headers=headers, body=body)
        return Run(shown, run.account, "whole", 0.0, _recording(run.record, right))

    def _with_other_request(
        self,
        request: ReceivedRequest,
        admission: Admission,
        answer: Answer,
        applied: Applied,
        sent: Callable[[bytes], bytes],
    ) -> Run:
        """The journal and the bill show another request than the client sent."""
        body = sent(request.body)
        headers = _sized(tuple(request.head.headers), body)
        head = replace(request.head, headers=headers, by_name=dict(headers))
        other = ReceivedRequest(head, body, complete=True)
        charge = self._responder.price(other, admission) if applied.charge.billed else NO_CHARGE
        _rebill(applied, charge)
        return self._planned(other, admission, answer, replace(applied, charge=charge))

    def _recorded_twice(
        self, run: Run, request: ReceivedRequest, admission: Admission, applied: Applied
    ) -> Run:
        """The journal and the bill show the call twice."""
        charge = applied.charge
        if charge.billed:
            applied.account.charge(charge.seconds, charge.usd)
        again = self._planned(request, admission, run.answer, applied)

        def record(
            status: int | None, headers: Headers, body: bytes, outcome: str
        ) -> Awaitable[None] | None:
            first = run.record(status, headers, body, outcome)
            second = again.record(status, headers, body, outcome)
            return second or first

        return Run(run.answer, run.account, run.delivery, run.seconds, record, run.webhook)


def _recording(record: RecordSent, right: Answer) -> RecordSent:
    """Record the right answer instead of the one that was sent."""

    def recorded(
        status: int | None,
        headers: Headers,  # noqa: ARG001 - the signature of `RecordSent`
        body: bytes,  # noqa: ARG001 - the same
        outcome: str,
    ) -> Awaitable[None] | None:
        if status is None:
            return record(None, (), b"", outcome)
        return record(right.status, right.headers, right.body, right.outcome)

    return recorded


def _rebill(applied: Applied, charge: Charge) -> None:
    before = applied.charge
    if before.billed:
        applied.account.rebill((before.seconds, before.usd), (charge.seconds, charge.usd))


def _sized(headers: Headers, body: bytes) -> Headers:
    """The headers with the length of another body."""
    return tuple(
        (name, b"%d" % len(body) if name == b"content-length" else value) for name, value in headers
    )
