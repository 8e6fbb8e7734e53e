"""Verify a fixture client in a test, and read the findings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from aleph_contract.core.results import Verification
from aleph_contract.drivers import Driver
from aleph_contract.verify.runner import Settings, verify_client

FIXTURES = Path(__file__).parents[2] / "fixtures"

#: With ALEPH_CONTRACT_WHOLE=1 every client is driven through all cases, not through a selection.
WHOLE = os.environ.get("ALEPH_CONTRACT_WHOLE") == "1"

#: Cases that take as long as the verifier's patience.
SLOW = ("fault/hang/*",)

#: The selection for clients whose mistake is in the request.
INPUTS = (
    "examples",
    "boundary/prompt/m*",
    "boundary/required/*",
    "boundary/additionalProperties/as-S*",
    "boundary/seed/m*",
    "boundary/seed/type/[bfs]*",
    "boundary/seed/type/null",
    "boundary/keyframes/m*",
    "boundary/keyframes/*/anyOf/?/at/m*",
    "boundary/keyframes/*/anyOf/?/seconds/m*",
    "boundary/keyframes/*/anyOf/1/additionalProperties/with-seconds",
    "boundary/prompt_images/minItems/*",
    "boundary/content_moderation/type/null",
    "boundary/duration/exclusiveMinimum/below",
    "combination/text/*",
    "combination/number/*",
    "combination/uri/video_uri/*",
    "combination/only/*",
    "combination/beside/keyframes/?/anyOf/1/at/*",
    "probe/prompt/*",
    "probe/video_uri/*",
    "probe/together/*",
    "fault/field-invalid/once",
)

#: The selection for clients whose mistake is in the handling of replies.
REPLIES = (
    "examples",
    "profile",
    "boundary/prompt/maxLength/*",
    "boundary/seed/maximum/*",
    "fault/*/once",
    "fault/bad-gateway/*",
    "fault/field-missing/*",
    "fault/rate-limited/*",
)


def drive(
    driver: Driver, *run: str, local: bool = False, skip: Sequence[str] = SLOW
) -> Verification:
    """Verify a client with the selected cases, without the properties phase."""
    settings = Settings(
        run=run, skip=tuple(skip), max_examples=0, timeout=10, require_local_validation=local
    )
    return verify_client(driver, settings=settings)


def found(verification: Verification, level: str) -> dict[str, list[str]]:
    """The findings of one level: rule id, then `case name: message` for each case."""
    messages: dict[str, list[str]] = {}
    for result in verification.results:
        for finding in result.findings:
            if finding.level == level:
                messages.setdefault(finding.rule, []).append(f"{result.name}: {finding.message}")
    return messages
