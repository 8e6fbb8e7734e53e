"""The table of failures, and the messages of refusals."""

from __future__ import annotations

import string
from typing import Any

import pytest
from calling import INPUT

from aleph_contract.contract.validate import validator_for
from fake_server.replies.failures import (
    FAILURES,
    PROFILES,
    Refused,
    compact,
    failure_body,
    refusal,
)
from fake_server.replies.outcomes import OUTCOMES

ORIGIN = b"http://127.0.0.1:8790/__aleph__/media/"

WIRE = [
    ("token-missing", 400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers"),
    ("token-wrong", 401, 10000, "Authentication error"),
    ("malformed-account", 404, 7003,
     "Could not route to {target}, perhaps your object identifier is invalid?"),
    ("token-of-another-account", 403, 10000, "Authentication error"),
    ("unknown-model", 404, 7003, "Model not found: {model}"),
    ("field-missing", 400, 7003,
     "Model execution failed (User Input Error): Required value missing: {path}"),
    ("field-invalid", 400, 7003,
     "Model execution failed (User Input Error): Invalid value at {path}: {detail}"),
    ("no-credits", 402, 2021, "Insufficient balance; add money to your gateway or use BYOK"),
    ("content-refused", 402, 2021, "Model execution failed (Payment error)"),
    ("guardrail-blocked", 422, 2017, None),
    ("guardrail-unavailable", 503, 7013, None),
    ("dlp-request", 424, 2029, None),
    ("dlp-response", 424, 2030, None),
    ("rate-limited", 429, 2003, "Rate limited"),
    ("spend-limit", 429, 2045, ("Spend limit exceeded: rule '{rule}' (cost limit {usd} per "
     "{period}s, fixed) for {provider} {name}")),
    ("gateway-missing", 400, 2001, "Please configure AI Gateway in the Cloudflare dashboard"),
    ("provider-failed", 400, 2005, "Failed to get response from provider"),
]  # fmt: skip


class TestFailures:
    """The rows of the table equal the documented and observed failures."""

    @pytest.mark.parametrize(("name", "status", "code", "message"), WIRE, ids=[w[0] for w in WIRE])
    def test_they_are_the_documented_and_observed_ones(
        self, name: str, status: int, code: int, message: str | None
    ) -> None:
        failure = FAILURES[name]
        assert (failure.status, failure.code) == (status, code)
        assert message is None or failure.message == message

    def test_each_has_an_outcome_and_a_provenance(self) -> None:
        for failure in FAILURES.values():
            assert failure.outcome in OUTCOMES
            assert failure.provenance in ("schema", "documented", "observed", "assumed")
            assert failure.title
            assert 400 <= failure.status < 600

    def test_every_placeholder_is_known(self) -> None:
        words = {"target", "path", "detail", "model", "provider", "name", "rule", "usd", "period",
                 "limit", "reason", "actual", "known", "elsewhere"}  # fmt: skip
        for failure in FAILURES.values():
            named = {field for _, field, _, _ in string.Formatter().parse(failure.message) if field}
            assert named <= words

    def test_on_rest_as_observed(self) -> None:
        body = failure_body(FAILURES["rate-limited"], "Rate limited")
        assert body == (
            b'{"errors":[{"message":"Rate limited","code":2003}],"success":false,"result":{},'
            b'"messages":[]}'
        )

    def test_authentication_on_rest_as_observed(self) -> None:
        body = failure_body(FAILURES["token-wrong"], "Authentication error")
        assert body == (
            b'{"result":null,"success":false,"errors":[{"code":10000,'
            b'"message":"Authentication error"}],"messages":[]}'
        )

    def test_on_the_binding_as_observed(self) -> None:
        failure = FAILURES["no-credits"]
        body = failure_body(failure, failure.message, "binding", "an-id")
        assert body == (
            b'{"success":false,"result":[],"messages":[],"error":[{"code":2021,"message":'
            b'"Insufficient balance; add money to your gateway or use BYOK"}],"name":'
            b'"AiGatewayError","httpCode":402,"internalCode":2021,"message":"Insufficient balance;'
            b' add money to your gateway or use BYOK","description":"Insufficient AI Gateway '
            b'credits","requestId":"an-id"}'
        )

    def test_braces_in_a_value_are_not_a_placeholder(self) -> None:
        assert Refused("unknown-model", model="{0}{x}").message == "Model not found: {0}{x}"

    def test_a_lone_surrogate_in_a_message_can_be_sent(self) -> None:
        assert b"?" in compact("\ud800")

    def test_the_profiles_have_a_provenance(self) -> None:
        assert PROFILES == {"documented": "documented", "live": "observed"}


class TestRefusal:
    """Messages of violations in the wording of the live service."""

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ({"prompt": "p"}, "Required value missing: video_uri"),
            (INPUT | {"keyframes": [{"uri": "u", "seconds": 31}]},
             "Invalid value at keyframes.0.seconds: Too big: expected number to be <=30"),
            (INPUT | {"keyframes": [{"uri": "u"}]}, "Invalid value at keyframes.0: Invalid input"),
            (INPUT | {"keyframes": []},
             "Invalid value at keyframes: Too small: expected array to have >=1 items"),
            (INPUT | {"prompt": ""},
             "Invalid value at prompt: Too small: expected string to have >=1 characters"),
            (INPUT | {"duration": 0},
             "Invalid value at duration: Too small: expected number to be >0"),
            (INPUT | {"seed": 1.5},
             "Invalid value at seed: Invalid input: expected int, received number"),
            (INPUT | {"seed": True},
             "Invalid value at seed: Invalid input: expected int, received boolean"),
            (INPUT | {"content_moderation": {"public_figure_threshold": "off"}},
             ("Invalid value at content_moderation.public_figure_threshold: Invalid option: "
              'expected one of "auto"|"low"')),
            (INPUT | {"content_moderation": {"a": 1, "b": 2}},
             'Invalid value at content_moderation: Unrecognized keys: "a", "b"'),
            ([], "Invalid value at input: Invalid input: expected object, received array"),
            (None, "Invalid value at input: Invalid input: expected object, received null"),
        ],
    )  # fmt: skip
    def test_it_names_the_field_and_the_violation(self, value: Any, message: str) -> None:
        refused = refusal(validator_for().first_violation(value))
        assert refused.message == "Model execution failed (User Input Error): " + message
