"""Which mutants a suite gets: those that the contract tells apart from the right exchange."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import Exchange
from aleph_contract.mutation.baseline import Baseline, digest
from aleph_contract.mutation.planning import Plan, plan
from aleph_contract.mutation.records import WHOLE_SUITE, Call, Mutant
from aleph_contract.mutation.running import notes
from aleph_contract.mutation.table import MUTATIONS
from aleph_contract.rules import RULES
from fake_server.replies.faults import FAULTS

CONTRACTS = ContractSet.load(())
GOOD = {"prompt": "Make it snow", "video_uri": "https://example.com/a.mp4", "seed": 7}
VIDEO = "https://example.com/{}/b5f6e4a0-0000-4000-8000-000000000000.mp4"


def call(test: str, given: Any, number: int = 1, **changes: Any) -> Call:
    body = json.dumps({"model": "runwayml/aleph-2", "input": given}).encode()
    video = changes.pop("video", VIDEO.format(digest(body)))
    reply = {"state": "Completed", "result": {"video": video}}
    values: dict[str, Any] = {
        "number": number,
        "account": "a",
        "surface": "rest",
        "method": "POST",
        "target": "/client/v4/accounts/a/ai/run",
        "request_headers": (),
        "request_body": body,
        "request_complete": True,
        "credential": "accepted",
        "status": 200,
        "response_headers": (("content-type", "application/json"),),
        "response_body": json.dumps(reply).encode(),
        "outcome": "completed",
        "billed": True,
        "cost": Decimal("1.68"),
    }
    return Call(test, number, Exchange(**{**values, **changes}), digest(body), 1)


def planned(*calls: Call, in_pytest: bool = True, **options: Any) -> tuple[Mutant, ...]:
    found = Baseline(calls, in_pytest, 1.0)
    return plan(found, CONTRACTS, **{"seed": 0, **options}).mutants


def ids(mutants: tuple[Mutant, ...], place: str) -> list[str]:
    found = (m for m in mutants if m.mutation.id.startswith(place))
    return [f"{m.mutation.id.partition('/')[2]} {m.subject}".strip() for m in found]


def test_every_mutation_stands_for_a_rule() -> None:
    assert [row.id for row in MUTATIONS.values() if row.rule not in RULES] == []


def test_an_input_that_is_invalid_after_an_edit_gets_no_mutant() -> None:
    assert ids(planned(call("t", GOOD)), "request/") == [
        "text-cut /prompt",
        "text-cut /video_uri",
        "member-dropped /seed",
        "made-twice",
    ]


def test_a_number_is_rounded_only_if_it_has_a_fraction() -> None:
    frames = [{"uri": "https://example.com/k.png", "seconds": n} for n in (1.5, 2)]
    found = ids(planned(call("t", {**GOOD, "keyframes": frames})), "request/")
    assert "number-rounded /keyframes/*/seconds" in found
    whole = [{**frame, "seconds": 2} for frame in frames]
    found = ids(planned(call("t", {**GOOD, "keyframes": whole})), "request/")
    assert "number-rounded /keyframes/*/seconds" not in found
    assert "item-dropped /keyframes" in found


def test_a_url_without_a_query_gets_no_mutant_about_it() -> None:
    plain = ["another-run", "dead-link", "empty-file"]
    assert ids(planned(call("t", GOOD)), "reply/") == plain
    presigned = VIDEO.format("x") + "?signature=1"
    assert ids(planned(call("t", GOOD, video=presigned)), "reply/") == [*plain, "query-cut"]


def test_a_stale_result_needs_another_result_before() -> None:
    same, other = call("t", GOOD, 2), call("t", {**GOOD, "seed": 8}, 2)
    assert "stale" in ids(planned(call("t", GOOD), other), "reply/")
    assert "stale" not in ids(planned(call("t", GOOD), same), "reply/")
    assert "stale" not in ids(planned(call("u", GOOD), other), "reply/")


def test_a_reply_that_a_client_may_accept_is_no_fault() -> None:
    calls = [call("t", {**GOOD, "seed": n}, n) for n in range(1, 60)]
    played = Counter(m.subject for m in planned(*calls) if m.mutation.id == "conduct/fault")
    expected = {f.name for f in FAULTS.values() if not f.completes and f.restream is None}
    assert set(played) == expected
    assert set(played.values()) == {1}


def test_one_call_gets_a_few_faults_of_different_kinds() -> None:
    found = [m for m in planned(call("t", GOOD)) if m.mutation.id == "conduct/fault"]
    assert len(found) == 14
    assert len({FAULTS[m.subject].status for m in found}) > 4


def test_a_call_that_fails_on_purpose_gets_its_own_mutants() -> None:
    failed = call("t", GOOD, outcome="fault", fault="no-credits", status=402)
    assert [m.mutation.id for m in planned(failed)] == [
        "reply/failure-became-result",
        "conduct/other-failure",
    ]
    busy = call("t", GOOD, outcome="fault", fault="rate-limited", status=429)
    assert [m.mutation.id for m in planned(busy)] == ["reply/failure-became-result"]


def test_a_failure_that_is_repeated_until_it_completes_gets_none() -> None:
    busy = call("t", GOOD, outcome="fault", fault="rate-limited", status=429)
    found = planned(busy, call("t", GOOD, 2))
    assert all(m.calls[0].exchange.outcome == "completed" for m in found)


def test_the_same_call_of_two_tests_is_one_mutant_for_both() -> None:
    found = planned(call("t", GOOD), call("u", GOOD))
    assert {m.tests for m in found} == {("t", "u")}
    assert len(found) == len(planned(call("t", GOOD)))


def test_the_bound_chooses_the_same_mutants_again() -> None:
    bounded = [m.id for m in planned(call("t", GOOD), most=5, seed=3)]
    assert bounded == [m.id for m in planned(call("t", GOOD), most=5, seed=3)]
    assert len(bounded) == 5
    assert bounded != [m.id for m in planned(call("t", GOOD), most=5, seed=4)]


def test_a_note_says_that_a_suite_counts_as_one_test() -> None:
    calls = call(WHOLE_SUITE, GOOD), call(WHOLE_SUITE, GOOD, 2)
    [note] = notes(Baseline(calls, False, 1.0), Plan(()))
    assert note.startswith("the suite counts as one test: no report says")
    assert list(notes(Baseline(calls[:1], False, 1.0), Plan(()))) == []
    assert list(notes(Baseline((call("t", GOOD), call("u", GOOD)), False, 1.0), Plan(()))) == []


def test_ids_are_unique() -> None:
    calls = [call("t", GOOD), call("u", {**GOOD, "seed": 8}), call("u", {**GOOD, "seed": 9}, 2)]
    found = [m.id for m in planned(*calls)]
    assert len(found) == len(set(found))
