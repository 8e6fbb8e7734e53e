"""A Python callable as a client process of its own, which speaks the line protocol.

With `--speed` the callable must not share a process with the fake, whose clock is not faster. Run
as `python -m aleph_contract.drivers.callable_process MODULE:CALLABLE [JOBS]`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from threading import Lock
from typing import IO, Any

from aleph_contract.core.outcome import Outcome, ReportedError
from aleph_contract.drivers import Call
from aleph_contract.drivers.ndjson import VERSION
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.errors import AlephContractError

#: Seconds that a call may take here; the process that drives this one has the real limit.
NO_LIMIT = 1e9

#: Exit codes: of a callable that cannot run here (the driver reads that as *could not run*), and of
#: one that ended its process.
CANNOT_RUN = 0
CRASHED = 1


def command(target: str, jobs: int | None) -> tuple[str, ...]:
    """The command that runs `target` in a process of its own."""
    module = "aleph_contract.drivers.callable_process"
    return (sys.executable, "-m", module, target, *(() if jobs is None else (str(jobs),)))


def main(target: str, jobs: int | None, lines: Iterable[str], reports: IO[str]) -> int:
    """Answer the messages of the driver until it says bye; return the exit code.

    Args:
        target: `MODULE:CALLABLE` or `FILE.py:CALLABLE`.
        jobs: Maximum number of calls in flight.
        lines: The messages of the driver.
        reports: Where the reports go, one JSON object a line.
    """
    driver = PythonDriver(target, jobs=jobs)
    try:
        with driver:
            reporter = _Reporter(driver, reports)
            for line in lines:
                message = json.loads(line)
                if message["type"] == "bye":
                    break
                reporter.handle(message, line)
    except AlephContractError as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_RUN
    return 0


class _Reporter:
    """Starts calls and writes their reports."""

    def __init__(self, driver: PythonDriver, reports: IO[str]) -> None:
        self._driver = driver
        self._reports = reports
        self._lock = Lock()

    def handle(self, message: dict[str, Any], line: str) -> None:
        """Answer a hello, or start a call."""
        if message["type"] == "hello":
            client = self._driver.client
            about = {"name": client.name, "version": client.version, "language": client.language}
            hello = {"type": "hello", "protocol": VERSION, "client": about}
            self._write({**hello, "max_in_flight": self._driver.window})
        elif message["type"] == "run":
            call = Call(
                case=message["case"],
                input=message["input"],
                text=input_text(line),
                base_url=message["base_url"],
                account_id=message["account_id"],
                api_token=message["api_token"],
                timeout=NO_LIMIT,
            )
            self._driver.launch(call, self._report)

    def _report(self, ended: tuple[Call, Outcome | BaseException]) -> None:
        call, outcome = ended
        if isinstance(outcome, BaseException):
            self._exit(repr(outcome), CRASHED)
            return
        # On standard error, before the report: the driver counts it as the output of this case.
        sys.__stderr__.write(outcome.stdout + outcome.stderr)  # type: ignore[union-attr]
        if outcome.kind == "result":
            self._write({"type": "result", "case": call.case, "result": outcome.result})
        elif outcome.error is not None:
            self._write({"type": "result", "case": call.case, "error": _error(outcome.error)})
        else:
            code = CANNOT_RUN if outcome.kind == "could-not-run" else CRASHED
            self._exit(outcome.reason, code)

    def _write(self, message: dict[str, Any]) -> None:
        with self._lock:
            self._reports.write(json.dumps(message) + "\n")
            self._reports.flush()

    def _exit(self, reason: str, code: int) -> None:
        """End the process from the thread of a call."""
        with self._lock:
            sys.__stderr__.write(f"{reason}\n")  # type: ignore[union-attr]
            sys.__stderr__.flush()  # type: ignore[union-attr]
            os._exit(code)


def input_text(line: str) -> str:
    """The JSON text of the input, which stands last in the message; see `ndjson.run_line`."""
    return line[line.index('"input": ') + len('"input": ') : line.rindex("}")]


def _error(error: ReportedError) -> dict[str, Any]:
    known = {"stage": error.stage, "status": error.status, "code": error.code}
    given = {name: value for name, value in known.items() if value is not None}
    return {**given, "message": error.message}


def _start() -> int:
    target, *jobs = sys.argv[1:]
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the callable prints must not mix with the reports
    return main(target, int(jobs[0]) if jobs else None, sys.stdin, reports)


if __name__ == "__main__":
    sys.exit(_start())
