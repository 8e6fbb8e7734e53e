"""Attacks on the binding, on the body limit, and on the control API."""

from __future__ import annotations

import json
from collections.abc import Iterator

from hostile_request import ACCOUNT, MAX_BODY, VALID, Attack, group, request, run


def bindings() -> Iterator[Attack]:
    """The Workers binding."""
    model = b"cf-consn-model-id: runwayml/aleph-2"
    good = json.dumps({"inputs": VALID, "options": {}}).encode()
    lines = (b"POST /run?version=3 HTTP/1.1", b"POST /ai-gateway/run?version=3 HTTP/1.1")
    for line in lines:
        cases = {
            "empty": request(b"", line=line, more=(model,)),
            "an array": request(b"[]", line=line, more=(model,)),
            "no model": request(good, line=line),
            "another model": request(good, line=line, more=(model + b"x",)),
            "inputs null": request(b'{"inputs":null}', line=line, more=(model,)),
            "options null": request(b'{"inputs":{},"options":null}', line=line, more=(model,)),
            "gateway id a number": request(
                b'{"inputs":{},"options":{"gateway":{"id":5}}}', line=line, more=(model,)
            ),
            "gateway id an unknown fault": request(
                b'{"inputs":{},"options":{"gateway":{"id":"fault-x"}}}', line=line, more=(model,)
            ),
            "text": request(good, line=line, kind=b"Content-Type: text/plain", more=(model,)),
            "GET": request(good, line=line.replace(b"POST", b"GET"), more=(model,)),
        }
        statuses = {400, 404, 405, 415}
        yield from group(f"binding {line[5:10].decode()}", statuses, cases)


def oversize() -> Iterator[Attack]:
    """Bodies above the limit."""
    large = run({**VALID, "prompt": "x" * (MAX_BODY * 4)})
    chunked = b"".join(
        b"%x\r\n%b\r\n" % (len(piece), piece)
        for piece in (large[at : at + 8192] for at in range(0, len(large), 8192))
    )
    coding = b"Transfer-Encoding: chunked"
    sent = {
        "sent whole": request(large),
        "in chunks": request(length=coding) + chunked + b"0\r\n\r\n",
        "in chunks without end": request(length=coding) + chunked,
    }
    yield from group("oversize", {413}, sent, ends=True)
    announced = request(length=b"Content-Length: 99999999999")
    yield Attack("oversize: announced and never sent", announced, frozenset({0, 413}), ends=True)


def controls() -> Iterator[Attack]:
    """The control API and the videos."""
    scenario = b"PUT /__aleph__/accounts/" + ACCOUNT + b"/scenario HTTP/1.1"
    for name, body in {
        "deep": b"[" * 30_000,
        "a huge number": b'[{"fault":"drip","times":' + b"9" * 5000 + b"}]",
        "a huge delay": b'[{"fault":"drip","delay":1e999}]',
        "a lone surrogate": rb'[{"fault":"\ud800"}]',
        "too large": b" " * 2_000_000,
        "noise": bytes(range(256)),
    }.items():
        data = request(body, line=scenario)
        yield Attack(f"control: scenario {name}", data, frozenset({400, 413, 422}))
    for path in (b"accounts/" + b"x" * 5000 + b"/bill", b"accounts/%00/bill", b"docs/%2e%2e%2fx",
                 b"accounts/" + ACCOUNT + b"/exchanges?since=" + b"9" * 5000,
                 b"accounts/" + ACCOUNT + b"/exchanges?wait_for=1&timeout=1e999",
                 b"accounts/" + ACCOUNT + b"/exchanges?text=%ff&limit=%ff", b"%ff", b"..%2f..%2f",
                 b"media/x.mp4", b"media/%00", b"media/" + b"../" * 500):  # fmt: skip
        data = request(line=b"GET /__aleph__/" + path + b" HTTP/1.1")
        yield Attack(f"control: {path[:40].decode()}", data, frozenset({200, 400, 404, 422}))
    ours = b"GET /__aleph__/health HTTP/1.1"
    for name, data in {
        "a rebound host": request(line=ours, host=b"Host: evil.example"),
        "no host": request(line=ours, host=None),
        "a foreign origin": request(line=ours, more=(b"Origin: https://evil.example",)),
        "a foreign site": request(line=ours, more=(b"Sec-Fetch-Site: cross-site",)),
    }.items():
        yield Attack(f"control: {name}", data, frozenset({400, 403}))
