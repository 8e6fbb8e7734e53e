"""A stuck or crashed process: only the case that caused it gets that outcome."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from driver_calls import calls
from scripted_process import CLIENT, drive, driver, hung, kinds, renew, set_late, started

from aleph_contract.core.outcome import Outcome
from aleph_contract.drivers import Call

pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.mark.parametrize("what", ["pending", "block", "family"])
def test_a_stuck_process_is_killed_with_its_children_and_other_cases_pass(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_late(monkeypatch, lambda call: call.input == what and (hung() or what == "pending"))
    outcomes = drive(calls("a", what, "b", timeout=9))
    assert kinds(outcomes) == {"c0": "result", "c1": "stuck", "c2": "result"}
    assert outcomes["c1"].reason == "no report within 9 s; killed"
    if what == "block":
        assert outcomes["c1"].stderr == "blocking\n"
    assert started() == (4 if what == "family" else 2)


def test_other_cases_continue_while_one_is_pending() -> None:
    given = [*calls("pending", timeout=0.5), *calls(*"-abc")[1:]]
    outcomes = drive(given, window=2)
    assert kinds(outcomes) == {"c0": "stuck", "c1": "result", "c2": "result", "c3": "result"}


def test_a_process_with_a_late_case_gets_no_new_calls() -> None:
    given = [*calls("pending", timeout=0.5), *calls("-", "slow", "slow", "a", "b")[1:]]
    assert list(drive(given, window=3)) == ["c1", "c2", "c0", "c3", "c4"]


def test_the_window_is_respected_while_suspects_are_retried() -> None:
    drawn: list[str] = []

    def source() -> Iterator[Call]:
        for call in calls(*["pending"] * 2, *"abcd", timeout=0.5):
            drawn.append(call.case)
            yield call

    with driver(window=2) as client:
        for ended, _ in enumerate(client.run(source(), renew), start=1):
            assert len(drawn) - ended <= 2
    assert len(drawn) == 6


def test_of_several_pending_cases_only_the_cause_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def source() -> Iterator[Call]:
        for call in calls("a", "block", "b", "c"):
            sent.append(call.case)
            yield call

    def is_late(call: Call) -> object:
        if call.case == "c1+":
            return hung() == 2
        return call.case in ("c1", "c2", "c3") and len(sent) == 4 and hung() > 0

    set_late(monkeypatch, is_late)
    with driver(window=4) as client:
        outcomes = {call.case: outcome for call, outcome in client.run(source(), renew)}
    assert kinds(outcomes) == {"c0": "result", "c1+": "stuck", "c2+": "result", "c3+": "result"}


def test_several_stuck_cases_are_retried_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def source() -> Iterator[Call]:
        for call in calls(*["pending"] * 4):
            sent.append(call.case)
            yield call

    def retry(call: Call) -> Call:
        sent.append(call.case)
        return renew(call)

    set_late(monkeypatch, lambda call: len(sent) == (8 if "+" in call.case else 4))
    with driver(window=4) as client:
        outcomes = {call.case: outcome for call, outcome in client.run(source(), retry)}
    assert kinds(outcomes) == dict.fromkeys(("c0+", "c1+", "c2+", "c3+"), "stuck")


def test_a_report_after_the_deadline_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Call] = []
    ended: dict[str, Outcome] = {}

    def source() -> Iterator[Call]:
        for call in calls("slow", "pending", timeout=9):
            sent.append(call)
            yield call

    set_late(monkeypatch, lambda call: len(sent) == 2 if call.case == "c0" else bool(ended))
    with driver(window=2) as client:
        for call, outcome in client.run(source()):
            ended[call.case] = outcome
    assert kinds(ended) == {"c0": "stuck", "c1": "stuck"}
    assert ended["c0"].reason == "the report came after 9 s"


@pytest.mark.parametrize(
    ("what", "how"), [("crash", "ended with exit code 3"), ("signal", "was ended by SIGSEGV")]
)
def test_a_crash_does_not_affect_other_cases(what: str, how: str) -> None:
    outcomes = drive(calls("a", what, "b", what))
    assert kinds(outcomes) == {"c0": "result", "c1": "crashed", "c2": "result", "c3": "crashed"}
    assert outcomes["c1"].reason == how
    assert outcomes["c1"].stderr == ("crashing\n" if what == "crash" else "")
    assert started() in (3, 4)


def test_of_several_cases_in_flight_only_the_cause_crashed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_late(monkeypatch, lambda call: call.case in ("c0+", "c1+"))
    outcomes = drive(calls("later", "pending", "crash", "a"), window=3)
    assert kinds(outcomes) == {
        "c0+": "stuck",  # alone, no later call makes it answer
        "c1+": "stuck",
        "c2+": "crashed",
        "c3": "result",
    }


def test_a_crash_only_under_concurrency_is_reported() -> None:
    # Unbuffered, so that `select` sees whether another call waits.
    source = CLIENT.replace("in sys.stdin:", "in iter(sys.stdin.buffer.raw.readline, b''):")
    outcomes = drive(calls("lonely", "answer"), window=2, source=source)
    assert kinds(outcomes) == {"c0+": "crashed", "c1+": "result"}
    assert outcomes["c0+"].reason == (
        "ended with exit code 4 with 2 cases in flight, but each one ran well alone"
    )


def test_keyboard_interrupt_is_raised_and_no_process_is_left() -> None:
    def source() -> Iterator[Call]:
        yield from calls("pending", "family")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), driver(window=3) as client:
        list(client.run(source()))
    assert started() >= 1


def test_closing_the_iterator_early_kills_the_calls_in_flight() -> None:
    with driver(window=2) as client:
        iteration = client.run(calls("pending", "a"))
        assert next(iteration)[0].case == "c1"
        iteration.close()  # type: ignore[attr-defined]
        assert [call.case for call, _ in client.run(calls("again"))] == ["c0"]
    assert started() == 2
