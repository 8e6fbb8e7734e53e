"""A whole verification in process: phases, choice, evidence, determinism, and early ends."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from aleph_contract.core.results import CaseResult, Verification
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.errors import ArgumentError
from aleph_contract.verify import property_phase
from aleph_contract.verify.phases import PHASES
from aleph_contract.verify.plans import PROPERTIES
from aleph_contract.verify.runner import CaseFinished, Event, PhaseStarted, Settings, verify_client

Client = Callable[..., Any]

NAMES = [phase.name for phase in PHASES]


def post(given: Any, *, base_url: str, account_id: str, api_token: str, seconds: float = 20) -> Any:
    """The documented call, without any care for the answer."""
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


#: Made once: an opener reads all certificates of the machine.
HTTP = urllib.request.build_opener(_NoRedirect)


def good(given: Any, **where: Any) -> str:
    """A client that does all it must."""
    run = post(given, **where)
    if "success" in run:
        run = run["result"]
    video = run["result"]["video"] if run["state"] == "Completed" else None
    if not isinstance(video, str):
        raise TypeError(f"no video: {run}")
    return video


def drops_zero(given: Any, **where: Any) -> str:
    return good({k: v for k, v in given.items() if v != 0}, **where)


def cuts_prompt(given: Any, **where: Any) -> str:
    prompt = given.get("prompt")
    return good(given | {"prompt": prompt[:1000]} if isinstance(prompt, str) else given, **where)


def run(client: Client, *phases: str, **settings: Any) -> Verification:
    return verify_client(PythonDriver(client), settings=Settings(run=phases, **settings))


def failures(found: Verification) -> dict[str, list[str]]:
    return {r.name: [f.rule for f in r.broken] for r in found.results if r.broken}


@pytest.fixture(scope="module")
def whole() -> tuple[Verification, list[Event]]:
    """One whole verification of the good client, and the events it told."""
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


def test_names_are_unique(whole: tuple[Verification, list[Event]]) -> None:
    names = [r.name for r in whole[0].results]
    assert len(names) == len(set(names))


def test_the_smallest_input_that_drops_a_zero_is_found() -> None:
    found = run(drops_zero, "property/valid")
    (name,) = failures(found)
    assert name == "property/valid"
    (broken,) = found.results
    assert [f.rule for f in broken.findings] == ["request.faithful"]
    assert broken.intended.keys() - {"prompt", "video_uri"} in ({"seed"}, {"keyframes"})
    assert broken.intended["prompt"] == "a" or len(broken.intended["prompt"]) == 1


def test_the_smallest_prompt_that_is_cut_is_one_letter_too_long() -> None:
    found = run(cuts_prompt, "property/violating", max_examples=400)
    (broken,) = [r for r in found.results if r.broken]
    assert broken.findings[0].rule == "boundary.not-repaired"
    assert len(broken.intended["prompt"]) == 1001


def test_a_broken_client_fails_the_boundary_cases_that_show_it() -> None:
    found = run(drops_zero, "boundary")
    broken = failures(found)
    assert "boundary/seed/minimum/on" in broken
    assert {rule for rules in broken.values() for rule in rules} == {
        "request.faithful",
        "boundary.not-repaired",
    }
    assert found.exit_code == 1


def test_a_finding_carries_the_whole_evidence_but_no_token() -> None:
    tokens: list[str] = []

    def leaks(_: Any, **where: Any) -> str:
        tokens.append(where["api_token"])
        raise RuntimeError(f"cannot send with {where['api_token']}")

    (found, *_) = run(leaks, "examples").results
    assert "security.token-leak" in [f.rule for f in found.findings]
    assert found.outcome is not None
    assert found.outcome.error is not None
    assert found.outcome.error.message == "RuntimeError: cannot send with <token>"
    assert not any(token in repr(found) for token in tokens)


def test_evidence_tells_how_to_see_it_again() -> None:
    (found,) = run(drops_zero, "boundary/seed/minimum/on", seed=7).results
    assert found.exchanges
    assert "--run boundary/seed/minimum/on --seed 7" in found.reproduce
    assert '"seed":0' in found.curl


def test_what_shows_a_finding_again_asks_for_all_that_it_rests_on() -> None:
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

    phases = ("boundary/seed/*", "property/valid")
    assert told(run(drops_zero, *phases)) == told(run(drops_zero, *phases))


def _plain(result: CaseResult) -> str:
    return json.dumps(result.intended)


def test_run_and_skip_choose_by_name_and_by_phase() -> None:
    assert {r.phase for r in run(good, "examples", "probe/*").results} == {"examples", "probes"}
    found = verify_client(
        PythonDriver(good), settings=Settings(run=("examples",), skip=("example/simple*",))
    )
    assert found.results
    assert not any(r.name.startswith("example/simple") for r in found.results)


def test_a_choice_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ArgumentError, match="no case is left"):
        run(good, "no-such-case")


def test_the_table_of_names_holds_every_property() -> None:
    assert property_phase.DRAWS.keys() == PROPERTIES.keys()


@pytest.mark.parametrize("seconds", [{"timeout": 10}, {"timeout": 2, "patience": 3}])
def test_a_client_whose_calls_wait_for_each_other_is_not_accused_of_one_that_hangs(
    seconds: dict[str, float],
) -> None:
    alone = Lock()

    def one_at_a_time(given: Any, **where: Any) -> str:
        with alone:
            return good(given, **where)

    found = run(one_at_a_time, "boundary/seed/*", "fault/hang/*", "fault/too-large/*", **seconds)
    assert failures(found) == {}
    (hung,) = [r for r in found.results if r.fault == "hang"]
    assert hung.status == "skipped"
    assert [(e.fault, e.status, e.outcome) for e in hung.exchanges] == [("hang", None, "cut")]
    assert found.results[-1].fault == "hang", "in the order of the plans, not of their ends"


def test_what_a_client_does_once_it_was_given_up_is_not_held_against_it() -> None:
    def again(given: Any, **where: Any) -> str:
        try:
            return good(given, **where)
        except OSError:  # the connection that was cut for its sake
            return good(given, **where)

    (hung,) = run(again, "fault/hang/*").results
    assert len(hung.exchanges) == 1


@pytest.mark.parametrize(("patience", "status"), [(0.5, "skipped"), (20, "passed")])
def test_patience_shows_what_a_client_does_when_no_answer_comes(
    patience: float, status: str
) -> None:
    def impatient(given: Any, **where: Any) -> str:
        return good(given, seconds=1.5, **where)

    (hung,) = run(impatient, "fault/hang/*", patience=patience).results
    assert hung.status == status


def test_the_seed_alone_decides_what_is_drawn_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "likes.py").write_text(f"LIKED = {[*range(1000, 1200)]}", encoding="utf-8")

    def drawn(loads: str) -> list[str]:
        code = f"""
import json, sys, {loads}
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.verify.runner import Settings, verify_client

def call(given, **_):
    print(json.dumps(given), file=sys.__stderr__)
    raise ValueError("seen")

verify_client(PythonDriver(call), settings=Settings(run=("property/valid",)))
"""
        argv = [sys.executable, "-B", "-c", code]
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stderr.splitlines()

    monkeypatch.delenv("HYPOTHESIS_STORAGE_DIRECTORY", raising=False)
    first = drawn("json")
    assert len(first) > 40
    assert drawn("likes") == first
    assert [path.name for path in tmp_path.iterdir()] == ["likes.py"]


def test_an_interrupt_ends_with_the_report_so_far() -> None:
    def stop(event: Event) -> None:
        if isinstance(event, CaseFinished):
            raise KeyboardInterrupt

    found = verify_client(PythonDriver(good), settings=Settings(run=("examples",)), on_event=stop)
    assert found.interrupted
    assert len(found.results) == 1
    assert found.exit_code == 3


def test_the_other_profile_is_advice() -> None:
    def only_bare(given: Any, **where: Any) -> str:
        video: str = post(given, **where)["result"]["video"]
        return video

    found = run(only_bare, "examples", "profile")
    advised = {r.name for r in found.results if r.findings}
    assert found.exit_code == 0
    assert advised == {r.name for r in found.results if r.phase == "profile"}
    assert all(f.level == "advice" for r in found.results for f in r.findings)


def test_violating_input_that_reaches_the_network_can_be_judged() -> None:
    found = run(good, "boundary", require_local_validation=True)
    rules = {rule for rules in failures(found).values() for rule in rules}
    assert rules == {"boundary.refused-locally"}


@pytest.mark.parametrize("said", [None, "", "hello", 42])
def test_what_calls_nothing_and_says_nothing_is_no_client(said: Any) -> None:
    def idle(_: Any, **__: Any) -> Any:
        return said

    found = run(idle)
    assert found.exit_code == 3
    assert "made no call" in found.trouble[0]
    assert found.counts["could-not-run"] == len(found.results) == 4


def test_a_video_that_is_made_up_is_a_broken_rule() -> None:
    def makes_up(_: Any, **__: Any) -> str:
        return "https://example.com/video.mp4"

    assert failures(run(makes_up, "examples"))["example/simple-video-edit"] == ["request.once"]
