"""The facts about the live service that changed last are served, each with its provenance."""

from __future__ import annotations

from typing import Any

import pytest

from fake_server.replies.behaviours import BEHAVIOURS
from fake_server.replies.faults import FAULTS

#: Fault: status, code, provenance, a part of the message.
FAILURES: dict[str, tuple[int, int, str, str]] = {
    "no-route": (400, 7003, "observed", "Could not route to"),
    "key-rejected": (401, 2009, "documented", ""),
    "key-rejected-unified": (503, 2009, "documented", ""),
    "key-required": (400, 2009, "documented", ""),
    "no-credits": (402, 2021, "observed", "Insufficient balance"),
    "content-refused": (402, 2021, "observed", "Payment error"),
    "wholesale-limit": (402, 2021, "observed", "Wholesale rate limit exceeded"),
    "wholesale-limit-429": (429, 2018, "observed", "Wholesale rate limit exceeded"),
    "not-unified": (402, 2021, "observed", "not available via unified billing"),
    "not-unified-2047": (402, 2047, "observed", "not available via unified billing"),
    "source-unreachable": (400, 7003, "observed", "User Input Error"),
    "guardrail-blocked": (422, 2017, "documented", ""),
    "guardrail-unavailable": (503, 7013, "documented", ""),
    "dlp-request": (424, 2029, "documented", ""),
    "dlp-response": (424, 2030, "documented", ""),
    "rate-limited": (429, 2003, "observed", "Rate limited"),
    "spend-limit": (429, 2045, "observed", "Spend limit exceeded"),
    "gateway-missing": (400, 2001, "observed", "configure AI Gateway"),
    "provider-failed": (400, 2005, "observed", "Failed to get response"),
}

#: Behaviour: provenance, and the option of `serve` that turns it on.
AROUND_A_RUN: dict[str, tuple[str, str]] = {
    "binding-description": ("observed", ""),
    "binding-ids": ("documented", ""),
    "binding-headers-402": ("observed", ""),
    "binding-headers-429": ("observed", ""),
    "binding-options-type": ("assumed", ""),
    "binding-abort": ("assumed", ""),
    "no-route-errors": ("observed", ""),
    "metadata-five-entries": ("observed", ""),
    "metadata-null-or-object": ("observed", ""),
    "retry-delay": ("documented", ""),
    "no-cache": ("documented", ""),
    "spend-limit-lag": ("observed", "--spend-limit-lag N"),
    "presigned-urls": ("observed", "--presigned SECONDS"),
    "background-run": ("observed", "--background"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_served_as_it_is_known(name: str) -> None:
    fault = FAULTS[name]
    status, code, provenance, message = FAILURES[name]
    known: Any = (fault.status, fault.code, fault.provenance)
    assert known == (status, code, provenance)
    assert message in fault.message


def test_every_behaviour_around_a_run_has_its_provenance() -> None:
    assert {b.name: (b.provenance, b.option) for b in BEHAVIOURS} == AROUND_A_RUN
