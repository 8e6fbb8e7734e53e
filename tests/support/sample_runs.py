"""Verifications written by hand for the tests of reports: fixed data, every status, no clock."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from aleph_contract import version
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.core.outcome import Outcome, ReportedError
from aleph_contract.core.results import CaseResult, Client, Finding, Verification
from aleph_contract.reports import summary
from aleph_contract.rules import Rule
from aleph_contract.rules.coverage import Row

ACCOUNT = "0123456789abcdef0123456789abcdef"
TARGET = f"/client/v4/accounts/{ACCOUNT}/ai/run"
VIDEO = "http://127.0.0.1:8787/media/6f1d.mp4"
COMPLETED = dumps(
    {
        "state": "Completed",
        "result": {"video": VIDEO},
        "gatewayMetadata": {"keySource": "Unified"},
    }
).encode()
LIMITED = (
    b'{"errors":[{"message":"Rate limited","code":2003}],"success":false,"result":{},"messages":[]}'
)
INPUT = {"prompt": "Make it snow", "video_uri": "https://example.com/source.mp4"}

LONG_SENTENCE = (
    "is not stricter than the contract: every portable valid input is sent and its result returned"
)


def _rule(name: str, sentence: str, provenance: Any, level: Any = "must") -> Rule:
    return Rule(name, sentence, provenance, level, "why", "cause", "fix")


RULES = {
    rule.id: rule
    for rule in (
        _rule("request.faithful", "sends exactly the input it was given", "schema"),
        _rule("request.once", "makes exactly one billed call per successful run", "documented"),
        _rule("boundary.accepted", LONG_SENTENCE, "schema"),
        _rule("error.surfaced", "reports each failure as an error, never as a result", "http"),
        _rule("error.identified", "keeps status, code and message", "observed", "advice"),
        _rule("security.token-leak", "never shows the token", "http"),
    )
}
FAULTS = ("rate-limited", "server-error", "result-null")


def pin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fix the version, the rules and the faults, which would change the golden files."""
    monkeypatch.setattr(summary, "RULES", RULES)
    monkeypatch.setattr(summary, "_fault_names", lambda: FAULTS)
    monkeypatch.setattr(version, "__version__", "0.0.0")


def exchange(number: int, sent: Any, **changes: Any) -> Exchange:
    body = {"model": "runwayml/aleph-2", "input": sent}
    made = Exchange(
        number=number,
        account=ACCOUNT,
        surface="rest",
        method="POST",
        target=TARGET,
        request_headers=(("authorization", "REDACTED"), ("content-type", "application/json")),
        request_body=dumps(body).encode("utf-8", "surrogatepass"),
        request_complete=True,
        credential="accepted",
        status=200,
        response_headers=(("content-type", "application/json"),),
        response_body=COMPLETED,
        outcome="completed",
        billed=True,
        billed_seconds=Decimal(5),
        cost=Decimal("1.680"),
        received_at=1000.0 + number,
        elapsed=0.001,
        host="127.0.0.1:8787",
    )
    return replace(made, **changes)


def limited(number: int, sent: Any) -> Exchange:
    return exchange(
        number,
        sent,
        status=429,
        response_body=LIMITED,
        outcome="fault",
        fault="rate-limited",
        billed=False,
        billed_seconds=None,
        cost=Decimal(0),
    )


def case(name: str, status: Any = "passed", **more: Any) -> CaseResult:
    intended = more.pop("intended", INPUT)
    return CaseResult(
        name=name,
        phase=more.pop("phase", name.partition("/")[0]),
        status=status,
        intended=intended,
        outcome=more.pop("outcome", Outcome("result", result=VIDEO)),
        exchanges=more.pop("exchanges", (exchange(1, intended),)),
        checked=more.pop("checked", ("request.faithful", "request.once")),
        elapsed=0.25,
        curl=f"curl http://127.0.0.1:8787{TARGET} --data-raw '{{}}'",
        reproduce=f"aleph-contract verify client --run {name} --seed 7 --stdio -- node client.js",
        **more,
    )


def must(rule: str, message: str) -> tuple[Finding, ...]:
    return (Finding(rule, "must", message, Decimal("1.68")),)


PROMPT = "Zoe\u0308 skates. " + "She skates on. " * 65

DROPPED = case(
    "boundary/seed/minimum/on",
    "failed",
    intended={**INPUT, "seed": 0},
    exchanges=(exchange(1, INPUT),),
    findings=must("request.faithful", "seed is not what was meant"),
    expectation="sends it and returns the video",
    polarity="valid",
    constraint="seed/minimum",
)
NORMALISED = case(
    "boundary/prompt/maxLength/on",
    "failed",
    intended={**INPUT, "prompt": PROMPT},
    exchanges=(exchange(1, {**INPUT, "prompt": PROMPT.replace("e\u0308", "ë")}),),
    findings=must("request.faithful", "prompt is not what was meant"),
    expectation="sends it and returns the video",
    polarity="valid",
    constraint="prompt/maxLength",
)
RETRIED = case(
    "fault/rate-limited/once",
    "failed",
    exchanges=(limited(1, INPUT), exchange(2, INPUT), exchange(3, INPUT)),
    findings=(
        Finding("request.once", "must", "2 billed calls for one run", Decimal("3.36")),
        Finding("error.identified", "advice", "the code 2003 is lost"),
    ),
    fault="rate-limited",
    expectation="waits and repeats the call, or reports the failure",
    checked=("request.faithful", "request.once", "error.identified"),
)
REFUSED = case(
    "boundary/duration/exclusiveMinimum/inside",
    "failed",
    intended={**INPUT, "duration": 0.001},
    outcome=Outcome(
        "error",
        error=ReportedError("duration is too short", "client"),
        stderr='Traceback:\n  File "client.py", line 3\nValueError: short\n',
    ),
    exchanges=(),
    findings=must("boundary.accepted", "refused before anything was sent: duration is too short"),
    checked=("boundary.accepted",),
    polarity="valid",
    constraint="duration/exclusiveMinimum",
)
ADVISED = case(
    "fault/rate-limited/always",
    outcome=Outcome("error", error=ReportedError("failed", "api", 429, 2003)),
    exchanges=(limited(1, INPUT),),
    findings=(Finding("error.identified", "advice", "the message Rate limited is lost"),),
    fault="rate-limited",
    checked=("error.surfaced", "error.identified"),
)
EXPECTED = case(
    "boundary/seed/maximum/above",
    "expected",
    reason="the seed is an int32 until version 2",
    outcome=Outcome("crashed", reason="ended with code 139"),
    exchanges=(),
    findings=must("error.surfaced", "no report: the client crashed"),
    checked=("error.surfaced",),
    polarity="violating",
    constraint="seed/maximum",
)

_COVERAGE = (
    Row("prompt/minLength", "valid", "accepted", 2),
    Row("prompt/minLength", "violating", "refused", 1),
    Row("prompt/maxLength", "valid", "altered", 1),
    Row("prompt/maxLength", "violating", "refused-locally", 1),
    Row("seed/minimum", "valid", "altered", 1),
    Row("seed/minimum", "violating", "refused", 3),
    Row("seed/maximum", "valid", "accepted", 1),
    Row("seed/maximum", "violating", "lost", 1),
    Row("duration/exclusiveMinimum", "valid", "refused-locally", 1),
    Row("duration/exclusiveMinimum", "violating", "never", 0),
    Row("keyframes/*/anyOf/0/seconds/maximum", "valid", "not-run", 1),
    Row("keyframes/*/anyOf/0/seconds/maximum", "violating", "refused", 12),
)


def run(*results: CaseResult, **more: Any) -> Verification:
    return Verification(
        mode=more.pop("mode", "verify"),
        model="runwayml/aleph-2",
        contract_version="1.0.0",
        profile="documented",
        seed=7,
        client=more.pop("client", Client("aleph-client", "2.1.0", "JavaScript")),
        results=results,
        elapsed=1.5,
        **more,
    )


FAILING = run(
    case("example/simple"),
    DROPPED,
    NORMALISED,
    REFUSED,
    case("boundary/seed/maximum/on", intended={**INPUT, "seed": 4294967295}),
    EXPECTED,
    case("probe/keys-twice", "skipped", reason="the client cannot write a key twice", checked=()),
    RETRIED,
    ADVISED,
    phases=(("example", 0.25), ("boundary", 1.0), ("fault", 0.25)),
    unexpected_passes=("boundary/seed/maximum/on",),
    stale=("boundary/sead/*",),
    coverage=_COVERAGE,
)
PASSING = run(
    case("example/simple"),
    case("example/timed", checked=("request.faithful", "request.once", "boundary.accepted")),
    ADVISED,
    phases=(("example", 0.5), ("fault", 0.25)),
    coverage=_COVERAGE[:2],
)
UNKNOWN_REPLY = case(
    "example/timed",
    "could-not-run",
    reason="result for an unknown case 'c9'",
    outcome=None,
    exchanges=(),
    checked=(),
)
TROUBLED = run(
    case("example/simple"),
    UNKNOWN_REPLY,
    trouble=("node client.js: ended with code 1 before it sent its hello",),
    interrupted=True,
    client=Client("node client.js"),
)
EMPTY = run(client=Client("true"), mode="exec", notes=("the command made no call to the fake",))
PASSIVE = run(
    CaseResult(
        "call/01234567/0001",
        "traffic",
        "failed",
        intended=INPUT,
        exchanges=(limited(1, INPUT), limited(2, INPUT)),
        checked=("request.once", "error.surfaced"),
        findings=must("request.once", "the call was repeated at once"),
        fault="rate-limited",
    ),
    CaseResult(
        "call/01234567/0002",
        "traffic",
        "passed",
        intended=INPUT,
        exchanges=(exchange(3, INPUT),),
        checked=("request.once",),
    ),
    mode="exec",
    client=Client("pytest"),
    command_exit=1,
    coverage=(*_COVERAGE[:3], Row("prompt/maxLength", "violating", "never", 0)),
)

#: Hostile text for prompts, URLs, replies and reports of a client.
EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"'`${alert(1)}{{7*7}}{% x %}"
    "]]>&amp;&#0;\x00\x07\x1b[31m\x1b]0;owned\x07\x9b2J\u202eevil\u2066\ufeff\ud800\uffff"
    "\r\n::error title=x::y\n%0A|</textarea></style></title>"
)
EVIL_BYTES = EVIL.encode("utf-8", "surrogatepass")
HOSTILE = run(
    case(
        "boundary/evil<b>",
        "failed",
        intended={"prompt": EVIL, "video_uri": "javascript:alert(1)", EVIL: [EVIL]},
        exchanges=(
            exchange(
                1,
                {},
                request_body=b"\xff\x00<script>",
                response_body=EVIL_BYTES,
            ),
        ),
        outcome=Outcome(
            "error", error=ReportedError(EVIL, "api", 400, EVIL), stderr=EVIL, stdout=EVIL
        ),
        findings=must("request.faithful", EVIL),
        constraint=EVIL,
        polarity="valid",
        expectation=EVIL,
        fault=EVIL,
    ),
    case("boundary/skipped", "skipped", reason=EVIL),
    case("boundary/odd-result", outcome=Outcome("result", result={"a": object, "b": float("nan")})),
    client=Client(EVIL, EVIL, EVIL),
    trouble=(EVIL,),
    notes=(EVIL,),
    stale=(EVIL,),
    unexpected_passes=(EVIL,),
    coverage=(Row(EVIL, "valid", "accepted", 1),),
)

ALL = {
    "failing": FAILING,
    "passing": PASSING,
    "troubled": TROUBLED,
    "empty": EMPTY,
    "passive": PASSIVE,
}
