"""One client and one fake together: drive a plan, collect what was seen, and judge it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Outcome, ReportedError
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.core.results import CaseResult, Status
from aleph_contract.drivers import Call, Driver
from aleph_contract.errors import CouldNotRun
from aleph_contract.rules.evidence import Evidence
from aleph_contract.rules.judge import judge
from aleph_contract.rules.parsed_exchange import is_uri, read_reply
from aleph_contract.verify.plans import PlannedCase

if TYPE_CHECKING:
    from aleph_contract.verify.known_failing import KnownFailing
    from fake_server.server import AccountHandle, Server

#: Stands where the token stood in what a client wrote.
REDACTED = "<token>"

#: Seconds the fake has to finish what a client left behind before the case is judged.
SETTLE = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What to verify, and how.

    Args:
        profile: The reply shape whose findings count.
        run: Globs over case names, or names of phases; empty means all.
        skip: The same, left out.
        max_examples: Inputs that Hypothesis draws for each property.
        seed: Decides every draw.
        timeout: Seconds a client has for one case.
        patience: Seconds it has where no answer ever comes; it may be right to wait for minutes,
            so going on waiting is no failure.
        require_local_validation: Whether violating input must not reach the network.
        command: The words of the command line that choose this client, for `reproduce`.
    """

    profile: str = "documented"
    run: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    max_examples: int = 50
    seed: int = 0
    timeout: float = 30.0
    patience: float = 1.0
    require_local_validation: bool = False
    known_failing: KnownFailing | None = None
    command: tuple[str, ...] = ()


@dataclass
class Session:
    """One client and one fake, together for the length of a run."""

    server: Server
    driver: Driver
    contract: Contract
    settings: Settings
    _number: int = 0
    _open: dict[str, tuple[PlannedCase, AccountHandle]] = field(default_factory=dict)

    def each(self, plans: Iterable[PlannedCase]) -> Iterator[CaseResult]:
        """Drive cases that do not depend on each other, and judge each as it ends."""
        for some in self._apart(plans):
            for plan, outcome, account in self._run(some):
                yield self.judge(plan, outcome, account)

    def _apart(self, plans: Iterable[PlannedCase]) -> Iterable[Iterable[PlannedCase]]:
        """Keep from the rest what would hold up a client that makes one call at a time too long."""
        if 2 * self.settings.patience <= self.settings.timeout:
            return (plans,)
        given = tuple(plans)
        return (p for p in given if p.waits), (p for p in given if not p.waits)

    def one(self, plan: PlannedCase) -> CaseResult:
        """Drive and judge a single plan."""
        return next(iter(self.judge(*driven) for driven in self._run([plan])))

    def _run(
        self, plans: Iterable[PlannedCase]
    ) -> Iterator[tuple[PlannedCase, Outcome, AccountHandle]]:
        for call, outcome in self.driver.run(map(self._call, plans), self._renew):
            plan, account = self._open.pop(call.case)
            if outcome.kind == "stuck":
                account.hang_up(SETTLE)
            else:
                account.settle(SETTLE)
            yield plan, outcome, account

    def _call(self, plan: PlannedCase) -> Call:
        self._number += 1
        account = self.server.account(profile=plan.profile)
        if plan.scenario:
            account.scenario(plan.scenario)
        case = f"c{self._number:05}"
        self._open[case] = (plan, account)
        return Call(
            case=case,
            input=plan.input,
            text=plan.text,
            base_url=account.base_url,
            account_id=account.id,
            api_token=account.token,
            timeout=self._timeout(plan),
        )

    def _timeout(self, plan: PlannedCase) -> float:
        return self.settings.patience if plan.waits else self.settings.timeout

    def _renew(self, call: Call) -> Call:
        """A fresh account for a case that must be driven again through no fault of its own."""
        plan, _ = self._open.pop(call.case)
        return self._call(plan)

    def examples(self, plans: Iterable[PlannedCase]) -> Iterator[CaseResult]:
        """The documented examples, by which a command is recognised that is no adapter at all.

        Raises:
            CouldNotRun: It called nothing and reported nothing like a video for each of them.
        """
        results = [self.judge(*driven) for driven in self._run(plans)]
        if not all(map(_idle, results)):
            yield from results
            return
        for result in results:
            yield replace(result, status="could-not-run", findings=(), checked=(), reason=_IDLE)
        outcome = results[0].outcome
        said = outcome.stdout or outcome.video if outcome else None
        shown = f"{str(said)[:60]!r}" if said else "nothing"
        raise CouldNotRun(f"{_IDLE}: it reported {shown}; {_ADAPTER}")

    def together(self, plans: Iterable[PlannedCase]) -> Iterator[CaseResult]:
        """Drive all cases at once, then judge each with the results of the others in view."""
        driven = list(self._run(plans))
        videos: dict[str, str] = {}
        for plan, _, account in driven:
            videos |= dict.fromkeys(_videos(account), plan.name)
        for plan, outcome, account in driven:
            others = {video: name for video, name in videos.items() if name != plan.name}
            yield self.judge(plan, outcome, account, others)

    def judge(
        self,
        plan: PlannedCase,
        outcome: Outcome,
        account: AccountHandle,
        others: Mapping[str, str] | None = None,
    ) -> CaseResult:
        """Hold what was seen against the rules, with secrets removed."""
        outcome, leaks = _redact(outcome, account.token)
        evidence = Evidence(
            contract=self.contract,
            outcome=outcome,
            exchanges=account.exchanges,
            intended=plan.input,
            polarity=plan.polarity,
            portable=plan.portable,
            fault=plan.fault,
            leaks=leaks,
            other_videos=others or {},
            require_local_validation=self.settings.require_local_validation,
            advice=plan.advice,
        )
        judgement = judge(evidence)
        broken = any(finding.level == "must" for finding in judgement.findings)
        status, reason = _status(plan, outcome, self._timeout(plan), broken=broken)
        account.forget()
        return CaseResult(
            name=plan.name,
            phase=plan.phase,
            status=status,
            intended=plan.input if plan.text is None else plan.text,
            expectation=plan.expectation,
            polarity=plan.polarity,
            constraint=plan.constraint,
            checked=() if status == "skipped" else judgement.checked,
            findings=() if status == "skipped" else judgement.findings,
            outcome=outcome,
            exchanges=evidence.exchanges,
            reason=reason,
            fault=plan.fault,
            profile=plan.profile or self.settings.profile,
            elapsed=outcome.elapsed,
            curl=curl(plan, self.contract),
            reproduce=self._reproduce(plan),
        )

    def _reproduce(self, plan: PlannedCase) -> str:
        settings, usual = self.settings, Settings()
        words = ["aleph-contract", "verify", "client", "--run", plan.name]
        words += ["--seed", str(settings.seed)]
        for name in ("profile", "timeout", "patience"):
            if getattr(settings, name) != getattr(usual, name):
                words += [f"--{name}", f"{getattr(settings, name)}"]
        if settings.require_local_validation:
            words += ["--require-local-validation"]
        if plan.phase == "properties":
            words += ["--max-examples", str(settings.max_examples)]
        return shlex.join([*words, *settings.command])


def curl(plan: PlannedCase, contract: Contract) -> str:
    """The intended request, for a shell, against `aleph-contract serve` on its usual port."""
    body = f'{{"model":{dumps(contract.model)},"input":{plan.text or dumps(plan.input)}}}'
    token = f"fault-{plan.fault}" if plan.fault else "any-token"
    return (
        f"curl http://127.0.0.1:8787/client/v4/accounts/{'0' * 32}/ai/run "
        f"--header {shlex.quote(f'Authorization: Bearer {token}')} "
        f"--header 'Content-Type: application/json' --data-raw {shlex.quote(body)}"
    )


_IDLE = "the client made no call"
_ADAPTER = (
    "an adapter sends the input it is given to CLOUDFLARE_BASE_URL and reports the video's URL"
)


def _idle(result: CaseResult) -> bool:
    """Whether a case without any call ended in something that no client would call a video."""
    outcome = result.outcome
    if result.exchanges or outcome is None or outcome.kind != "result":
        return False
    return not isinstance(outcome.video, str) or not is_uri(outcome.video)


def _videos(account: AccountHandle) -> Iterator[str]:
    for exchange in account.exchanges:
        video = read_reply(exchange).video
        if isinstance(video, str):
            yield video


def _status(
    plan: PlannedCase, outcome: Outcome, timeout: float, *, broken: bool
) -> tuple[Status, str]:
    if outcome.kind == "skipped":
        return "skipped", outcome.reason or "the client skipped it"
    if outcome.kind == "stuck" and plan.waits:
        waited = f"still waiting after {timeout:g} s, which is no failure"
        return "skipped", f"{waited}: a run may take minutes; --patience waits for longer"
    return ("failed" if broken else "passed"), ""


def _redact(outcome: Outcome, token: str) -> tuple[Outcome, tuple[str, ...]]:
    error = outcome.error
    texts = {
        "its standard output": outcome.stdout,
        "its standard error": outcome.stderr,
        "its error message": error.message if error else "",
        "its result": outcome.video if isinstance(outcome.video, str) else dumps(outcome.video),
    }
    leaks = tuple(place for place, text in texts.items() if token in text)
    if not leaks:
        return outcome, ()

    def clean(value: Any) -> Any:
        return value.replace(token, REDACTED) if isinstance(value, str) else value

    return replace(
        outcome,
        video=clean(outcome.video),
        error=ReportedError(clean(error.message), error.stage, error.status, clean(error.code))
        if error
        else None,
        reason=clean(outcome.reason),
        stdout=clean(outcome.stdout),
        stderr=clean(outcome.stderr),
    ), leaks
