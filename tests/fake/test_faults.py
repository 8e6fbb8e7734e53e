"""The fault table, and the faults with a response: the reply to the client, and its record."""

from __future__ import annotations

import json
import re
import time
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from calling import CONTRACT, HTTP, INPUT, PATIENCE, body, connect, head, only, post
from every_row import check_every

from aleph_contract.rules import RULES
from aleph_contract.rules.retry_policy import FINAL_STATUSES
from fake_server.account_handle import AccountHandle
from fake_server.replies.faults import FAULTS, Fault
from fake_server.server import Server

COST = Decimal("1.68")

ANSWERED = [f for f in FAULTS.values() if f.status is not None and f.delivery != "truncated"]


def name(fault: Fault) -> str:
    return fault.name


class TestTable:
    """The columns of each row agree."""

    def test_every_row_is_consistent(self) -> None:
        def check(fault: Fault) -> None:
            assert FAULTS[fault.name] is fault
            assert fault.title
            assert fault.provenance in ("documented", "observed", "assumed")
            assert set(fault.rules) <= set(RULES)
            assert fault.rules
            assert not (fault.completes and fault.billed_maybe)
            assert not (fault.billed_maybe and fault.repeat == "after-wait"), "nothing ran"

        check_every(FAULTS.values(), check, name)

    def test_failures_that_never_pass_exercise_not_retried_and_server_errors_bounded(self) -> None:
        def check(fault: Fault) -> None:
            assert ("error.not-retried" in fault.rules) == (fault.repeat == "never")
            if fault.status is not None and fault.status >= 500:
                assert "error.bounded" in fault.rules
                assert fault.retryable

        check_every(FAULTS.values(), check, name)

    def test_faults_that_may_be_billed_exercise_paid_once(self) -> None:
        def check(fault: Fault) -> None:
            if fault.billed_maybe and fault.status not in FINAL_STATUSES | {424}:
                assert "billing.paid-once" in fault.rules

        check_every(FAULTS.values(), check, name)

    def test_the_table_covers_every_kind_of_fault(self) -> None:
        """Every observed failure, malformed replies, and closed connections."""
        assert {f.status for f in FAULTS.values()} >= {
            None, 200, 202, 204, 206, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 408,
            409, 413, 415, 422, 424, 425, 429, 500, 502, 503, 504, *range(520, 527), 530,
        }  # fmt: skip
        assert {f.delivery for f in FAULTS.values()} == {
            "whole", "slow", "drip", "truncated", "hang", "reset", "reset-early", "drop",
        }  # fmt: skip
        for status in (400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504):
            types = {f.content_type for f in FAULTS.values() if f.status == status}
            assert types == {None, "text/html; charset=UTF-8", "text/plain; charset=UTF-8"}


class TestAnswered:
    """Faults with a response."""

    def test_the_client_receives_it_and_the_journal_records_it(self, server: Server) -> None:
        def check(fault: Fault) -> None:
            account = server.account()
            account.scenario([{"fault": fault.name, "delay": 0}])
            response = post(account)
            assert response.status_code == fault.status
            if fault.failure is not None:
                error = response.json()["errors"][0]
                assert error["code"] == fault.code
                assert error["message"]
                assert "{" not in error["message"]
            for key, value in fault.headers:
                assert response.headers[key] == value
            exchange = only(account)
            assert exchange.fault == fault.name
            assert exchange.status == fault.status
            assert exchange.response_body == response.content
            assert exchange.request_body == body()
            assert exchange.outcome == ("completed" if fault.completes else "fault")
            assert exchange.billed == (fault.completes or fault.billed_maybe)
            assert exchange.cost == (COST if exchange.billed else 0)

        check_every(ANSWERED, check, name)

    def test_the_next_run_is_normal(self, server: Server) -> None:
        def check(fault: Fault) -> None:
            account = server.account()
            account.scenario([{"fault": fault.name, "delay": 0}])
            post(account)
            assert post(account).json()["state"] == "Completed"
            assert account.exchanges[1].fault is None

        check_every(ANSWERED, check, name)

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ("state-running", {"state": "Running", "result": {}}),
            ("state-queued", {"state": "Queued", "result": {}}),
            ("state-failed", {"state": "Failed", "result": {}}),
            ("result-member-missing", {"state": "Completed", "result": {}}),
            ("result-member-null", {"state": "Completed", "result": {"video": None}}),
            ("result-member-number", {"state": "Completed", "result": {"video": 42}}),
            ("result-member-not-a-url", {"state": "Completed", "result": {"video": "pending"}}),
            ("result-null", {"state": "Completed", "result": None}),
        ],
    )
    def test_a_faulty_reply_is_faulty_in_both_profiles(
        self, server: Server, fault: str, expected: dict[str, Any]
    ) -> None:
        expected |= {"gatewayMetadata": {"keySource": "Unified"}}
        for profile, reply in (
            ("documented", expected),
            ("live", {"result": expected, "success": True, "errors": [], "messages": []}),
        ):
            account = server.account(profile=profile)
            account.scenario(fault)
            assert post(account).json() == reply

    def test_a_tolerable_fault_keeps_the_reply_valid(self, account: AccountHandle) -> None:
        good = post(account).json()["result"]["video"]
        for fault in ("extra-fields", "body-wrong-content-type", "delayed", "drip"):
            account.scenario([{"fault": fault, "delay": 0}])
            assert post(account).json()["result"]["video"] == good
        account.scenario("body-bom")
        content = post(account).content
        assert content.startswith(b"\xef\xbb\xbf{")
        assert json.loads(content.decode("utf-8-sig"))["result"]["video"] == good

    @pytest.mark.parametrize("fault", ["body-empty", "body-invalid-json", "body-html"])
    def test_a_body_that_should_not_be_json_does_not_parse(
        self, account: AccountHandle, fault: str
    ) -> None:
        account.scenario(fault)
        with pytest.raises(json.JSONDecodeError):
            json.loads(post(account).content)

    def test_a_fault_applies_to_invalid_requests_too(self, account: AccountHandle) -> None:
        account.scenario("rate-limited")
        assert post(account, {}).status_code == 429
        assert post(account, content=b"{").status_code == 429

    def test_but_not_with_a_wrong_token(self, account: AccountHandle) -> None:
        account.scenario([{"fault": "rate-limited"}])
        assert post(account, token="wrong").status_code == 401
        assert post(account).status_code == 429

    def test_a_slow_run_is_validated(self, account: AccountHandle) -> None:
        account.scenario([{"fault": "delayed", "delay": 0}])
        assert post(account, {}).status_code == 400

    def test_an_invalid_input_is_not_billed_during_a_fault(self, account: AccountHandle) -> None:
        account.scenario("internal-error")
        assert post(account, {}).status_code == 500
        assert not only(account).billed

    def test_the_step_sets_retry_after(self, account: AccountHandle) -> None:
        account.scenario(
            [{"fault": "rate-limited", "retry_after": 7}, {"fault": "rate-limited-retry-after"}]
        )
        assert post(account).headers["retry-after"] == "7"
        assert post(account).headers["retry-after"] == "1"

    @pytest.mark.parametrize(("form", "least", "most"), [("date", 0, 2), ("past", -3601, -3599)])
    def test_retry_after_may_be_a_date(
        self, account: AccountHandle, form: str, least: float, most: float
    ) -> None:
        account.scenario(f"rate-limited-retry-after-{form}")
        before = time.time()
        date = parsedate_to_datetime(post(account).headers["retry-after"]).timestamp()
        assert before + least < date <= time.time() + most

    def test_a_204_has_neither_body_nor_length(self, account: AccountHandle) -> None:
        account.scenario("empty-204")
        response = post(account)
        assert response.content == b""
        assert not {"content-length", "transfer-encoding"} & response.headers.keys()

    def test_a_url_in_an_error_leads_to_the_other_host_name(self, account: AccountHandle) -> None:
        account.scenario([{"fault": "url-in-error"}])
        message = post(account).json()["errors"][0]["message"]
        url = re.search(r"http://localhost:\S+", message)
        assert url is not None, message
        HTTP.get(url[0], headers={"authorization": f"Bearer {account.token}"})
        assert account.exchanges[1].outcome == "elsewhere"
        assert account.exchanges[1].credential == "accepted"

    def test_the_step_sets_the_delay(self, account: AccountHandle) -> None:
        account.scenario([{"fault": "internal-error", "delay": 0.2}, {"fault": None, "delay": 0.2}])
        assert post(account).status_code == 500
        assert post(account).status_code == 200
        assert all(exchange.elapsed > 0.19 for exchange in account.exchanges)

    def test_a_drip_comes_in_pieces(self, server: Server, account: AccountHandle) -> None:
        account.scenario([{"fault": "drip", "delay": 0.3}])
        with connect(server) as connection:
            connection.sendall(head(account, len(body()), "Connection: close") + body())
            pieces = list(iter(lambda: connection.recv(65536), b""))
        assert len(pieces) > 5
        assert json.loads(b"".join(pieces).partition(b"\r\n\r\n")[2])["state"] == "Completed"
        assert only(account).elapsed > 0.19


class TestRedirects:
    """A followed redirect is recorded, with whether the token was sent."""

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize("brings", [True, False])
    def test_the_target_records_a_token_that_is_sent_there(
        self, account: AccountHandle, status: int, brings: bool
    ) -> None:
        account.scenario([{"fault": f"redirect-{status}"}])
        location = post(account).headers["location"]
        assert location.startswith("http://localhost:")
        headers = {"authorization": f"Bearer {account.token}"} if brings else {}
        response = HTTP.get(location, headers=headers)
        first, second = account.wait_for(2, PATIENCE)
        assert (first.fault, first.status, first.billed) == (f"redirect-{status}", status, False)
        assert second.outcome == "elsewhere"
        assert second.host.startswith("localhost:")
        assert second.credential == ("accepted" if brings else "missing")
        assert response.status_code == (200 if brings else 401)
        assert account.token not in repr(second)

    def test_the_target_refuses_another_token(self, server: Server, account: AccountHandle) -> None:
        account.scenario([{"fault": "redirect-307"}])
        location = post(account).headers["location"]
        headers = {"authorization": f"Bearer {server.account().token}"}
        assert HTTP.post(location, headers=headers).status_code == 401
        assert account.exchanges[1].credential == "refused"

    def test_from_localhost_it_redirects_to_the_address(self, server: Server) -> None:
        account = server.account()
        account.scenario("redirect-307")
        host = server.binding_address.replace("127.0.0.1", "localhost")
        response = post(account, headers={"host": host})
        assert response.headers["location"].startswith("http://127.0.0.1:")


class TestByToken:
    """An API token or gateway id that asks for a fault."""

    def test_a_token_always_gets_its_fault(self, server: Server) -> None:
        for account_id in ("a" * 32, server.account().id):
            url = f"{server.base_url}/accounts/{account_id}/ai/run"
            headers = {
                "authorization": "Bearer fault-spend-limit",
                "content-type": "application/json",
            }
            for _ in range(2):
                assert HTTP.post(url, content=body(), headers=headers).status_code == 429

    def test_the_gateway_header_gets_its_fault(self, account: AccountHandle) -> None:
        response = post(account, headers={"cf-aig-gateway-id": "fault-bad-gateway"})
        assert response.status_code == 502

    def test_an_unknown_name_is_refused_with_all_names(self, account: AccountHandle) -> None:
        response = post(account, token="fault-rate-limit")
        assert response.status_code == 400
        message = response.json()["errors"][0]["message"]
        assert "rate-limited" in message
        assert "redirect-308" in message


def test_messages_name_the_model_of_the_contract(account: AccountHandle) -> None:
    account.scenario("unknown-model")
    assert post(account).json()["errors"][0]["message"] == f"Model not found: {CONTRACT.model}"
    account.scenario("spend-limit")
    provider, _, model = CONTRACT.model.partition("/")
    assert post(account, INPUT).json()["errors"][0]["message"] == (
        f"Spend limit exceeded: rule 'default' (cost limit 5 per 86400s, fixed) for {provider} "
        f"{model}"
    )
