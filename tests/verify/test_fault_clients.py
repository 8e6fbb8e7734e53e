"""Every fault: clients that handle it wrongly are caught by a rule of its row, right ones are not.

Four clients are driven through all faults, one verification each. What they must get follows from
the fault table and the retry table, so that a new row is tested without a new line here.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from driving import FIXTURES, SLOW
from every_row import check_every

from aleph_contract.core.results import CaseResult
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.rules.retry_after import retry_after
from aleph_contract.verify.runner import Settings, verify_client
from fake_server.replies.faults import FAULTS, Fault

sys.path.insert(0, str(FIXTURES / "broken"))

import correct  # type: ignore[import-not-found]  # found on the path set above
from every_fault import (  # type: ignore[import-not-found]
    returns_a_constant,
    tries_for_ever,
    tries_twice_at_once,
)

FAULTY = [f for f in FAULTS.values() if not f.completes and not f.silent]
WAITS = re.compile(r"rate-limited-retry-after(-date)?")

Client = Callable[..., Any]


def waits_as_asked(edit: Any, **call: str) -> str:
    """Right: repeats only what passes before the run, after the wait that the reply asks for."""
    for left in (1, 0):
        reply = correct.send(correct.build(edit, **call))
        if left and (reply.status in (408, 409, 425, 429) or b"rate limit ex" in reply.body):
            wait = retry_after(reply.headers.get("retry-after", ""), time.time())
            time.sleep(wait)
            continue
        return str(correct.read(reply))
    raise AssertionError


@cache
def judged(client: Client, word: str) -> dict[str, CaseResult]:
    settings = Settings(run=(f"fault/*/{word}",), skip=SLOW, max_examples=0, timeout=10)
    run = verify_client(PythonDriver(client), settings=settings)
    assert not run.trouble
    return {str(result.fault): result for result in run.results}


def rules_broken(client: Client, fault: Fault, word: str = "once") -> set[str]:
    return {finding.rule for finding in judged(client, word)[fault.name].findings}


def name(fault: Fault) -> str:
    return fault.name


def test_a_client_that_hides_a_fault_breaks_a_rule_of_its_row() -> None:
    def check(fault: Fault) -> None:
        assert rules_broken(returns_a_constant, fault) & set(fault.rules)

    check_every(FAULTY, check, name)


def test_a_second_call_is_judged_by_the_retry_table() -> None:
    def check(fault: Fault) -> None:
        expected: set[str] = set()
        if fault.name in ("result-member-empty", "result-member-not-a-url"):
            expected = {"request.once"}  # the run is completed all the same
        elif fault.repeat == "never":
            expected = {"error.not-retried"}
        elif fault.repeat == "if-unbilled" and fault.billed_maybe:
            expected = {"billing.paid-once"}
        elif WAITS.fullmatch(fault.name):
            expected = {"error.bounded"}
        assert rules_broken(tries_twice_at_once, fault) == expected

    check_every(FAULTY, check, name)


def test_a_careful_client_and_a_patient_one_are_not_accused() -> None:
    def check(fault: Fault) -> None:
        if not fault.silent:
            assert rules_broken(correct.run, fault) == set()
            assert rules_broken(waits_as_asked, fault) == set()

    check_every(FAULTS.values(), check, name)


def test_a_client_that_never_stops_is_caught_by_every_repeated_fault() -> None:
    results = judged(tries_for_ever, "repeated")
    assert len(results) > 30
    innocent = [
        name
        for name, result in results.items()
        if "error.bounded" not in {finding.rule for finding in result.findings}
    ]
    assert innocent == []


def test_the_url_in_an_error_is_not_called() -> None:
    checked = judged(correct.run, "once")["url-in-error"].checked
    assert "security.token-host" in checked
