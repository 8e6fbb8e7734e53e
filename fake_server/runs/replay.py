"""Answer runs from a recording, for `aleph-contract serve --replay`.

A run is found by its surface, its model and its input. An input that was recorded several times
gets its replies in the recorded order, then the last one again. A run that is not in the recording
is answered by the contract. The header `x-aleph-contract-replay` says which it was.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from aleph_contract.core.exchange import SurfaceName
from aleph_contract.errors import ArgumentError
from aleph_contract.rules.parsed_exchange import MODEL_HEADER, SentInput, read_body
from fake_server.replies.successes import digest
from fake_server.runs.decision import Admission, Answer, Applied, RunCall
from fake_server.runs.lifecycle import Runs
from fake_server.runs.outside_reply import OutsideReply, outcome_of
from fake_server.runs.request import NO_CHARGE, ReceivedRequest

_log = logging.getLogger("aleph_contract")

#: Header of a run's answer that says whether it is in the recording.
REPLAY_HEADER = b"x-aleph-contract-replay"
_HIT, _MISS = (REPLAY_HEADER, b"hit"), (REPLAY_HEADER, b"miss")

#: Bytes of replies that are kept.
MAX_BYTES = 512 * 1024 * 1024

#: Inputs that are named on standard error as missing, each once.
_MAX_NAMED = 1000

RunKey = tuple[SurfaceName, str, bytes]


class RecordedReplies:
    """The replies of a recording by run; safe to use from any thread.

    Args:
        name: Name of the recording in messages.
        hide: Removes the secrets of the recording from bytes; requests are compared without them.
    """

    def __init__(self, name: str, hide: Callable[[bytes], bytes] = lambda raw: raw) -> None:
        self.name = name
        self._hide = hide
        self._replies: dict[RunKey, list[OutsideReply]] = {}
        self._next: dict[RunKey, int] = {}
        self._missed: set[RunKey | None] = set()
        self._lock = threading.Lock()
        self._bytes = 0
        #: Number of replies.
        self.count = 0

    def add(self, surface: SurfaceName, sent: SentInput, reply: OutsideReply) -> bool:
        """Add a reply after those to the same run; `False` if the request is no run.

        Raises:
            ArgumentError: The recording is too large to be kept in memory.
        """
        key = _key(surface, sent)
        if key is None:
            return False
        self._bytes += len(reply.body)
        if self._bytes > MAX_BYTES:
            raise ArgumentError(
                f"the replies in {self.name} have more than {MAX_BYTES // 2**20} MiB; replay a "
                "part of the recording"
            )
        self._replies.setdefault(key, []).append(reply)
        self.count += 1
        return True

    def find(self, surface: SurfaceName, request: ReceivedRequest) -> OutsideReply | None:
        """The next reply to a run; `None` if the recording has none, which is reported once."""
        head = request.head
        model = head.by_name.get(MODEL_HEADER.encode(), b"").decode("latin-1")
        sent = read_body(surface, head.path, model, self._hide(request.body))
        key = _key(surface, sent)
        with self._lock:
            replies = self._replies.get(key) if key is not None else None
            if replies is None or key is None:
                is_new = key not in self._missed and len(self._missed) < _MAX_NAMED
                self._missed.add(key)
            else:
                at = self._next.get(key, 0)
                self._next[key] = min(at + 1, len(replies) - 1)
                return replies[at]
        if is_new:
            self._report(sent, request)
        return None

    def _report(self, sent: SentInput, request: ReceivedRequest) -> None:
        reason = sent.problem or f"no recorded run of {sent.model!r:.100} has this input"
        _log.warning(
            "aleph-contract: %s: not in %s, so the contract answers: %s",
            request.head.path, self.name, reason,
        )  # fmt: skip


class ReplayedRuns(Runs):
    """`Runs` of a fake with a recording; it has no fast path.

    Args:
        *arguments: As of `Runs`.
        replies: The recording.
        **options: As of `Runs`.
    """

    def __init__(self, *arguments: Any, replies: RecordedReplies, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fast_path = None
        self._replies = replies

    def _answer(self, request: ReceivedRequest, admission: Admission) -> tuple[Answer, Applied]:
        """The recorded answer to an admitted run without a fault; else that of the contract."""
        if admission.refused is not None or admission.redirected or admission.other is not None:
            return super()._answer(request, admission)
        surface = admission.surface
        call = self._responder.check(request, admission)
        scripted = call.step is not None and call.step.fault is not None
        if scripted or not request.complete or request.head.method != "POST":
            return self._responder.answer(request.head, surface, call)
        reply = self._replies.find(surface.name, request)
        if reply is not None:
            return self._replayed(admission, call, reply)
        answer, applied = self._responder.answer(request.head, surface, call)
        return answer._replace(headers=(*answer.headers, _MISS)), applied

    def _replayed(
        self, admission: Admission, call: RunCall, reply: OutsideReply
    ) -> tuple[Answer, Applied]:
        """The recorded answer; a completed run is billed, or refused without the credits for it."""
        verdict = reply.verdict(call)
        outcome = outcome_of(verdict.kind, reply.status, call)
        charge = NO_CHARGE
        if outcome == "completed":
            charge, refused = self._responder.bill(call, verdict.whole)
            if refused is not None:
                return self._responder.refusal(admission.surface, refused), Applied(
                    call.account, call.step
                )
        return reply.answer(outcome, _HIT), Applied(call.account, call.step, charge)


def _key(surface: SurfaceName, sent: SentInput) -> RunKey | None:
    """The key that two requests of one run share; `None` if a request is no run."""
    if sent.problem or not isinstance(sent.model, str):
        return None
    return surface, sent.model, digest(sent.input)
