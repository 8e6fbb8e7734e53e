"""Results of a verification: the frozen records that judge, runner, coverage and reports share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from aleph_contract.core.exchange import Exchange
from aleph_contract.core.outcome import Outcome

Level = Literal["must", "advice"]

#: Calls with more seconds of video than this are left out of a total price: the contract has no
#: maximum duration, and the price of a 1e308 s video would hide that of all other calls.
MAX_PRICED_SECONDS = 86_400

#: How the client handles the replies of the profile that was not asked for.
OtherProfile = Literal["conforms", "does-not-conform", "not-checked"]

#: Statuses of a case; a summary counts each case once, so the counts add up to the total.
STATUSES = ("passed", "failed", "expected", "skipped", "could-not-run")
Status = Literal["passed", "failed", "expected", "skipped", "could-not-run"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule broken in one case.

    Args:
        rule: Id of the rule, such as `request.faithful`.
        level: `must` fails the client; `advice` is shown and counted apart.
        message: One sentence that says what happened in this case.
        cost: USD that the calls of this case would have cost.
        is_cause: Whether it explains findings of other rules, which it replaces; reports show it
            first.
    """

    rule: str
    level: Level
    message: str
    cost: Decimal = Decimal(0)
    is_cause: bool = False


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case, run and judged, with all its evidence.

    Args:
        name: Stable name, such as `boundary/seed/maximum/above`.
        phase: The phase it belongs to.
        status: See `STATUSES`; a case with advice alone has passed.
        intended: The input given to the client, a JSON value; or its JSON text where the case
            tests how a number is written.
        expectation: One sentence: how a conformant client treats the input.
        polarity: `valid` or `violating`; `None` in `exec` mode, which probes no input.
        constraint: Key of the constraint it probes (`Constraint.key`), if any.
        checked: Ids of the rules that this case could have broken.
        findings: The rules it broke.
        outcome: The client's report; `None` in `exec` mode.
        exchanges: The requests that the fake received, with their responses, in order.
        reason: Why it was skipped, expected to fail, or could not run.
        fault: Name of the scripted fault, if any.
        profile: The profile that was served.
        elapsed: Seconds.
        curl: A command that sends the intended request to a running fake.
        reproduce: A command that runs this case alone.
        portable: False for a gray case, whose findings are advice.
        on_bound: False for a valid case that is near the bound of its constraint instead of on it.
    """

    name: str
    phase: str
    status: Status
    intended: Any = None
    expectation: str = ""
    polarity: Literal["valid", "violating"] | None = None
    constraint: str | None = None
    checked: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    outcome: Outcome | None = None
    exchanges: tuple[Exchange, ...] = ()
    reason: str = ""
    fault: str | None = None
    profile: str = "documented"
    elapsed: float = field(default=0.0, compare=False)
    curl: str = ""
    reproduce: str = ""
    portable: bool = True
    on_bound: bool = True

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The findings that fail the client."""
        return tuple(finding for finding in self.findings if finding.level == "must")


@dataclass(frozen=True, slots=True)
class Client:
    """The client under test, by the name it gives itself."""

    name: str
    version: str = ""
    language: str = ""


@dataclass(slots=True)
class Traffic:
    """Totals of calls, counted call by call.

    Args:
        calls: Number of calls.
        billed: Number of them that the real service may have billed.
        cost: Their price in USD, without calls of more than `MAX_PRICED_SECONDS` of video.
        priced: Number of billed calls in `cost`.
        unpriced: Number of billed calls whose price is unknown.
        faults: Number of times that each fault was played.
    """

    calls: int = 0
    billed: int = 0
    cost: Decimal = Decimal(0)
    priced: int = 0
    unpriced: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, exchanges: Iterable[Exchange]) -> None:
        """Count some calls."""
        for call in exchanges:
            self.calls += 1
            self.billed += call.billed
            if call.fault:
                self.faults[call.fault] += 1
            if call.billed and call.billed_seconds is None:
                self.unpriced += 1
            elif (call.billed_seconds or 0) <= MAX_PRICED_SECONDS:
                self.priced += call.billed
                self.cost += call.cost


@dataclass(frozen=True, slots=True)
class Verification:
    """A whole verification, ended or interrupted.

    Args:
        mode: `verify`, `exec`, `judge`, or `server` for a verification of a server.
        trouble: Reasons why the check could not be carried out, such as a client that does not
            start. If there is one, the exit code is 3.
        unexpected_passes: Known failures that passed.
        stale: Lines of the known-failing file that match no case.
        command_exit: In `exec` mode the exit code of the user's command.
        coverage: One row for each constraint, polarity and observed outcome.
        unexamined: Must rules that the selected cases could examine, but no case did, because the
            client skipped them. If there is one, the client is not called conformant.
        fail_on: `advice` if advice fails the client too.
        left_out: Totals of the calls whose exchanges are not in `results`: of draws that broke no
            new rule, and of a long recording, of which only some are kept.
        written_at: When the report was written, and `commit`: the commit of the client. A report
            that shows them sets both.
    """

    mode: Literal["verify", "exec", "judge", "server"]
    model: str
    contract_version: str
    profile: str
    seed: int
    client: Client
    results: tuple[CaseResult, ...]
    phases: tuple[tuple[str, float], ...] = ()
    trouble: tuple[str, ...] = ()
    unexpected_passes: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    interrupted: bool = False
    command_exit: int | None = None
    coverage: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()
    unexamined: tuple[str, ...] = ()
    fail_on: Level = "must"
    left_out: Traffic = field(default_factory=Traffic)
    written_at: str = field(default="", compare=False)
    commit: str = field(default="", compare=False)
    elapsed: float = field(default=0.0, compare=False)

    @property
    def counts(self) -> dict[str, int]:
        """The number of cases in each status; the values add up to the number of cases."""
        counted = Counter[str](result.status for result in self.results)
        return {status: counted[status] for status in STATUSES}

    @property
    def examined(self) -> int:
        """The number of cases that examined at least one rule."""
        return sum(bool(result.checked) for result in self.results)

    @property
    def advised(self) -> int:
        """The number of cases with advice."""
        return sum(any(f.level == "advice" for f in result.findings) for result in self.results)

    @property
    def other_profile(self) -> OtherProfile:
        """How the client handles the replies of the profile that was not asked for."""
        others = [r for r in self.results if r.profile != self.profile and r.checked]
        if not others:
            return "not-checked"
        return "does-not-conform" if any(r.findings for r in others) else "conforms"

    @property
    def conformant(self) -> bool:
        """Whether no case failed, each rule was examined, and the known-failing file is right."""
        return not self.failing and bool(self.examined) and not self.unexamined

    @property
    def failing(self) -> bool:
        """Whether a case failed, or the known-failing file is out of date."""
        advised = self.fail_on == "advice" and self.advised
        return bool(self.counts["failed"] or self.unexpected_passes or self.stale or advised)

    @property
    def exit_code(self) -> int:
        """The command's own code if not 0; 3 if the check could not be carried out; else 0 or 1.

        A check in which no case examined a rule was not carried out.
        """
        if self.command_exit:
            return self.command_exit
        if self.trouble or self.counts["could-not-run"] or self.interrupted:
            return 3
        if self.failing:
            return 1
        return 0 if self.conformant else 3
