"""The evidence of one case: the given input, the exchanges on the fake, the client's report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from aleph_contract.cases.doubt import DoubtKind
from aleph_contract.contract import Contract
from aleph_contract.contract.examples import readings
from aleph_contract.contract.validate import validate, validator_for
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.outcome import Outcome, ReportedError
from aleph_contract.rules.other_routes import other_route
from aleph_contract.rules.parsed_exchange import (
    OTHER_SUCCESS,
    ReplyVerdict,
    SentInput,
    is_reported,
    read_reply,
    read_request,
    result_key,
)
from aleph_contract.rules.retry_policy import Repeat, retry_row
from aleph_contract.schema.validation.violations import leaves


@dataclass(frozen=True)
class Evidence:
    """Everything known about one case. The checks read it and change nothing.

    Args:
        contract: The contract that the client is judged by.
        outcome: What the client reported; `None` for recorded traffic.
        exchanges: The exchanges that the fake recorded, in order.
        intended: The input that the client was given.
        polarity: Polarity of that input; `None` for traffic.
        doubt: The kind of doubt about a gray input, which turns the findings that it excuses into
            advice; `None` for a portable one.
        fault: Name of the scripted fault, if any.
        leaks: Places where the client wrote the token, such as `its standard output`.
        other_results: In concurrent runs: the `result_key` of each other run, and its case.
        require_local_validation: Whether the client must refuse a violating input before sending.
        advice: Whether every finding is advice (cases of the profile that was not asked for).
    """

    contract: Contract
    outcome: Outcome | None
    exchanges: tuple[Exchange, ...]
    intended: Any = None
    polarity: Literal["valid", "violating"] | None = None
    doubt: DoubtKind | None = None
    fault: str | None = None
    leaks: tuple[str, ...] = ()
    other_results: Mapping[str, str] = field(default_factory=dict)
    require_local_validation: bool = False
    advice: bool = False

    # -- the requests -------------------------------------------------------------------------

    @cached_property
    def run_exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges without the calls to other routes of the API, which run no model."""
        return tuple(x for x in self.exchanges if not other_route(x))

    @cached_property
    def calls(self) -> tuple[Exchange, ...]:
        """The requests for a run, without those to the target of a redirect."""
        return tuple(x for x in self.run_exchanges if x.outcome != "elsewhere")

    @cached_property
    def posts(self) -> tuple[Exchange, ...]:
        """The calls on the documented route, which carry an input."""
        return tuple(x for x in self.calls if x.method == "POST" and x.outcome != "no-route")

    @cached_property
    def sent(self) -> tuple[SentInput, ...]:
        """The parsed body of each post, except where a scripted fault broke it off."""
        return tuple(read_request(x) for x in self.posts if x.request_complete or not x.fault)

    @property
    def sent_astray(self) -> ReportedError | None:
        """The error of a client that reports a failed request while none reached the fake."""
        error = self.outcome.error if self.outcome and not self.run_exchanges else None
        return error if error and error.stage in ("api", "transport") else None

    def violations(self, sent: SentInput) -> str:
        """How a sent input violates the contract; empty if it is valid."""
        if self._is_valid(sent):
            return ""
        return "; ".join(v.message for v in leaves(validate(sent.input, self.contract)))

    def repaired(self, sent: SentInput) -> bool:
        """Whether a violating input was turned into a valid one before it was sent."""
        return self.polarity == "violating" and not sent.problem and self._is_valid(sent)

    def _is_valid(self, sent: SentInput) -> bool:
        return validator_for(self.contract).is_valid(sent.input)

    # -- the replies --------------------------------------------------------------------------

    @cached_property
    def call_replies(self) -> tuple[ReplyVerdict, ...]:
        """The verdict on the reply to each of `calls`."""
        return tuple(read_reply(x, self.contract) for x in self.calls)

    @cached_property
    def repeats(self) -> tuple[Repeat | None, ...]:
        """Whether each of `calls` may be repeated: the next call of the case is its repetition."""
        return tuple(map(_may_repeat, self.calls, self.call_replies))

    @cached_property
    def replies(self) -> tuple[ReplyVerdict, ...]:
        """The verdict on each reply, including replies of the target of a redirect."""
        if self._answered is self.calls:
            return self.call_replies
        return tuple(read_reply(x, self.contract) for x in self._answered)

    @cached_property
    def _answered(self) -> tuple[Exchange, ...]:
        """The exchanges that lead to the result: a page that an error message names does not."""
        redirected = any(x.status is not None and 300 <= x.status < 400 for x in self.calls)  # noqa: PLR2004 - RFC 9110
        return self.run_exchanges if redirected else self.calls or self.run_exchanges

    @property
    def last_reply(self) -> ReplyVerdict | None:
        """The verdict on the last reply, which decides what the client has to report."""
        return self.replies[-1] if self.replies else None

    @property
    def last_status(self) -> int | None:
        """Status of the last reply; `None` if no reply was sent."""
        return self._answered[-1].status if self._answered else None

    @property
    def cost(self) -> Decimal:
        """USD that all calls of the case would have cost."""
        return sum((x.cost for x in self.exchanges), Decimal(0))

    # -- the report ---------------------------------------------------------------------------

    @property
    def reported_result(self) -> bool:
        """Whether the client reported a result."""
        return self.outcome is not None and self.outcome.kind == "result"

    @property
    def missing_report(self) -> str:
        """Why there is no report: the client got stuck or crashed. Empty if there is a report."""
        if self.outcome is not None and self.outcome.kind in ("stuck", "crashed"):
            return self.outcome.reason or self.outcome.kind
        return ""

    def ended_without_report(self) -> str:
        """The finding for a client that got stuck or crashed; empty if it reported."""
        reason = self.missing_report
        return f"ended without a report; an error is right: {reason}" if reason else ""

    @property
    def swapped_with(self) -> str | None:
        """Name of the concurrent case whose result the client reported instead of its own."""
        result = self.outcome.result if self.outcome else None
        own = self.last_reply
        if result is None or (own is not None and is_reported(result, own)):
            return None
        keys = map(result_key, (result, *readings(result)))
        return next((self.other_results[key] for key in keys if key in self.other_results), None)


def _may_repeat(call: Exchange, reply: ReplyVerdict) -> Repeat | None:
    """Whether the call may be repeated; `None` for a completed run and a redirect."""
    if reply.kind == "completed" and reply.gray != OTHER_SUCCESS:
        return None
    row = retry_row(None if reply.kind == "cut" else call.status, reply.code, reply.message)
    return row.repeat if row else None
