"""The sidebar: the spending and the scenario of one account."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from fake_server.state.accounts import Account
from fake_server.state.billing import Bill
from fake_server.state.scenarios import ScenarioStep


@dataclass(frozen=True, slots=True)
class Spending:
    """The spending of an account.

    Args:
        bill: Its bill.
        credits: USD that its runs may cost; `None` means unlimited.
        limit: USD from which on the gateway refuses runs; `None` means unlimited.
    """

    bill: Bill
    credits: Decimal | None
    limit: Decimal | None

    @classmethod
    def of(cls, account: Account) -> Spending:
        """The spending of `account`."""
        limit = account.spend_limit
        return cls(account.bill, account.credits, None if limit is None else limit.usd)


def describe_step(step: ScenarioStep) -> str:
    """A scenario step in words, such as `rate-limited, 2 times, Retry-After 3 s`."""
    times = (
        "every run" if step.times is None else "once" if step.times == 1 else f"{step.times} times"
    )
    answer = step.fault.name if step.fault else "normal answer"
    words = [answer if step.reply is None else f"own reply {step.reply.status}", times]
    if step.retry_after is not None:
        words.append(f"Retry-After {step.retry_after} s")
    if step.delay is not None:
        words.append(f"after {step.delay:g} s")
    return ", ".join(words)
