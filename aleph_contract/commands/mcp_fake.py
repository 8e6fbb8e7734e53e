"""The tools of `aleph-contract mcp` about the fake: start it, read its journal and verdict."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from threading import Lock
from types import TracebackType
from typing import Any

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.escaping import truncate
from aleph_contract.core.exchange import Exchange, decimal
from aleph_contract.errors import ArgumentError
from aleph_contract.reports.case_details import unpriced
from fake_server.account_handle import AccountHandle
from fake_server.control.verdict import VerdictLedger
from fake_server.observe.call_log import reason
from fake_server.server import Server, running

#: Accounts of one server; each keeps exchanges in memory.
MAX_ACCOUNTS = 100

#: Calls, or findings, in one answer.
MAX_ROWS = 10

#: Characters of a request or a message in an answer.
MAX_TEXT = 300


class FakeTools:
    """The tools of one fake, which starts on first use and ends with the `with` block.

    Args:
        contracts: The contracts that the fake serves.
    """

    def __init__(self, contracts: ContractSet) -> None:
        self._contracts = contracts
        self._server: Server | None = None
        self._accounts: dict[str, AccountHandle] = {}
        self._ledger = VerdictLedger()
        self._stack = ExitStack()
        self._lock = Lock()

    def __enter__(self) -> FakeTools:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def tools(self) -> tuple[Callable[..., Any], ...]:
        """The tools, in the order that an agent sees."""
        return self.start_fake, self.read_journal, self.read_verdict

    def start_fake(
        self, profile: str = "documented", faults: list[str] | None = None
    ) -> dict[str, Any]:
        """Start the fake of the service on 127.0.0.1, or add an account to it.

        Returns the environment variables to run a client with. They hold a made-up token.

        Args:
            profile: Form of successful replies: "documented", or "live" as the service sends them.
            faults: Names of faults, one for each of the first calls; later calls succeed.
        """
        with self._lock:
            if len(self._accounts) >= MAX_ACCOUNTS:
                raise ArgumentError(
                    f"this server has {MAX_ACCOUNTS} accounts already; use one of them, or "
                    "restart the server"
                )
            if self._server is None:
                self._server = self._stack.enter_context(running(self._contracts))
            handle = self._server.account(profile=profile)
            try:
                handle.scenario(faults or [])
            except ArgumentError:
                handle.forget()
                raise
            self._accounts[handle.id] = handle
            inspector = self._server.inspector
        return {"account": handle.id, "environment": handle.env, "inspector": inspector}

    def read_journal(self, account: str, after: int = 0) -> dict[str, Any]:
        """Read the calls that the fake received from one account, and what they would have cost.

        Args:
            account: The account, from start_fake.
            after: Only calls after this number: the last one of the previous answer.
        """
        handle = self._handle(account)
        calls = [exchange for exchange in handle.exchanges if exchange.number > after]
        bill = handle.bill
        return {
            "calls": [self._row(exchange) for exchange in calls[:MAX_ROWS]],
            "more": max(0, len(calls) - MAX_ROWS),
            "bill": {
                "runs": bill.runs,
                "usd": decimal(bill.usd),
                "runs_of_unknown_price": bill.runs_without_duration,
                "runs_perhaps_billed": bill.doubtful_runs,
                "usd_perhaps_billed": decimal(bill.doubtful_usd),
            },
        }

    def read_verdict(self, account: str) -> dict[str, Any]:
        """Judge the calls of one account by the rules that the traffic alone can show.

        Args:
            account: The account, from start_fake.
        """
        self._handle(account)
        assert self._server is not None  # noqa: S101 - it made the account
        app = self._server.app
        found = self._ledger.verdict(account, app.journal, app.contracts)
        answer = found.model_dump(mode="json", exclude={"findings"})
        findings = [finding.model_dump(mode="json") for finding in found.findings[:MAX_ROWS]]
        for finding in findings:
            finding["message"] = truncate(finding["message"], MAX_TEXT)
            finding["exchanges"] = finding["exchanges"][:MAX_ROWS]
        return answer | {
            "findings": findings,
            "more_findings": len(found.findings) - len(findings),
        }

    def _handle(self, account: str) -> AccountHandle:
        try:
            return self._accounts[account]
        except KeyError:
            raise ArgumentError(
                f"no account {truncate(account, MAX_TEXT)!r}; start_fake returns one"
            ) from None

    def _row(self, exchange: Exchange) -> dict[str, Any]:
        return {
            "number": exchange.number,
            "request": f"{exchange.method} {truncate(exchange.target, MAX_TEXT)}",
            "body": truncate(exchange.request_body.decode("utf-8", "replace"), MAX_TEXT),
            "outcome": exchange.outcome,
            "fault": exchange.fault,
            "status": exchange.status,
            "why": reason(exchange, self._contracts),
            "cost_usd": None if unpriced(exchange) else decimal(exchange.cost),
        }
