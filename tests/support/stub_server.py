"""A small server of the run endpoint, with defects and lawful differences to choose from."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for

CONTRACT = Contract.load()
TOKEN = "secret-token-7c1f"
RESULT = {"state": "Completed", "result": {"video": "https://a.example/v.mp4"}}
JSON = "application/json"

#: Whether an input is allowed.
Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Stub:
    """The answers of a stub; each field that is not the default is a defect or a difference.

    `busy` calls are answered 429 with a Retry-After first; `bill` is the factor of the price in a
    bill at the control API of the fake.
    """

    allows: Check = validator_for(CONTRACT).is_valid
    result: Any = None
    refusal: Any = None
    refused_with: int = 400
    content_type: str = JSON
    skips: tuple[str, ...] = ()
    delay: float = 0.0
    chunked: bool = False
    http: str = "HTTP/1.1"
    crashes: bool = False
    busy: int = 0
    bill: Decimal | None = None

    def answer(self, method: str, path: str, token: str, raw: bytes) -> tuple[int, Any]:
        """Status and JSON value of the reply to a request."""
        if "route" not in self.skips and (method != "POST" or not path.endswith("/ai/run")):
            return 404, self._error("No route")
        if "auth" not in self.skips and token != f"Bearer {TOKEN}":
            return 401, self._error("Authentication error")
        try:
            body = json.loads(raw)
        except ValueError:
            body = {} if "json" in self.skips else None
        if "json" in self.skips and not body:
            return 200, RESULT
        if not isinstance(body, dict):
            return 400, self._error("not a JSON object")
        if "model" not in self.skips and body.get("model") != CONTRACT.model:
            return 404, self._error("Model not found")
        if not self.allows(body.get("input")):
            return (500 if self.crashes else self.refused_with), self._error("Invalid value")
        return 200, RESULT if self.result is None else self.result

    def _error(self, message: str) -> Any:
        if self.refusal is not None:
            return self.refusal
        return {"errors": [{"code": 7003, "message": message}], "success": False}


class Metered:
    """A running stub, with what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.bodies: list[Any] = []
        self.calls = 0

    def count(self, stub: Stub) -> int:
        """Count a call: 429 if the stub is busy, else 200."""
        self.calls += 1
        return 429 if self.calls <= stub.busy else 200

    def ran(self, raw: bytes, status: int) -> None:
        """Keep the body of a call that was accepted."""
        if status == 200:
            try:
                self.bodies.append(json.loads(raw))
            except ValueError:
                self.bodies.append({})

    @property
    def usd(self) -> Decimal:
        """What the runs cost, by the contract's price; 1 USD million for one without a duration."""
        price = CONTRACT.price_per_second or Decimal(0)
        inputs = (body.get("input") for body in self.bodies if isinstance(body, dict))
        spent = [given.get("duration", 10**6) for given in inputs if isinstance(given, dict)]
        return sum((price * Decimal(str(seconds)) for seconds in spent), Decimal(0))


def _send(handler: BaseHTTPRequestHandler, stub: Stub, status: int, value: Any) -> None:
    """Send a reply in the way of the stub."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    handler.send_response(status)
    if status in range(300, 400):
        handler.send_header("location", "https://elsewhere.example/")
    if status == 429:
        handler.send_header("retry-after", "1")
    handler.send_header("content-type", stub.content_type)
    if stub.chunked:
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for part in filter(None, (body[:7], body[7:])):  # an empty chunk is the last one
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        handler.wfile.write(b"0\r\n\r\n")
        return
    if stub.http == "HTTP/1.1":
        handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def serving(stub: Stub) -> Iterator[Metered]:
    """Serve a stub on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = stub.http
        disable_nagle_algorithm = True  # no wait for an acknowledgement between two writes

        def _reply(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            token = self.headers.get("authorization", "")
            value: Any
            if self.path.startswith("/__aleph__/"):
                known = stub.bill is not None
                bill = {"usd": str(metered.usd * (stub.bill or 0))}
                status, value = (200, bill) if known else (404, {})
            elif (status := metered.count(stub)) == 429:
                value = {"errors": [{"code": 2003, "message": "Rate limited"}]}
            else:
                status, value = stub.answer(self.command, self.path, token, raw)
                metered.ran(raw, status)
            time.sleep(stub.delay)
            _send(self, stub, status, value)
            self.close_connection = stub.http == "HTTP/1.0"

        do_POST = do_PUT = do_GET = _reply  # noqa: N815 - the names of http.server

        def log_message(self, *_: Any) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    metered = Metered(f"http://127.0.0.1:{server.server_port}/client/v4")
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield metered
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def changed(change: Callable[[dict[str, Any]], None]) -> Check:
    """The check of the contract's schema after a change."""
    schema = json.loads(json.dumps(CONTRACT.input_schema))
    change(schema)
    return validator_for(schema).is_valid
