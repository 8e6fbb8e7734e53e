"""All that is known of one case: what was meant, what was sent, answered and reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange, Outcome
from aleph_contract.rules.parsed_exchange import ReplyVerdict, SentInput, read_reply, read_request


@dataclass(frozen=True)
class Evidence:
    """All that is known of one case.

    Args:
        contract: What the client is held to.
        outcome: What the client reported; `None` in passive mode.
        exchanges: What the fake saw, in order.
        intended: The input that the client was given.
        polarity: Of that input; `None` in passive mode.
        portable: False for gray cases, whose findings are advice.
        fault: The scripted fault, if any.
        leaks: Where the token showed up in what the client wrote (`its output`, …).
        others: In concurrent runs, the videos of the others by their name.
        local: Whether violating input must be refused before the network.
        advice: Whether every finding is advice (another profile than the one asked for).
    """

    contract: Contract
    outcome: Outcome | None
    exchanges: tuple[Exchange, ...]
    intended: Any = None
    polarity: Literal["valid", "violating"] | None = None
    portable: bool = True
    fault: str | None = None
    leaks: tuple[str, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    local: bool = False
    advice: bool = False

    @cached_property
    def calls(self) -> tuple[Exchange, ...]:
        """The requests to the service itself, without those that a redirect led elsewhere."""
        return tuple(x for x in self.exchanges if x.outcome != "elsewhere")

    @cached_property
    def posts(self) -> tuple[Exchange, ...]:
        """The calls that came to the right route, and so carry an input."""
        return tuple(x for x in self.calls if x.method == "POST" and x.outcome != "no-route")

    @cached_property
    def requests(self) -> tuple[SentInput, ...]:
        """What each of the posts asked for, except where a scripted fault kept it from arriving."""
        return tuple(read_request(x) for x in self.posts if x.request_complete or not x.fault)

    @cached_property
    def replies(self) -> tuple[ReplyVerdict, ...]:
        """What each answer amounts to, redirected ones included."""
        return tuple(read_reply(x) for x in self.exchanges)

    @property
    def last(self) -> ReplyVerdict | None:
        """The answer that the client's report should rest on."""
        return self.replies[-1] if self.replies else None

    @property
    def took_result(self) -> bool:
        """Whether the client reported a result."""
        return self.outcome is not None and self.outcome.kind == "result"

    @property
    def silent(self) -> str:
        """How the client ended without a report, if it did."""
        if self.outcome is not None and self.outcome.kind in ("stuck", "crashed"):
            return self.outcome.reason or self.outcome.kind
        return ""

    @property
    def cost(self) -> Decimal:
        """USD that all calls of the case would have cost."""
        return sum((x.cost for x in self.exchanges), Decimal(0))
