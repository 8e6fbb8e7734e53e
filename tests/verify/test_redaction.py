"""The token in what a client reported is found and removed, in each form that software writes."""

from __future__ import annotations

from base64 import b64encode, encodebytes

import pytest

from aleph_contract.core.outcome import Outcome, ReportedError
from aleph_contract.verify.redaction import redact

TOKEN = "mvnfgBVEUsflh0N0eptsBfyhUx30n4lbJzY5Cn9Q"


@pytest.mark.parametrize(
    "written",
    [
        f"Bearer {TOKEN}",
        f"Basic {b64encode(f'{TOKEN}:'.encode()).decode()}",
        f"Basic {b64encode(f'user:{TOKEN}'.encode()).decode()}",
        f"Basic {b64encode(f'me:{TOKEN}'.encode()).decode()}",
        encodebytes(TOKEN.encode()).decode(),
        TOKEN.encode().hex(),
    ],
)
def test_the_token_is_found_in_each_form_and_removed(written: str) -> None:
    error = ReportedError(f"failed: {written}", "api", 401, written)
    outcome, leaks = redact(Outcome("error", error=error, stderr=f"log: {written}"), TOKEN)
    assert leaks == ("its standard error", "its error message", "its error code")
    assert outcome.error is not None
    for text in (outcome.stderr, outcome.error.message, str(outcome.error.code)):
        assert "<token>" in text
        assert written not in text


def test_an_outcome_without_the_token_is_left_alone() -> None:
    outcome = Outcome("result", result="https://example.com/v.mp4?a=%41", stderr="\\u0041")
    assert redact(outcome, TOKEN) == (outcome, ())
