"""Group recorded calls into runs: a call and its repetitions are one run of the model.

No client says that a call is a retry. Two calls are linked only if everything about them fits: same
account, token, target and body, the second soon after the end of the first, no other call between
them, and a first answer that did not complete the run. The borders of tests make the link certain:
two calls of one test belong together, and calls of two tests never do. Without borders it is a
guess. Example: the same `curl` command typed twice looks like a retry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.retry_policy import retry_after
from aleph_contract.rules.suite import NO_SUITE, Span, Suite

#: Seconds from the end of a call, and of the wait that its reply asks for, in which a repetition of
#: it is a retry (assumed; the back-off of the official SDKs ends at 8 s).
LINK_SECONDS = 10.0

#: Number of calls that are searched for one between two equal calls.
_MAX_BETWEEN = 100

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
        return next(call for call in reversed(self.calls) if call.outcome != "elsewhere")


@dataclass(slots=True)
class _Grouping:
    """The state of `group`: all calls so far, the runs, and the newest run of each kind of call."""

    suite: Suite
    seen: list[Exchange] = field(default_factory=list)
    runs: list[LinkedRun] = field(default_factory=list)
    newest: dict[object, tuple[int, LinkedRun]] = field(default_factory=dict)
    concurrent: set[object] = field(default_factory=set)

    def add(self, call: Exchange) -> None:
        position = len(self.seen)
        self.seen.append(call)
        if call.outcome == "elsewhere" and self.runs:
            self.runs[-1].calls.append(call)
            return
        span = self.suite.span(call)
        kind = (_kind(call), span and (span.process, span.number))
        before, run = self.newest.get(kind, (0, None))
        if run is not None and call.received_at < _end(run.last):
            self.concurrent.add(kind)
        if run is not None and self._repeats(run.last, call, before):
            run.calls.append(call)
            run.doubt = _doubt(span, concurrent=kind in self.concurrent)
        else:
            run = LinkedRun([call], span)
            self.runs.append(run)
        self.newest[kind] = position, run

    def _repeats(self, first: Exchange, second: Exchange, position: int) -> bool:
        """Whether `second`, the newest call, repeats `first`, which is at `position` in `seen`."""
        waited = second.received_at - _end(first)
        if first.outcome == "completed" or not 0 <= waited <= LINK_SECONDS + _asked_wait(first):
            return False
        between = self.seen[position + 1 : -1][:_MAX_BETWEEN]
        return not any(_is_between(other, first, second) for other in between)


def group(exchanges: Iterable[Exchange], suite: Suite = NO_SUITE) -> list[LinkedRun]:
    """Group the exchanges of one account, given in order of arrival, into runs."""
    grouping = _Grouping(suite)
    for exchange in exchanges:
        grouping.add(exchange)
    return grouping.runs


def _asked_wait(call: Exchange) -> float:
    """Seconds that the reply asks the client to wait; 0 without a Retry-After header."""
    headers = {name.lower(): value for name, value in call.response_headers}
    return retry_after(headers.get("retry-after", ""), _end(call))


def _kind(call: Exchange) -> tuple[object, ...]:
    """Calls that differ in one of these never belong to one run."""
    return call.account, call.token_fingerprint, call.method, call.target, call.request_body


def _end(call: Exchange) -> float:
    return call.received_at + call.elapsed


def _is_between(other: Exchange, first: Exchange, second: Exchange) -> bool:
    """Whether a different call began after `first` ended and ended before `second` began."""
    different = other.outcome != "elsewhere" and _kind(other) != _kind(first)
    return different and _end(first) <= other.received_at and _end(other) <= second.received_at


def _doubt(span: Span | None, *, concurrent: bool) -> str:
    if span is None:
        return NO_BORDERS
    if span.test.repeats:
        return REPEATS
    return CONCURRENT if concurrent else ""
