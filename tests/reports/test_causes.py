"""Findings of one rule, grouped by their cause."""

from __future__ import annotations

from dataclasses import replace

import sample_runs as sample

from aleph_contract.core.results import CaseResult
from aleph_contract.reports.causes import causes_of

BARE = "sent no header Authorization: Bearer <token>"


def test_one_alteration_is_one_cause() -> None:
    other = sample.case(
        "boundary/seed/minimum/on/2",
        "failed",
        intended={**sample.INPUT, "seed": 0, "duration": 4},
        exchanges=(sample.exchange(1, {**sample.INPUT, "duration": 4}),),
        findings=sample.must("request.faithful", "another text"),
    )
    causes = causes_of("request.faithful", "must", (sample.NORMALISED, other, sample.DROPPED))
    assert {cause.names for cause in causes} == {
        (sample.NORMALISED.name,),
        (other.name, sample.DROPPED.name),
    }


def altered(name: str, intended: dict[str, object], sent: dict[str, object]) -> CaseResult:
    return sample.case(
        name,
        "failed",
        intended={**sample.INPUT, **intended},
        exchanges=(sample.exchange(1, {**sample.INPUT, **sent}),),
        findings=sample.must("request.faithful", "sent a different input"),
    )


def test_a_known_mistake_is_one_cause_at_any_place() -> None:
    results = [
        altered("boundary/seed/type/null", {"seed": None}, {}),
        altered("boundary/duration/type/null", {"duration": None}, {}),
        altered("boundary/duration/type/string", {"duration": "4"}, {}),
    ]
    nulls, text = causes_of("request.faithful", "must", results)
    assert nulls.names == ("boundary/seed/type/null", "boundary/duration/type/null")
    assert nulls.elsewhere == ("/duration",)
    assert nulls.share == " and 1 more case, also at /duration"
    assert (text.names, text.share) == (("boundary/duration/type/string",), "")


def test_a_case_with_more_alterations_belongs_to_the_cause_with_the_fewest() -> None:
    """A client renames every member; the examples with more members say nothing new."""
    results = [
        altered("example/b", {"a_b": 1, "c_d": 2}, {"aB": 1, "cD": 2}),
        altered("example/a", {"a_b": 1}, {"aB": 1}),
        altered("example/c", {"c_d": 1}, {"cD": 1}),
    ]
    causes = causes_of("request.faithful", "must", results)
    assert [cause.names for cause in causes] == [("example/a", "example/b"), ("example/c",)]
    assert causes[0].share == " and 1 more case"


def test_messages_that_differ_in_quotes_and_numbers_are_one_cause() -> None:
    messages = ("reported 'a', not 12", "reported 'b', not 1.5e3", "reported nothing")
    results = [
        sample.case(f"boundary/{n}", "failed", findings=sample.must("request.once", message))
        for n, message in enumerate(messages)
    ]
    found = [cause.names for cause in causes_of("request.once", "must", results)]
    assert sorted(found) == [("boundary/0", "boundary/1"), ("boundary/2",)]


def test_targets_that_differ_in_account_and_query_are_one_cause() -> None:
    targets = (
        f"/accounts/{n:032x}/ai/run?prompt=case+{word}" for n, word in ((7, "a"), (171, "b"))
    )
    results = [
        sample.case(f"boundary/{n}", "failed", findings=sample.must("request.route", f"sent {t}"))
        for n, t in enumerate(targets)
    ]
    assert len(causes_of("request.route", "must", results)) == 1


def test_a_header_that_every_call_lacks_is_told_once_with_a_documented_example() -> None:
    small = {"prompt": "a", "video_uri": "https://a.b"}
    exotic = sample.case(
        "boundary/x", "failed", intended=small, findings=sample.must("request.auth", BARE)
    )
    plain = sample.case("example/simple", "failed", findings=sample.must("request.auth", BARE))
    (cause,) = causes_of("request.auth", "must", (exotic, plain))
    assert cause.example.name == "example/simple"


def test_a_case_that_probes_one_constraint_is_shown_before_smaller_combined_and_drawn_inputs() -> (
    None
):
    small = {"prompt": "a", "video_uri": "https://a.b", "seed": 0}
    calls = (sample.exchange(1, {"prompt": "a", "video_uri": "https://a.b"}),)
    others = [
        replace(
            sample.DROPPED,
            name=name,
            phase=phase,
            intended=small,
            exchanges=calls,
            constraint=constraint,
        )
        for name, phase, constraint in (
            ("property/valid", "properties", "seed/minimum"),
            ("combination/pair/prompt+seed", "combination", None),
        )
    ]
    (cause,) = causes_of("request.faithful", "must", (*others, sample.DROPPED))
    assert cause.example == sample.DROPPED
