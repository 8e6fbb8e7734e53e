"""Group recorded calls into runs: a call and its repetitions are one run of the model.

No client says that a call is a retry. Two calls are linked only if everything about them fits: same
account, token, target and body, the second soon after the end of the first, no other call between
them, and a first answer that did not complete the run. The borders of tests make the link certain:
two calls of one test belong together, and calls of two tests never do. Without borders it is a
guess. Example: the same `curl` command typed twice looks like a retry.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from aleph_contract.core.body_start import BodyStart
from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.retry_after import retry_after
from aleph_contract.rules.suite import NO_SUITE, Span, Suite

#: Seconds from the end of a call, and of the wait that its reply asks for, in which a repetition of
#: it is a retry (assumed; the back-off of the official SDKs ends at 8 s).
LINK_SECONDS = 10.0

#: Number of calls that are searched for one between two equal calls.
_MAX_BETWEEN = 100

#: Bytes of calls that are held because a later call may belong to the same run. When there are
#: more, the oldest run is taken as complete.
MAX_HELD = 8 * 1024 * 1024

#: Bytes of an exchange beside its bodies (measured: 1 to 2 KB).
_OVERHEAD = 2000

NO_BORDERS = "no test borders are known"
REPEATS = "the test runs its body several times"
CONCURRENT = "the same call was made concurrently"


@dataclass(slots=True)
class LinkedRun:
    """The calls of one run.

    Args:
        calls: The first call, its repetitions, and the requests that followed redirects of these.
        span: The test that made them, if known.
        doubt: Why it is a guess that the calls belong together; empty if it is certain, or if
            there is one call only.
    """

    calls: list[Exchange]
    span: Span | None
    doubt: str = ""

    @property
    def last(self) -> Exchange:
        """The last call to the service itself."""
        calls = reversed(self.calls)
        return next((call for call in calls if call.outcome != "elsewhere"), self.calls[-1])


class _Seen(NamedTuple):
    """What is kept of a call to find one between two others."""

    kind: bytes
    elsewhere: bool
    began: float
    ended: float


@dataclass(slots=True)
class _OpenRun:
    """A run that a later call may belong to, and the position of its first call."""

    run: LinkedRun
    position: int


@dataclass(slots=True)
class Grouping:
    """Groups the calls of one account, given in order of arrival, into runs.

    It holds only the runs that a later call may still belong to, so a recording of any length can
    be grouped.

    Args:
        suite: The tests that made the calls.
    """

    suite: Suite = NO_SUITE
    held: int = field(default=0, init=False)
    _open: deque[_OpenRun] = field(default_factory=deque)
    _seen: deque[_Seen] = field(default_factory=deque)
    _forgotten: int = 0
    _newest: dict[object, tuple[int, LinkedRun]] = field(default_factory=dict)
    _concurrent: set[object] = field(default_factory=set)
    _now: float = float("-inf")

    def add(self, call: Exchange, *, timed: bool = True) -> Iterator[LinkedRun]:
        """Add a call.

        Args:
            call: The call.
            timed: Whether the time of the call is known; without it the call is a run of its own.

        Returns:
            The runs that are complete now, in the order of their first calls.
        """
        self._add(call, timed=timed)
        self.held += _size(call)
        self._now = max(self._now, call.received_at)
        return self._complete()

    def end(self) -> Iterator[LinkedRun]:
        """The runs that are left."""
        while self._open:
            yield self._close()

    def _add(self, call: Exchange, *, timed: bool) -> None:
        position = self._forgotten + len(self._seen)
        base = _kind(call)
        self._seen.append(_Seen(base, call.outcome == "elsewhere", call.received_at, _end(call)))
        if call.outcome == "elsewhere" and self._open:
            self._open[-1].run.calls.append(call)
            return
        span = self.suite.span(call)
        kind = (base, span and (span.process, span.number))
        before, run = self._newest.get(kind, (0, None)) if timed else (0, None)
        if run is not None and call.received_at < _end(run.last):
            self._concurrent.add(kind)
        if run is not None and self._repeats(run.last, call, before):
            run.calls.append(call)
            run.doubt = _doubt(span, concurrent=kind in self._concurrent)
        else:
            run = LinkedRun([call], span)
            self._open.append(_OpenRun(run, position))
        if timed:
            self._newest[kind] = position, run

    def _repeats(self, first: Exchange, second: Exchange, position: int) -> bool:
        """Whether `second`, the newest call, repeats `first`, the call at `position`."""
        waited = second.received_at - _end(first)
        if first.outcome == "completed" or not 0 <= waited <= LINK_SECONDS + _asked_wait(first):
            return False
        start = position + 1 - self._forgotten
        stop = min(start + _MAX_BETWEEN, len(self._seen) - 1)
        one, other = self._seen[start - 1], self._seen[-1]
        return not any(_is_between(self._seen[i], one, other) for i in range(start, stop))

    def _complete(self) -> Iterator[LinkedRun]:
        """The oldest runs, as far as no later call can belong to them."""
        while len(self._open) > 1:
            last = self._open[0].run.last
            wait = 0.0 if last.outcome == "completed" else LINK_SECONDS + _asked_wait(last)
            if self._now <= _end(last) + wait and self.held <= MAX_HELD:
                return
            yield self._close()

    def _close(self) -> LinkedRun:
        """Take the oldest run out, and forget the calls before the next one."""
        run = self._open.popleft().run
        self.held -= sum(map(_size, run.calls))
        first = self._open[0].position if self._open else self._forgotten + len(self._seen)
        while self._forgotten < first:
            self._seen.popleft()
            self._forgotten += 1
        span = run.span
        for kind in {(_kind(call), span and (span.process, span.number)) for call in run.calls}:
            if self._newest.get(kind, (0, None))[1] is run:
                del self._newest[kind]
        return run


def group(exchanges: Iterable[Exchange], suite: Suite = NO_SUITE) -> list[LinkedRun]:
    """Group the exchanges of one account, given in order of arrival, into runs."""
    grouping = Grouping(suite)
    runs = [run for exchange in exchanges for run in grouping.add(exchange)]
    return [*runs, *grouping.end()]


def _size(call: Exchange) -> int:
    return len(call.request_body) + len(call.response_body) + _OVERHEAD


def _asked_wait(call: Exchange) -> float:
    """Seconds that the reply asks the client to wait; 0 without a Retry-After header."""
    headers = {name.lower(): value for name, value in call.response_headers}
    return retry_after(headers.get("retry-after", ""), _end(call))


def _kind(call: Exchange) -> bytes:
    """A hash of everything in which the calls of one run are equal."""
    parts = (call.account, call.token_fingerprint, call.method, call.target)
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(text + b"\0" + _body_key(call.request_body), digest_size=16).digest()


def _end(call: Exchange) -> float:
    return call.received_at + call.elapsed


def _is_between(other: _Seen, first: _Seen, second: _Seen) -> bool:
    """Whether a different call began after `first` ended and ended before `second` began."""
    different = not other.elsewhere and other.kind != first.kind
    return different and first.ended <= other.began and other.ended <= second.began


def _doubt(span: Span | None, *, concurrent: bool) -> str:
    if span is None:
        return NO_BORDERS
    if span.test.repeats:
        return REPEATS
    return CONCURRENT if concurrent else ""


def _body_key(body: bytes) -> bytes:
    """The body, or the hash of the whole if only its beginning is known."""
    return body.sha256.encode() if isinstance(body, BodyStart) else body
