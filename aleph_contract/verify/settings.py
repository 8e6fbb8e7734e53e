"""The options of a verification."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aleph_contract.core.results import Level
from aleph_contract.verify.rule_selection import RuleSelection

if TYPE_CHECKING:
    from aleph_contract.verify.known_failing import KnownFailing


#: Seconds for a case that is never answered, unless the user chooses.
DEFAULT_PATIENCE = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a verification; each has the name of its command line option.

    Args:
        profile: The reply shape whose findings count; those of the other one are advice.
        run: Globs over case names, or names of phases; empty means all.
        skip: Globs over case names, or names of phases, that are left out.
        max_examples: Number of inputs that Hypothesis draws for each property; 0 for no property.
        seed: Seed of the draws.
        timeout: Seconds that the client has for one case.
        patience: Seconds that the client has for a case that is never answered; a client that
            still waits then gets advice. `None`: `DEFAULT_PATIENCE`, and the case is skipped then,
            for waiting is correct: real runs take minutes.
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

    @property
    def never_answered_timeout(self) -> float:
        """Seconds that the client has for a case that is never answered."""
        return DEFAULT_PATIENCE if self.patience is None else self.patience
