"""The log of `serve`: one line for each call as it is answered, for a person or as JSON.

A thread writes the lines, so that a slow terminal does not delay a response. Without a log nothing
listens to the journal, and a run costs nothing more.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone

import orjson

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.body_start import LARGE_BODY, length_of
from aleph_contract.core.escaping import money, one_line, pluralise, truncate
from aleph_contract.core.exchange import Exchange, decimal
from aleph_contract.rules.parsed_exchange import read_reply, read_request
from aleph_contract.rules.traffic import contract_of
from aleph_contract.schema.validation.violations import Violation
from fake_server.journal.base import Journal
from fake_server.journal.listeners import PendingExchange, listed
from fake_server.replies.first_violation import first_violation

#: Maximum calls that wait to be written; above it, the oldest are counted and not written.
MAX_WAITING = 1000

#: Characters of the longest message in a line.
_MAX_MESSAGE = 160

#: Columns of status and outcome in a line.
_OUTCOME_WIDTH = 19

#: Makes the line for an exchange.
Line = Callable[[Exchange, ContractSet], str]


class CallLog:
    """Writes a line for each new exchange of a journal, in a thread of its own.

    Args:
        journal: The journal.
        contracts: The contracts that the fake serves.
        line: Makes a line, such as `text_line`.
        skipped: Makes the line that says how many calls were too fast for the log.
        write: Writes a line.
    """

    def __init__(
        self,
        journal: Journal,
        contracts: ContractSet,
        *,
        line: Line,
        skipped: Callable[[int], str],
        write: Callable[[str], None],
    ) -> None:
        self._contracts = contracts
        self._line = line
        self._skipped = skipped
        self._write = write
        self._waiting: deque[PendingExchange] = deque()
        self._lost = 0
        self._woken = threading.Condition()
        self._closing = False
        self._stop = journal.watch(self._put)
        self._thread = threading.Thread(target=self._run, name="call log", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write the lines that wait, and end."""
        self._stop()
        with self._woken:
            self._closing = True
            self._woken.notify()
        self._thread.join()

    def _put(self, record: PendingExchange) -> None:
        with self._woken:
            if len(self._waiting) == MAX_WAITING:
                self._waiting.popleft()
                self._lost += 1
            self._waiting.append(record)
            self._woken.notify()

    def _run(self) -> None:
        try:
            while (taken := self._take()) is not None:
                record, lost = taken
                if lost:
                    self._write(self._skipped(lost))
                self._write(self._line(listed(record), self._contracts))
        except OSError:  # nothing reads the log any more
            self._stop()

    def _take(self) -> tuple[PendingExchange, int] | None:
        """The next record, and the number of those before it that are lost; `None` at the end."""
        with self._woken:
            self._woken.wait_for(lambda: self._waiting or self._closing)
            if not self._waiting:
                return None
            lost, self._lost = self._lost, 0
            return self._waiting.popleft(), lost


def text_line(exchange: Exchange, contracts: ContractSet) -> str:
    """An exchange as a line for a person.

    For example `14:05:08  ba5eba11  400 invalid   seed must be at least 0, not -1`.
    """
    time = datetime.fromtimestamp(exchange.received_at, timezone.utc).astimezone()
    status = "---" if exchange.status is None else exchange.status
    outcome = f"{status} {exchange.fault or exchange.outcome}"
    head = f"{time:%H:%M:%S}  {exchange.account[:8] or 'nobody':<8}  {outcome:<{_OUTCOME_WIDTH}}"
    facts = [fact for fact in (reason(exchange, contracts), _price(exchange)) if fact]
    if not facts:
        facts = [f"{exchange.elapsed * 1000:.0f} ms"]
    return f"{head}  {'  '.join(facts)}"


def text_skipped(count: int) -> str:
    """The line for calls that were too fast for the log."""
    return f"… {pluralise(count, 'call')} not shown: more came than the terminal takes"


def reason(exchange: Exchange, contracts: ContractSet) -> str:
    """Why a call has no result, in words; empty for a completed run."""
    if exchange.outcome == "completed":
        return ""
    contract = contract_of(exchange, contracts)
    found = _violation(exchange, contracts)
    message = read_reply(exchange, contract).message if found is None else found.message
    return truncate(one_line(message), _MAX_MESSAGE)


def _violation(exchange: Exchange, contracts: ContractSet) -> Violation | None:
    """The first violation of a refused input; `None` if the input is large."""
    if exchange.outcome != "invalid" or length_of(exchange.request_body) > LARGE_BODY:
        return None
    request = read_request(exchange)
    if request.problem:
        return None
    validator = validator_for(contract_of(exchange, contracts))
    found = first_violation(validator, request.input, len(exchange.request_body))
    return found and found.described()


def _price(exchange: Exchange) -> str:
    if not exchange.billed:
        return ""
    price = "price unknown" if exchange.billed_seconds is None else money(exchange.cost)
    return price if exchange.outcome == "completed" else f"perhaps billed: {price}"


def json_line(exchange: Exchange, contracts: ContractSet) -> str:
    """An exchange as a JSON object in one line; it holds no value of the input, and no token."""
    found = _violation(exchange, contracts)
    at = datetime.fromtimestamp(exchange.received_at, timezone.utc)
    document = {
        "event": "call",
        "level": "info",
        "time": at.isoformat(timespec="milliseconds"),
        "account": exchange.account,
        "number": exchange.number,
        "surface": exchange.surface,
        "method": exchange.method,
        "status": exchange.status,
        "outcome": exchange.outcome,
        "fault": exchange.fault,
        "violation": None if found is None else {"at": found.instance, "keyword": found.keyword},
        "billed": exchange.billed,
        "cost_usd": decimal(exchange.cost),
        "seconds": round(exchange.elapsed, 6),
    }
    return orjson.dumps(document).decode()


def json_skipped(count: int) -> str:
    """The same as `text_skipped`, as JSON."""
    return orjson.dumps({"event": "calls-skipped", "level": "warning", "count": count}).decode()
