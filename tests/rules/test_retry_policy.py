"""The retry table: one row for every failure, and the lawful forms of Retry-After."""

from __future__ import annotations

import time

import pytest

from aleph_contract.rules.retry_after import retry_after
from aleph_contract.rules.retry_policy import FINAL_STATUSES, RETRIES, Repeat, retry_row

NOW = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the date in RFC 9110


def test_every_failed_call_has_a_row() -> None:
    for status in (None, *range(200, 300), *range(400, 600)):
        row = retry_row(status)
        assert row is not None, status
        assert row.why.endswith("."), status
        assert (row.repeat == "never") == (status in FINAL_STATUSES), status


def test_a_redirect_has_none() -> None:
    assert retry_row(307) is None


def test_every_row_decides_something() -> None:
    """A row behind one that fits all its replies would never be read."""
    replies = [(402, 2021, "Wholesale rate limit exceeded"), (503, 2009, ""), (503, 7013, "")]
    plain = (None, 200, 400, 408, 409, 424, 425, 429, 500)
    rows = [retry_row(*reply) for reply in replies] + [retry_row(status) for status in plain]
    assert set(rows) == set(RETRIES)


@pytest.mark.parametrize(
    ("status", "code", "message", "repeat"),
    [
        (402, 2021, "Wholesale rate limit exceeded for this gateway.", "after-wait"),
        (402, 2021, "Insufficient balance; add money to your gateway or use BYOK", "never"),
        (402, 2047, "This model is not available via unified billing.", "never"),
        (429, 2018, "Wholesale rate limit exceeded for this gateway.", "after-wait"),
        (503, 7013, "Guardrails are unavailable", "after-wait"),
        (503, 7000, "Service unavailable", "if-unbilled"),
        (401, 2009, "", "never"),
        (408, None, "", "after-wait"),
    ],
)
def test_code_and_message_tell_failures_of_one_status_apart(
    status: int, code: int | None, message: str, repeat: Repeat
) -> None:
    row = retry_row(status, code, message)
    assert row is not None
    assert row.repeat == repeat


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("Sun, 06 Nov 1994 08:49:47 GMT", 10),
        ("Sunday, 06-Nov-94 08:49:47 GMT", 10),
        ("Sun Nov  6 08:49:47 1994", 10),
        ("Sun, 06 Nov 1994 07:49:37 GMT", 0),
        ("", 0),
        ("-5", 0),
        ("0.5", 0),
        ("1e3", 0),
        ("٣", 0),
        ("soon", 0),
        ("Sun, 06 Nov 1994 08:49:47 +0100", 0),
        ("06 Nov 1994 08:49:47 GMT", 0),
        ("Sun, 06 Nov 1994 08:49:47", 0),
        ("Sun, 99 Nov 1994 99:99:99 GMT", 0),
    ],
)
def test_only_the_lawful_forms_of_retry_after_ask_for_a_wait(value: str, seconds: float) -> None:
    assert retry_after(value, NOW) == seconds


def test_a_date_is_in_utc_wherever_the_client_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert retry_after("Sun, 06 Nov 1994 08:49:47 GMT", NOW) == 10
    finally:
        monkeypatch.undo()
        time.tzset()
