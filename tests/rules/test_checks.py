"""One check at a time: the verdict on evidence at the edges of its rule.

A verdict is a sentence, empty if the rule is kept, and `None` if the evidence cannot break it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sample_evidence import (
    ELSEWHERE,
    ERROR,
    INPUT,
    LIMITED,
    REDIRECT,
    REPLY,
    RESULT,
    VIDEO,
    bare,
    body,
    evidence,
    exchange,
    refused,
    replied,
    violating,
)
from sample_traffic import CONTRACT, VIOLATING, on_binding

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.outcome import Outcome, ReportedError
from aleph_contract.rules.checks import CHECKS
from aleph_contract.rules.evidence import Evidence

RUN = "/client/v4/accounts/…/ai/run"
DOCUMENTED = "POST {base_url}/accounts/{account_id}/ai/run"
STUCK = Outcome("stuck", reason="no report in 1 s")
CUT = exchange(status=None, response_body=b"", outcome="cut")
BINDING = on_binding(INPUT, target="/run?version=3")
#: A contract whose model is in the path, and whose result is the whole reply.
IN_PATH = Contract.from_entry(
    {
        "name": "@cf/acme/x",
        "properties": [],
        "schema": {"input": {"type": "object"}, "output": {"type": "array"}},
    }
)


def reporting(message: str = "", stage: Any = "api", **more: Any) -> Outcome:
    return Outcome("error", error=ReportedError(message, stage=stage, **more))


def failing(message: str = "no", code: Any = 1, **changes: Any) -> Exchange:
    """A refusal with another error."""
    raw = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return refused(**{"response_body": raw, **changes})


def later(seen: Exchange, **changes: Any) -> Exchange:
    return replace(seen, number=2, **changes)


def traffic(*exchanges: Exchange) -> Evidence:
    return Evidence(CONTRACT, None, exchanges)


def of_other(contract: Contract, *exchanges: Exchange, **more: Any) -> Evidence:
    return replace(evidence(*exchanges, **more), contract=contract)


ARRAY = exchange({}, target=f"/client/v4/accounts/a/ai/run/{IN_PATH.model}", response_body=b"[]")

MISSING = "missing /prompt, missing /video_uri, missing /seed"

REQUESTS: list[tuple[str, Evidence, str | None]] = [
    ("request.route", evidence(outcome=reporting(), fault="hang"), None),
    ("request.route", evidence(outcome=reporting(stage="client")), None),
    ("request.route", violating(outcome=reporting()), None),
    ("request.route", evidence(ELSEWHERE, outcome=reporting()), None),
    ("request.route", evidence(BINDING), ""),
    (
        "request.route",
        evidence(replace(BINDING, target="/other", outcome="no-route")),
        "sent POST /other instead of POST /run or /ai-gateway/run",
    ),
    ("request.route", evidence(exchange(method="PUT", target="/x?token=1", account="")),
     f"sent PUT /x?… instead of {DOCUMENTED}"),
    ("request.route", of_other(IN_PATH, ARRAY), ""),
    ("request.route", of_other(IN_PATH, exchange()),
     f"sent POST {RUN} instead of {DOCUMENTED}/{IN_PATH.model}"),
    ("request.route", of_other(IN_PATH, BINDING), ""),
    ("request.auth", evidence(exchange(credential="none")), None),
    ("request.auth", evidence(exchange(), later(exchange(), credential="none")), ""),
    ("request.content-type", evidence(), None),
    ("request.content-type", evidence(exchange(request_complete=False, request_headers=())), None),
    ("request.content-type",
     evidence(exchange(), exchange(request_headers=(("content-type", "a/b; c=d"),))),
     "declared its body as a/b; c=d instead of application/json"),
    ("request.model", evidence(refused(request_body=b"{")), None),
    ("request.model", evidence(exchange(request_body=b'{"input":{}}')),
     f'sent the model null instead of "{CONTRACT.model}"'),
    ("request.model", evidence(exchange(request_body=b'{"model":"x"}')),
     f'sent the model "x" instead of "{CONTRACT.model}"'),
    ("request.envelope", evidence(), None),
    ("request.envelope", evidence(BINDING), ""),
    ("request.envelope", evidence(exchange(request_body=body(INPUT, a=1, b=2, c=3, d=4, e=5))),
     'sent members beside the documented ones: "a", "b", "c" and 2 more'),
    ("request.envelope", evidence(exchange(), exchange(target="/ai/run?" + "q" * 90)),
     f"sent a query in the URL: ?{'q' * 80}… 10 more characters"),
    ("request.valid", violating(refused(VIOLATING)), None),
    ("request.valid", evidence(), None),
    ("request.valid", traffic(exchange(), later(exchange(VIOLATING))),
     "sent an input that violates the contract: seed must be at least 0, not -1"),
    ("request.faithful", traffic(exchange(VIOLATING)), None),
    ("request.faithful", evidence(), None),
    ("request.faithful", evidence(refused(request_body=b"{"), later(exchange())), ""),
    ("request.faithful", evidence(refused(request_body=b"{"), later(exchange({}))),
     f"sent another input: {MISSING}"),
    ("request.faithful", evidence(exchange([])),
     "sent another input: changed the whole input"),
    ("request.faithful", violating(refused(VIOLATING), later(exchange())), ""),
    ("request.once", traffic(exchange(), later(exchange())), None),
    ("request.once", evidence(refused(), outcome=ERROR), None),
    ("request.once", evidence(exchange()), ""),
    ("request.once", evidence(exchange(status=202), later(exchange())), ""),
    ("request.once", evidence(outcome=STUCK), None),
    ("request.once", violating(outcome=RESULT), None),
]  # fmt: skip

REPAIRED = (
    "sent a valid input instead of the violating one it was given; right is an error, "
    "or the input unchanged"
)

BOUNDARIES: list[tuple[str, Evidence, str | None]] = [
    ("boundary.accepted", evidence(outcome=reporting(stage="client"), fault="hang"), None),
    ("boundary.accepted", evidence(outcome=None), None),
    ("boundary.accepted", violating(), None),
    ("boundary.accepted", evidence(outcome=reporting()), None),
    ("boundary.accepted", evidence(exchange(), outcome=reporting(stage="client")), ""),
    ("boundary.accepted", evidence(), ""),
    ("boundary.accepted", evidence(outcome=Outcome("crashed")),
     "did not send a valid input: crashed"),
    ("boundary.not-repaired", evidence(exchange()), None),
    ("boundary.not-repaired", violating(refused(VIOLATING), later(exchange())),
     REPAIRED),
    ("boundary.not-repaired", violating(refused(request_body=b"{")), ""),
    ("boundary.refusal-surfaced", violating(outcome=STUCK),
     "ended without a report; an error is right: no report in 1 s"),
    ("boundary.refusal-surfaced", violating(), ""),
    ("boundary.refusal-surfaced", evidence(refused()), None),
    ("boundary.refusal-surfaced", violating(refused(VIOLATING), outcome=None), None),
    ("boundary.refusal-surfaced", violating(exchange(VIOLATING), outcome=RESULT), None),
    ("boundary.refusal-surfaced", violating(refused(VIOLATING)), ""),
    ("boundary.refused-locally", violating(refused(VIOLATING)), None),
    ("boundary.refused-locally", evidence(exchange(), require_local_validation=True), None),
    ("boundary.refused-locally",
     violating(refused(VIOLATING), outcome=None, require_local_validation=True), None),
    ("boundary.refused-locally", violating(ELSEWHERE, require_local_validation=True), ""),
]  # fmt: skip

LATIN = 'a "b"\n'
ASKED: dict[str, Any] = {"status": 429, "outcome": "fault", "billed": False}

FAILURES: list[tuple[str, Evidence, str | None]] = [
    ("error.identified", traffic(refused()), None),
    ("error.identified", evidence(outcome=reporting()), None),
    ("error.identified", evidence(exchange(), outcome=reporting()), None),
    ("error.identified", evidence(failing(code=None), outcome=reporting()), None),
    ("error.identified", evidence(REDIRECT, outcome=reporting()), None),
    ("error.identified", evidence(failing(), outcome=reporting("400: 1, no")), ""),
    ("error.identified", evidence(failing(), outcome=reporting("no", status=400, code="1")), ""),
    ("error.identified", evidence(failing(LATIN), outcome=reporting(f"400 1 {LATIN}")), ""),
    ("error.identified", evidence(failing(LATIN), outcome=reporting(r"400 1 a \"b\"\n")), ""),
    ("error.identified", evidence(failing(LATIN), outcome=reporting(r"400 1 \"b\"\n")),
     f"its error lacks the message of the failure: {LATIN}"),
    ("error.identified", evidence(failing(LATIN), outcome=reporting(r"400 1 a \"b\"")),
     f"its error lacks the message of the failure: {LATIN}"),
    ("error.identified", evidence(failing("x" * 90, 7), outcome=reporting("7", status=400)),
     f"its error lacks the message of the failure: {'x' * 80}… 10 more characters"),
    ("error.identified", evidence(failing("", 7), outcome=reporting("", status=400)),
     "its error lacks the code of the failure: 7"),
    ("error.identified", evidence(failing("m", 7), outcome=reporting("", status=500, code=8)),
     "its error lacks the status and the code and the message of the failure: 400, 7, m"),
    ("error.not-retried", evidence(), None),
    ("error.not-retried", evidence(refused()), ""),
    ("error.not-retried", evidence(LIMITED), None),
    ("error.not-retried", evidence(LIMITED, later(refused(status=404))), ""),
    ("error.not-retried", evidence(LIMITED, refused(status=404), exchange()),
     "repeated a call that was answered 404"),
    ("error.not-retried", evidence(failing("Rate limit exceeded", 2021, status=402), exchange()),
     None),
    ("error.not-retried", evidence(REDIRECT, exchange()), None),
    ("billing.paid-once", evidence(exchange(), later(exchange())), None),
    ("billing.paid-once", of_other(IN_PATH, ARRAY, later(ARRAY)), None),
    ("billing.paid-once", evidence(replace(REDIRECT, billed=True), exchange()), None),
    ("billing.paid-once", evidence(exchange(status=202), later(exchange())),
     "repeated a call that may already have been billed"),
    ("billing.paid-once", evidence(replied(b"<html>")), ""),
    ("billing.paid-once", evidence(refused(status=503), exchange()), None),
    ("billing.paid-once", evidence(failing(code=7013, status=503, billed=True), exchange()), None),
    ("billing.paid-once", evidence(failing(code=7014, status=503, billed=True), exchange()),
     "repeated a call that may already have been billed"),
    ("billing.paid-once", evidence(CUT, later(CUT), exchange()),
     "repeated 2 calls that may already have been billed"),
    ("billing.paid-once",
     evidence(refused(status=429, response_headers=(("content-length", "999"),), billed=True),
              exchange()),
     "repeated a call that may already have been billed"),
    ("billing.result-awaited", evidence(replace(CUT, elapsed=2.0)),
     "gave up on a run that was still going; the run is billed, and its result is lost"),
    ("billing.result-awaited", evidence(replace(CUT, elapsed=1.9)), None),
    ("billing.result-awaited", evidence(replace(CUT, elapsed=60.0, billed=False)), None),
    ("billing.result-awaited", evidence(replace(CUT, elapsed=60.0, fault="hang")), None),
    ("billing.result-awaited", evidence(replace(CUT, elapsed=60.0), outcome=STUCK), None),
    ("billing.result-awaited", traffic(replace(CUT, elapsed=60.0)),
     "gave up on a run that was still going; the run is billed, and its result is lost"),
    ("billing.result-awaited", evidence(exchange(elapsed=60.0)), ""),
    ("billing.result-awaited", evidence(exchange(elapsed=60.0, outcome="cut")), ""),
    ("billing.result-awaited", evidence(exchange(elapsed=60.0, status=None)), ""),
    ("billing.result-awaited", evidence(*[replace(CUT, elapsed=60.0)] * 3),
     "gave up on 3 runs that were still going; each is billed, and its result is lost"),
    ("error.bounded", evidence(), None),
    ("error.bounded", evidence(refused(), exchange()), None),
    ("error.bounded", evidence(*[refused(status=429)] * 10), ""),
    ("error.bounded", traffic(*[refused(status=429)] * 11), ""),
    ("error.bounded", evidence(LIMITED, exchange(received_at=1.9)), ""),
    ("error.bounded", evidence(LIMITED, exchange(received_at=1.89)),
     "waited 1.89 s before the next call; Retry-After asked for 2 s"),
    ("error.bounded", evidence(replace(LIMITED, elapsed=1.0), exchange(received_at=2.0)),
     "waited 1.00 s before the next call; Retry-After asked for 2 s"),
    ("error.bounded",
     evidence(replace(LIMITED, status=401), replace(LIMITED, received_at=0.5),
              exchange(received_at=3.0)),
     ""),
    ("error.bounded",
     evidence(
         refused(**ASKED, received_at=1e9,
                 response_headers=(("retry-after", "Sun, 09 Sep 2001 01:46:50 GMT"),)),
         exchange(received_at=1e9 + 4)),
     "waited 4.00 s before the next call; Retry-After asked for 10 s"),
]  # fmt: skip

TEXT = replied({**bare(video=VIDEO)}, "text/plain")
MARKED = replied(b"\xef\xbb\xbf" + REPLY)

REPLIES: list[tuple[str, Evidence, str | None]] = [
    ("response.result", traffic(exchange()), None),
    ("response.result", evidence(), None),
    ("response.result", evidence(refused()), None),
    ("response.result", evidence(TEXT), None),
    ("response.result", evidence(exchange()), ""),
    ("response.result", evidence(exchange(), outcome=STUCK),
     "reported nothing for a completed run: no report in 1 s"),
    ("response.result", evidence(exchange(), outcome=Outcome("result", result="u"),
                                 other_results={"u": "other"}), None),
    ("response.state", traffic(replied({"state": "Running"})), None),
    ("response.state", evidence(), None),
    ("response.state", evidence(exchange()), None),
    ("response.state", evidence(replied({"state": "Running"}), outcome=STUCK),
     "ended without a report; an error is right: no report in 1 s"),
    ("response.state", evidence(replied({"state": "Running"}), outcome=ERROR), ""),
    ("response.malformed", traffic(replied(b"<")), None),
    ("response.malformed", evidence(), None),
    ("response.malformed", evidence(MARKED), None),
    ("response.malformed", evidence(exchange()), None),
    ("response.malformed", evidence(TEXT),
     "reported a result although the content type of the reply is text/plain"),
    ("response.malformed", evidence(TEXT, outcome=ERROR), ""),
    ("response.malformed", evidence(CUT), None),
    ("error.surfaced", traffic(refused()), None),
    ("error.surfaced", evidence(), None),
    ("error.surfaced", violating(refused(VIOLATING), outcome=RESULT), None),
    ("error.surfaced", evidence(exchange()), None),
    ("error.surfaced", evidence(REDIRECT), "reported a result although the status is 307"),
    ("error.surfaced", evidence(exchange(response_headers=(("content-length", "999"),))), None),
    ("error.surfaced", evidence(CUT, outcome=ERROR), ""),
]  # fmt: skip

PAGE = failing("see https://docs.example/", status=500)

FILE = VIDEO.rpartition("/")[2]
DOWNLOAD = replace(ELSEWHERE, method="GET", target=f"/elsewhere/a/{FILE}?X-Amz-Signature=0/1")
WITH_DOWNLOAD = (
    f"sent the token with the download of {FILE} to localhost:1, which only a reply of the service "
    "names"
)

SAFETY: list[tuple[str, Evidence, str | None]] = [
    ("security.token-host", evidence(exchange()), None),
    ("security.token-host", evidence(REDIRECT), ""),
    ("security.token-host", evidence(PAGE), ""),
    ("security.token-host", evidence(refused()), None),
    ("security.token-host", evidence(exchange(), replace(ELSEWHERE, credential="none")), ""),
    ("security.token-host", evidence(REDIRECT, replace(ELSEWHERE, credential="refused"), ELSEWHERE),
     "sent the token to localhost:1, which only a reply of the service names"),
    ("security.token-host", evidence(exchange(), DOWNLOAD), WITH_DOWNLOAD),
    ("security.token-host", evidence(exchange(), replace(DOWNLOAD, target=f"/a/{FILE}")),
     WITH_DOWNLOAD),
    ("security.token-host",
     evidence(exchange(), replace(DOWNLOAD, credential="missing", token_leaked=True)),
     WITH_DOWNLOAD),
    ("security.token-host", evidence(exchange(), replace(DOWNLOAD, credential="refused")), ""),
    ("security.token-host", evidence(exchange(), replace(DOWNLOAD, target="/x/")),
     "sent the token to localhost:1, which only a reply of the service names"),
    ("security.token-leak", traffic(exchange()), ""),
    ("security.token-leak", evidence(), ""),
    ("security.token-leak", traffic(), None),
    ("security.token-leak",
     evidence(exchange(), later(exchange(token_leaked=True, request_headers=(
         ("authorization", "Bearer REDACTED"), ("x-key", "a REDACTED"), ("y-key", "REDACTED"),
     )))),
     "put the token into the header x-key"),
    ("concurrency.no-crosstalk", evidence(exchange()), None),
    ("concurrency.no-crosstalk", evidence(other_results={"u": "other"}), None),
    ("concurrency.no-crosstalk", evidence(exchange(), other_results={"u": "other"}), ""),
    ("concurrency.no-crosstalk", evidence(exchange(), outcome=ERROR, other_results={"u": "other"}),
     ""),
]  # fmt: skip

VERDICTS = [*REQUESTS, *BOUNDARIES, *FAILURES, *REPLIES, *SAFETY]


@pytest.mark.parametrize(("rule", "given", "verdict"), VERDICTS, ids=[v[0] for v in VERDICTS])
def test_the_verdict_of_a_check(rule: str, given: Evidence, verdict: str | None) -> None:
    assert CHECKS[rule](given) == verdict
