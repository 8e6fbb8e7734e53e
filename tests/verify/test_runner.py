"""Verification in process: phases, selection, evidence, determinism, early ends."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from threading import Lock
from typing import Any

import pytest

from aleph_contract.core.results import CaseResult, Verification
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.errors import ArgumentError
from aleph_contract.reports.summary import summarise
from aleph_contract.verify import property_phase
from aleph_contract.verify.phases import PHASES
from aleph_contract.verify.plans import PROPERTIES
from aleph_contract.verify.rule_selection import RuleSelection
from aleph_contract.verify.runner import (
    MAX_STUCK,
    CaseFinished,
    Event,
    PhaseStarted,
    Settings,
    verify_client,
)

Client = Callable[..., Any]

NAMES = [phase.name for phase in PHASES if not phase.needs_speed]


def post(given: Any, *, base_url: str, account_id: str, api_token: str, seconds: float = 20) -> Any:
    """The documented call; returns the reply without any check."""
    request = urllib.request.Request(  # noqa: S310 - the fake's own address
        f"{base_url}/accounts/{account_id}/ai/run",
        json.dumps({"model": "runwayml/aleph-2", "input": given}).encode(),
        {"Authorization": f"Bearer {api_token}", "Content-Type": "application/json"},
    )
    try:
        with HTTP.open(request, timeout=seconds) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            raise RuntimeError(f"{error.code} {error.read().decode()}") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


#: Made once: creating an opener loads all certificates.
HTTP = urllib.request.build_opener(_NoRedirect)


def good(given: Any, **account: Any) -> str:
    """A client that keeps every rule."""
    run = post(given, **account)
    if "success" in run:
        run = run["result"]
    video = run["result"]["video"] if run["state"] == "Completed" else None
    if not isinstance(video, str):
        raise TypeError(f"no video: {run}")
    return video


def drops_zero(given: Any, **account: Any) -> str:
    return good({k: v for k, v in given.items() if v != 0}, **account)


def cuts_prompt(given: Any, **account: Any) -> str:
    prompt = given.get("prompt")
    return good(given | {"prompt": prompt[:1000]} if isinstance(prompt, str) else given, **account)


def run(client: Client, *phases: str, **settings: Any) -> Verification:
    return verify_client(PythonDriver(client), settings=Settings(run=phases, **settings))


def failures(found: Verification) -> dict[str, list[str]]:
    return {r.name: [f.rule for f in r.broken] for r in found.results if r.broken}


@pytest.fixture(scope="module")
def whole() -> tuple[Verification, list[Event]]:
    """One verification of the good client with all phases, and its events."""
    seen: list[Event] = []
    found = verify_client(
        PythonDriver(good), settings=Settings(max_examples=15), on_event=seen.append
    )
    return found, seen


def test_a_good_client_passes_every_phase(whole: tuple[Verification, list[Event]]) -> None:
    found, seen = whole
    assert (failures(found), found.trouble, found.exit_code) == ({}, (), 0)
    assert [name for name, _ in found.phases] == ["set-up", *NAMES, "tear-down", "coverage"]
    assert sum(seconds for _, seconds in found.phases) == pytest.approx(found.elapsed)
    assert [e.phase for e in seen if isinstance(e, PhaseStarted)] == NAMES
    finished = [e.result for e in seen if isinstance(e, CaseFinished)]
    assert len(finished) == len(found.results) == sum(found.counts.values())
    assert {r.phase for r in found.results} == set(NAMES)


def first_broken(client: Client, name: str, **settings: Any) -> CaseResult:
    """The failure of one property, of the first of five seeds that finds it: often the first."""
    for seed in range(5):
        (found,) = run(client, name, seed=seed, **settings).results
        if found.broken:
            return found
    raise AssertionError(name)


def test_names_are_unique(whole: tuple[Verification, list[Event]]) -> None:
    names = [r.name for r in whole[0].results]
    assert len(names) == len(set(names))


def test_hypothesis_finds_the_smallest_input_with_a_dropped_zero() -> None:
    broken = first_broken(drops_zero, "property/valid", max_examples=60)
    assert [f.rule for f in broken.findings] == ["request.faithful"]
    assert broken.intended.keys() - {"prompt", "video_uri"} in ({"seed"}, {"keyframes"})
    assert broken.intended["prompt"] == "a" or len(broken.intended["prompt"]) == 1


@pytest.mark.parametrize("client", [good, drops_zero])
def test_every_call_of_a_draw_is_counted(client: Client) -> None:
    made = []

    def counted(given: Any, **account: Any) -> Any:
        made.append(given)
        return client(given, **account)

    found = run(counted, "property/valid", max_examples=30)
    assert (found.conformant, summarise(found).calls) == (client is good, len(made))


def test_hypothesis_finds_the_shortest_prompt_that_is_cut() -> None:
    broken = first_broken(cuts_prompt, "property/violating", max_examples=100)
    assert broken.findings[0].rule == "boundary.not-repaired"
    assert len(broken.intended["prompt"]) == 1001


def test_a_broken_client_fails_the_boundary_cases_that_show_it() -> None:
    found = run(drops_zero, "boundary/*/m*", "boundary/*/exclusive*")
    broken = failures(found)
    assert "boundary/seed/minimum/on" in broken
    assert {rule for rules in broken.values() for rule in rules} == {
        "request.faithful",
        "boundary.not-repaired",
    }
    assert found.exit_code == 1


def test_a_result_has_the_evidence_without_the_token() -> None:
    tokens: list[str] = []

    def leaks(_: Any, **account: Any) -> str:
        tokens.append(account["api_token"])
        raise RuntimeError(f"cannot send with {account['api_token']}")

    (found, *_) = run(leaks, "boundary/seed/maximum/on").results
    assert "security.token-leak" in [f.rule for f in found.findings]
    assert found.outcome is not None
    assert found.outcome.error is not None
    assert found.outcome.error.message == "RuntimeError: cannot send with <token>"
    assert not any(token in repr(found) for token in tokens)


def test_a_result_has_commands_that_reproduce_it() -> None:
    (found,) = run(drops_zero, "boundary/seed/minimum/on", seed=7).results
    assert found.exchanges
    assert "--run boundary/seed/minimum/on --seed 7" in found.reproduce
    assert '"seed":0' in found.curl


def test_the_reproduce_command_has_every_option_that_matters() -> None:
    asked = {"profile": "live", "timeout": 5.5, "patience": 0.5, "require_local_validation": True}
    (found,) = run(good, "boundary/seed/minimum/below", **asked).results
    assert found.broken
    assert found.reproduce == (
        "aleph-contract verify client --run boundary/seed/minimum/below --seed 0 "
        "--profile live --timeout 5.5 --patience 0.5 --require-local-validation"
    )


def test_two_runs_with_one_seed_are_the_same() -> None:
    def told(found: Verification) -> list[tuple[Any, ...]]:
        return [(r.name, r.status, r.findings, _plain(r)) for r in found.results]

    def once() -> list[tuple[Any, ...]]:
        return told(run(drops_zero, "boundary/seed/*", "property/valid", max_examples=20))

    assert once() == once()


def _plain(result: CaseResult) -> str:
    return json.dumps(result.intended)


def test_run_and_skip_choose_by_name_and_by_phase() -> None:
    assert {r.phase for r in run(good, "examples", "probe/*").results} == {"examples", "probes"}
    found = verify_client(
        PythonDriver(good), settings=Settings(run=("examples",), skip=("example/simple*",))
    )
    assert found.results
    assert not any(r.name.startswith("example/simple") for r in found.results)


def test_a_selection_without_cases_is_refused() -> None:
    with pytest.raises(ArgumentError, match="no case is left"):
        run(good, "no-such-case")


def test_the_table_of_names_holds_every_property() -> None:
    assert property_phase.DRAWS.keys() == PROPERTIES.keys()


@pytest.mark.parametrize("seconds", [{"timeout": 10}, {"timeout": 3, "patience": 1.6}])
def test_a_hanging_call_does_not_fail_the_other_calls_of_a_serial_client(
    seconds: dict[str, float],
) -> None:
    alone = Lock()

    def one_at_a_time(given: Any, **account: Any) -> str:
        with alone:
            return good(given, **account)

    found = run(one_at_a_time, "boundary/seed/*", "fault/hang/*", **seconds)
    assert failures(found) == {}
    (hung,) = [r for r in found.results if r.fault == "hang"]
    assert hung.status == ("passed" if "patience" in seconds else "skipped")
    assert [(e.fault, e.status, e.outcome) for e in hung.exchanges] == [("hang", None, "cut")]
    assert found.results[-1].fault == "hang", "results are in the order of the plans"


def test_a_client_that_stays_stuck_is_not_driven_through_every_case() -> None:
    """A deadlock after the first call: every later case would take its whole time-out."""
    lock = Lock()

    def never_releases(given: Any, **account: Any) -> str:
        lock.acquire()
        return good(given, **account)

    found = run(never_releases, "boundary", timeout=0.1)
    assert found.counts["failed"] == MAX_STUCK
    assert len(found.results) < 3 * MAX_STUCK
    assert found.exit_code == 1
    assert found.notes[0].startswith("stopped: the client got stuck in 20 cases")

    ended = run(never_releases, "boundary", timeout=0.1, rules=RuleSelection(("request.auth",)))
    assert (ended.exit_code, ended.counts["failed"]) == (3, 0)
    assert ended.trouble[0].startswith("stopped: ")


def test_calls_after_the_end_of_a_case_are_not_judged() -> None:
    def again(given: Any, **account: Any) -> str:
        try:
            return good(given, **account)
        except OSError:  # the connection was cut when the case ended
            return good(given, **account)

    (hung,) = run(again, "fault/hang/*").results
    assert len(hung.exchanges) == 1


@pytest.mark.parametrize(
    ("chosen", "seconds", "status", "findings"),
    [
        ({}, 60, "skipped", []),
        ({"patience": 0.2}, 60, "passed", [("error.bounded", "advice")]),
        ({"patience": 20}, 0.2, "passed", []),
    ],
    ids=["default", "shorter than the time-out", "longer"],
)
def test_patience_decides_whether_a_late_time_out_is_seen(
    chosen: dict[str, float], seconds: float, status: str, findings: list[tuple[str, str]]
) -> None:
    """By default waiting is skipped; waiting longer than a chosen patience is advice."""

    def impatient(given: Any, **account: Any) -> str:
        return good(given, seconds=seconds, **account)

    (hung,) = run(impatient, "fault/hang/*", **chosen).results
    assert hung.status == status
    assert [(f.rule, f.level) for f in hung.findings if "still waits" in f.message] == findings


def test_an_interrupt_keeps_the_results_so_far() -> None:
    def stop(event: Event) -> None:
        if isinstance(event, CaseFinished):
            raise KeyboardInterrupt

    found = verify_client(PythonDriver(good), settings=Settings(run=("examples",)), on_event=stop)
    assert found.interrupted
    assert len(found.results) == 1
    assert found.exit_code == 3


def test_the_other_profile_is_advice() -> None:
    def only_bare(given: Any, **account: Any) -> str:
        video: str = post(given, **account)["result"]["video"]
        return video

    found = run(only_bare, "examples", "profile")
    advised = {r.name for r in found.results if r.findings}
    assert found.exit_code == 0
    assert advised == {r.name for r in found.results if r.phase == "profile"}
    assert all(f.level == "advice" for r in found.results for f in r.findings)


def test_local_validation_can_be_required() -> None:
    found = run(good, "boundary/seed/*", require_local_validation=True)
    rules = {rule for rules in failures(found).values() for rule in rules}
    assert rules == {"boundary.refused-locally"}


@pytest.mark.parametrize("said", [None, "", "hello", 42])
def test_a_client_without_calls_and_results_cannot_be_verified(said: Any) -> None:
    def idle(_: Any, **__: Any) -> Any:
        return said

    found = run(idle)
    assert found.exit_code == 3
    assert "made no call" in found.trouble[0]
    assert found.counts["could-not-run"] == len(found.results) == 4


def test_an_invented_video_breaks_a_rule() -> None:
    def makes_up(_: Any, **__: Any) -> str:
        return "https://example.com/video.mp4"

    assert failures(run(makes_up, "examples"))["example/simple-video-edit"] == ["request.once"]
