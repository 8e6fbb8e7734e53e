"""The adapter for every other language: one long-lived process, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
import json, subprocess
from aleph_contract.drivers import Call, Driver, Renew, processes, reported, unchanged
from aleph_contract.errors import ArgumentError, CouldNotRun
from aleph_contract.exchange import Outcome
from aleph_contract.jsonvalue import loads
from aleph_contract.results import Client


class StdioDriver(Driver):
    """thin: one call at a time"""

    def __init__(self, argv: Sequence[str], *, jobs: int | None = None) -> None:
        self.argv = tuple(argv)
        self.window = 1
        self._mark = processes.new_mark()
        self._process = None

    def start(self) -> None:
        processes.check_command(self.argv)
        self._process = processes.start(
            self.argv, processes.environment(self._mark), subprocess.PIPE
        )
        self._send('{"type":"hello","protocol":1}')
        hello = self._receive()
        self.client = Client(**hello["client"])

    def _send(self, line):
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def _receive(self):
        return loads(self._process.stdout.readline())

    def run(
        self, calls: Iterable[Call], renew: Renew = unchanged
    ) -> Iterator[tuple[Call, Outcome]]:
        for call in calls:
            head = json.dumps(
                {
                    "type": "run",
                    "case": call.case,
                    "base_url": call.base_url,
                    "account_id": call.account_id,
                    "api_token": call.api_token,
                    "timeout_seconds": call.timeout,
                }
            )
            self._send(head[:-1] + ',"input":' + call.json.replace("\n", " ") + "}")
            answer = self._receive()
            if answer["type"] == "skipped":
                yield call, Outcome("skipped", reason=answer["reason"])
            elif answer.get("error") is not None:
                yield call, Outcome("error", error=reported.stated_error(answer["error"]))
            else:
                yield call, Outcome("result", video=answer.get("video"))

    def close(self) -> None:
        if self._process is not None:
            for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
                stream.close()
            processes.end(self._process, self._mark)
            self._process = None
