"""The options of a verification."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aleph_contract.core.clock import Clock
from aleph_contract.core.results import Level
from aleph_contract.verify.rule_selection import RuleSelection

if TYPE_CHECKING:
    from aleph_contract.verify.fakes import RemoteFake
    from aleph_contract.verify.known_failing import KnownFailing


#: Seconds for a case that is never answered, unless the user chooses.
DEFAULT_PATIENCE = 1.0

#: The same on a faster clock: longer than the usual time-outs, up to ten minutes.
LONG_PATIENCE = 660.0

#: Seconds of the machine that this may take.
MAX_WAIT = 10.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a verification; each has the name of its command line option.

    Args:
        profile: The reply shape whose findings count; those of the other one are advice.
        run: Globs over case names, or names of phases; empty means all.
        skip: Globs over case names, or names of phases, that are left out.
        max_examples: Number of inputs that Hypothesis draws for each property; 0 for no property.
        seed: Seed of the draws.
        timeout: Seconds that the client has for one case; always seconds of the machine.
        patience: Seconds that the client has for a case that is never answered; a client that
            still waits then gets advice. `None`: see `default_patience`, and the case is skipped
            then, for waiting is correct: real runs take minutes.
        require_local_validation: Whether the client must refuse a violating input before sending.
        known_failing: The expected failures.
        fail_on: `advice` if advice fails the client too.
        rules: The rules to judge.
        intercept: Whether calls to https://api.cloudflare.com reach the fake.
        allow_hosts: Other hosts that the interceptor lets through.
        stop_at_first: Whether the first failure ends the verification.
        command: The words of the command line that select the client, for `CaseResult.reproduce`.
        host: Address that the fake listens on; for a wildcard address the client is told an address
            of this machine.
        port: Port that the fake listens on; 0 picks a free one.
        speed: How many times faster the client's clock runs; `None` for the highest speed that is
            safe on this machine.
        latency: Seconds that a completed run takes.
        credits: USD that all runs of one case may cost.
        spend_limit: USD at which the gateway refuses the runs of a case.
        max_body: Bound on the bytes of a body; `None` for that of the fake.
        remote: A fake that runs elsewhere, instead of a new one.
    """

    profile: str = "documented"
    run: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    max_examples: int = 50
    seed: int = 0
    timeout: float = 30.0
    patience: float | None = None
    require_local_validation: bool = False
    known_failing: KnownFailing | None = None
    fail_on: Level = "must"
    rules: RuleSelection = field(default_factory=RuleSelection)
    intercept: bool = False
    allow_hosts: tuple[str, ...] = ()
    stop_at_first: bool = False
    command: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 0
    speed: float | None = 1.0
    latency: float = 0.0
    credits: Decimal | None = None
    spend_limit: Decimal | None = None
    max_body: int | None = None
    remote: RemoteFake | None = None

    @property
    def fake_options(self) -> dict[str, Any]:
        """The options of the fake that the user chose; see `fake_server.create_app`."""
        names = ("profile", "latency", "credits", "spend_limit", "max_body")
        return {name: getattr(self, name) for name in names}

    def never_answered_timeout(self, clock: Clock) -> float:
        """Seconds of the client that it has for a case that is never answered."""
        return default_patience(clock) if self.patience is None else self.patience


def default_patience(clock: Clock) -> float:
    """Seconds of the client for a case that is never answered, unless the user chooses.

    On a faster clock there is time to see the client's own time-out.
    """
    return min(LONG_PATIENCE, clock.elapsed(MAX_WAIT)) if clock.faster else DEFAULT_PATIENCE
