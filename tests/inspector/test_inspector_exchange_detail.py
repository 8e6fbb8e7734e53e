"""The details of one exchange: violations, broken rules, media."""

from __future__ import annotations

import json
from typing import Any

import pytest
from inspector_client import GOOD, append_run

from aleph_contract.contract import Contract
from fake_server import media
from fake_server.http.factory import create_app
from fake_server.inspector.exchange_detail import MAX_VIOLATIONS, exchange_detail
from fake_server.inspector.json_view import Location


class TestExchangeDetail:
    """Violations with their locations, broken rules, and the media."""

    def detail(self, value: Any, **values: Any) -> Any:
        """The details of a refused run with `value` as input; `values` are other fields."""
        app = create_app()
        body = json.dumps({"model": Contract.load().model, "input": value}).encode()
        refused: dict[str, Any] = {"request_body": body, "outcome": "invalid", "status": 400}
        return exchange_detail(append_run(app, **refused | values), app.journal, app.contract)

    def test_each_violation_has_its_location_and_its_constraint(self) -> None:
        value = GOOD | {
            "seed": -1,
            "nope": 1,
            "keyframes": [{"uri": "https://e.com", "seconds": 99}],
        }
        found = {
            v.location: v.constraint and v.constraint.key for v in self.detail(value).violations
        }
        assert found == {
            Location("/input", "nope"): "additionalProperties",
            Location("/input/keyframes/0/seconds"): "keyframes/*/anyOf/0/seconds/maximum",
            Location("/input/seed"): "seed/minimum",
        }

    def test_each_of_several_unknown_members_has_its_own_message(self) -> None:
        found = self.detail(GOOD | {"<b>": 1, "nope": 2}).violations
        assert [v.message for v in found] == [
            '"<b>" is not allowed here',
            '"nope" is not allowed here',
        ]
        (alone,) = self.detail(GOOD | {"nope": 2}).violations
        assert alone.message == 'the input must not have "nope"'

    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ('{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}', {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}),
            ('{"a":1,"b":null}', {}),
        ],
    )
    def test_the_metadata_that_the_gateway_keeps(self, sent: str, kept: dict[str, int]) -> None:
        detail = self.detail(GOOD, request_headers=(("cf-aig-metadata", sent),))
        assert json.loads(detail.metadata) == kept

    @pytest.mark.parametrize("headers", [(), (("cf-aig-metadata", "[1]"),)], ids=["none", "list"])
    def test_without_an_object_there_is_no_metadata(self, headers: tuple[Any, ...]) -> None:
        assert self.detail(GOOD, request_headers=headers).metadata is None

    def test_a_valid_input_has_no_violations(self) -> None:
        assert self.detail(GOOD, outcome="completed", status=200).violations == ()

    def test_a_body_that_is_not_json_has_no_violations_and_says_why(self) -> None:
        detail = self.detail(None, request_body=b"{")
        assert detail.violations == ()
        assert "line 1" in detail.request.problem

    def test_violations_above_the_maximum_are_counted(self) -> None:
        detail = self.detail(GOOD | {f"unknown{n}": n for n in range(MAX_VIOLATIONS + 3)})
        assert (len(detail.violations), detail.violations_left_out) == (MAX_VIOLATIONS, 3)

    def test_broken_rules_are_those_of_the_rule_table(self) -> None:
        broken = self.detail({}).broken_rules
        assert "request.valid" in [b.rule.id for b in broken]
        assert all(b.rule.id == b.finding.rule for b in broken)

    def test_only_the_retry_is_charged_with_the_retry(self) -> None:
        app = create_app()
        refused = {"status": 401, "outcome": "unauthenticated", "response_body": b'{"errors":[]}'}
        levels = [
            {
                broken.rule.id: broken.finding.level
                for broken in exchange_detail(exchange, app.journal, app.contract).broken_rules
            }.get("error.not-retried")
            for exchange in [append_run(app, received_at=at, **refused) for at in (1.0, 2.0)]
        ]
        assert levels == [None, "advice"]

    @pytest.mark.parametrize(
        ("url", "played"),
        [
            (media.path("90df5ff7-14bc-840a-aa76-b3badafad24d"), True),
            ("/__aleph__/media/../evil.mp4", False),
            ("/video.mp4", False),
        ],
    )
    def test_only_videos_of_the_fake_are_played(self, url: str, played: bool) -> None:
        body = {"state": "Completed", "result": {"video": f"https://other.example{url}"}}
        detail = self.detail(GOOD, status=200, response_body=json.dumps(body).encode())
        assert [file.path for file in detail.media] == ([url] if played else [])
