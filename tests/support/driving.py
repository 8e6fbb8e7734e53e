"""Verify a fixture client in a test, and read the findings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from aleph_contract.core.results import Verification
from aleph_contract.drivers import Driver
from aleph_contract.verify import token_files
from aleph_contract.verify.runner import Settings, verify_client

FIXTURES = Path(__file__).parents[2] / "fixtures"

#: With ALEPH_CONTRACT_WHOLE=1 every client is driven through all cases, not through a selection.
WHOLE = os.environ.get("ALEPH_CONTRACT_WHOLE") == "1"

#: Cases that take as long as the verifier's patience.
SLOW = ("fault/hang/*",)

#: Cases that every client is driven through: most of them must not accuse a broken client.
SAMPLE = (
    "examples",
    "boundary/prompt/maxLength/*",
    "boundary/seed/maximum/*",
    "combination/text/prompt/accents",
    "fault/field-invalid/once",
    "fault/internal-error/once",
    "profile/*/simple-video-edit",
)

#: By module of `fixtures/broken`: the cases that show the mistakes of its clients. A selection is
#: the smallest in which each client breaks each of its rules; a missing case lets a client pass.
SHOWING = {
    "asking": (
        "combination/only/seed",
        "probe/prompt/lines",
    ),
    "changing": (
        "boundary/content_moderation/type/null",
        "boundary/duration/exclusiveMinimum/below",
        "boundary/keyframes/*/anyOf/0/seconds/maximum/above",
        "boundary/keyframes/maxItems/above",
        "boundary/required/without-prompt",
        "boundary/seed/minimum/on",
        "combination/beside/keyframes/*/anyOf/1/at/minimum+keyframes/*/anyOf/1/at/maximum",
        "combination/number/duration/fraction",
        "combination/number/keyframes/*/anyOf/0/seconds/fraction",
        "combination/text/prompt/combining-accent",
        "combination/text/prompt/punctuation",
        "combination/uri/video_uri/not-normalised",
        "probe/prompt/blank",
        "probe/prompt/control",
        "probe/prompt/length-graphemes",
        "probe/prompt/length-utf16",
        "probe/prompt/lines",
        "probe/together/keyframes+prompt_images",
    ),
    "bounds": (
        "boundary/additionalProperties/as-Seed",
        "boundary/keyframes/*/anyOf/0/seconds/maximum/on",
        "boundary/keyframes/*/anyOf/1/additionalProperties/with-seconds",
        "boundary/keyframes/*/anyOf/1/at/minimum/*",
        "boundary/keyframes/m*",
        "boundary/required/without-prompt",
        "boundary/seed/m*",
        "boundary/seed/type/boolean",
        "boundary/seed/type/null",
        "combination/number/duration/fraction",
        "combination/text/prompt/longest-accented",
        "combination/uri/video_uri/data",
    ),
    "answers": (
        "fault/body-empty/once",
        "fault/body-html/once",
        "fault/body-invalid-json/once",
        "fault/body-truncated/once",
        "fault/empty-204/once",
        "fault/extra-fields/once",
        "fault/reply-array/once",
        "fault/result-member-object/once",
        "fault/result-url-not-normalised/once",
        "fault/state-failed/once",
        "fault/state-queued/once",
        "fault/success-false/once",
    ),
    "failures": (
        "fault/bad-gateway/*",
        "fault/bad-request-with-result/once",
        "fault/dropped/once",
        "fault/errors-null/once",
        "fault/no-credits/once",
        "fault/not-found-text/once",
        "fault/rate-limited-retry-after/once",
        "fault/rate-limited-retry-after-date/once",
        "fault/redirect-301/once",
        "fault/reply-null/once",
        "fault/result-url-other-host/once",
        "fault/state-queued/once",
        "fault/token-wrong/once",
        "fault/url-in-error/once",
    ),
}  # fmt: skip

#: Every selection at once, for correct clients.
SHOWING_ALL = tuple(dict.fromkeys((*SAMPLE, *(case for run in SHOWING.values() for case in run))))


def drive(
    driver: Driver, *run: str, local: bool = False, skip: Sequence[str] = SLOW
) -> Verification:
    """Verify a client with the selected cases, without the properties phase."""
    settings = Settings(
        run=run,
        skip=tuple(skip),
        max_examples=0,
        timeout=30,
        patience=30,  # for a client with a time-out of its own
        require_local_validation=local,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_files, "MAX_NAMES", 500)  # 5,000 file names take a tenth of the time
        return verify_client(driver, settings=settings)


def found(verification: Verification, level: str) -> dict[str, list[str]]:
    """The findings of one level: rule id, then `case name: message` for each case."""
    messages: dict[str, list[str]] = {}
    for result in verification.results:
        for finding in result.findings:
            if finding.level == level:
                messages.setdefault(finding.rule, []).append(f"{result.name}: {finding.message}")
    return messages
