"""A corpus of requests that break JSON, HTTP or manners, as the bytes of one connection each."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: Stands in the bytes for the account id of the case.
ACCOUNT = b"@ACCOUNT@"

#: Bytes of body that the server under attack reads.
MAX_BODY = 64 * 1024

#: Attacks whose target nobody can read, or reads as that of a run.
NOWHERE = frozenset(
    {
        "line: lower-case method",
        "line: no method",
        "line: tabs",
        "line: a NUL in the path",
        "line: a non-ASCII path",
        "route: /client/v4//accounts/@ACCOUNT@/ai/run",
    }
)

VALID = {"prompt": "golden hour", "video_uri": "https://example.com/a.mp4", "duration": 5}


@dataclass(frozen=True, slots=True)
class Attack:
    """One connection's worth of bytes, and what may come back.

    Args:
        name: What is wrong with it.
        data: What is sent.
        statuses: What may be answered; 0 stands for a connection closed without an answer.
        ends: Whether the client ends its side afterwards, because the request never ends.
    """

    name: str
    data: bytes
    statuses: frozenset[int]
    ends: bool = False

    @property
    def counted(self) -> bool:
        """Whether the exchange must be in the account's journal: its target can be read."""
        return ACCOUNT + b"/ai/run" in self.data and self.name not in NOWHERE


def attacks() -> list[Attack]:
    """All of them, in an order that does not change."""
    return [
        *bodies(),
        *documents(),
        *inputs(),
        *headers(),
        *framings(),
        *request_lines(),
        *routes(),
        *bindings(),
        *oversize(),
        *controls(),
    ]


def request(
    body: bytes = b"",
    *,
    line: bytes = b"POST /client/v4/accounts/" + ACCOUNT + b"/ai/run HTTP/1.1",
    host: bytes | None = b"Host: 127.0.0.1",
    token: bytes | None = b"Authorization: Bearer t",
    kind: bytes | None = b"Content-Type: application/json",
    length: bytes | None = None,
    more: tuple[bytes, ...] = (),
) -> bytes:
    """A request of which anything can be replaced or left out."""
    if length is None:
        length = b"Content-Length: %d" % len(body)
    lines = [line, host, token, kind, length or None, *more]
    return b"\r\n".join(line for line in lines if line is not None) + b"\r\n\r\n" + body


def run(value: Any = None) -> bytes:
    """The body of a run request."""
    chosen = VALID if value is None else value
    return json.dumps({"model": "runwayml/aleph-2", "input": chosen}).encode()


def _noise(seed: int, length: int) -> bytes:
    return random.Random(seed).randbytes(length)  # noqa: S311 - the same every time


def _all(kind: str, statuses: set[int], cases: dict[str, bytes], **more: Any) -> Iterator[Attack]:
    for name, data in cases.items():
        yield Attack(f"{kind}: {name}", data, frozenset(statuses), **more)


def bodies() -> Iterator[Attack]:
    """Bodies that are no JSON."""
    good = run()
    cases = {
        "empty": b"",
        "white space": b" \t\r\n",
        "an open object": b"{",
        "an open array": b"[",
        "an open string": b'"',
        "a closing bracket": b"]",
        "a comma": b",",
        "a NUL": b"\0",
        "NaN": b'{"model":NaN}',
        "Infinity": b'{"model":Infinity}',
        "-Infinity": b'{"model":-Infinity}',
        "NaN alone": b"NaN",
        "a trailing comma in an object": good[:-1] + b",}",
        "a trailing comma in an array": b"[1,]",
        "two commas": b"[1,,2]",
        "single quotes": good.replace(b'"', b"'"),
        "unquoted keys": b"{model:1}",
        "a number as key": b"{1:1}",
        "no colon": b'{"model" 1}',
        "no value": b'{"model":}',
        "a line comment": b"// run\n" + good,
        "a block comment": good + b"/* end */",
        "a hash comment": b"# run\n" + good,
        "True": b'{"model":True}',
        "None": b'{"model":None}',
        "undefined": b'{"model":undefined}',
        "a leading zero": b"[01]",
        "a minus zero one": b"[-01]",
        "a plus": b"[+1]",
        "no digit before the point": b"[.5]",
        "no digit after the point": b"[5.]",
        "an empty exponent": b"[1e]",
        "hexadecimal": b"[0x10]",
        "an underscore": b"[1_000]",
        "a minus alone": b"[-]",
        "a double beyond all": b"[1e400]",
        "a negative double beyond all": b"[-1e400]",
        "an exponent of many digits": b"[1e" + b"9" * 5000 + b"]",
        "an integer of many digits": b"[" + b"9" * 10_000 + b"]",
        "a line feed in a string": b'["\n"]',
        "a NUL in a string": b'["\0"]',
        "a tab in a string": b'["\t"]',
        "an unknown escape": rb'["\x41"]',
        "a short escape": rb'["\u12"]',
        "an escape of no hexadecimal": rb'["\u12g4"]',
        "an open escape": b'["\\',
        "a lone high surrogate": rb'{"model":"\ud800"}',
        "a lone low surrogate": rb'{"model":"\udc00"}',
        "surrogates the wrong way round": rb'["\udc00\ud800"]',
        "a lone surrogate as key": rb'{"\ud800":1}',
        "a byte order mark": b"\xef\xbb\xbf" + good,
        "a byte order mark at the end": good + b"\xef\xbb\xbf",
        "UTF-16": good.decode().encode("utf-16"),
        "UTF-16 without mark": good.decode().encode("utf-16-le"),
        "UTF-32": good.decode().encode("utf-32"),
        "Latin-1": '["é"]'.encode("latin-1"),
        "an overlong slash": b'["\xc0\xaf"]',
        "an overlong NUL": b'["\xc0\x80"]',
        "an encoded surrogate": b'["\xed\xa0\x80"]',
        "beyond Unicode": b'["\xf4\x90\x80\x80"]',
        "a cut character": b'["\xe2\x82"]',
        "a continuation byte": b'["\x80"]',
        "0xff": b"\xff\xff\xff\xff",
        "arrays nested deeply": b"[" * 30_000,
        "arrays nested deeply and closed": b"[" * 30_000 + b"]" * 30_000,
        "objects nested deeply": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        "a deep valid input": run().replace(b'"golden hour"', b"[" * 200 + b"]" * 200),
        "trailing text": good + b"x",
        "a trailing NUL": good + b"\0",
        "two documents": good + good,
        "two documents on two lines": good + b"\n" + good,
        "a leading NUL": b"\0" + good,
        "a vertical tab before": b"\v" + good,
        "a form feed before": b"\f" + good,
        "a no-break space before": b"\xc2\xa0" + good,
        "gzip": gzip.compress(good),
        "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a/>',
        "a form": b"model=runwayml%2Faleph-2&prompt=x",
        "multipart": b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\ny\r\n--x--\r\n',
        "a pickle": b"cposix\nsystem\n(S'true'\ntR.",
        "half of it": good[: len(good) // 2],
    }
    yield from _all("body", {400}, {name: request(body) for name, body in cases.items()})
    for index in range(10):
        data = request(_noise(index, 200))
        yield Attack(f"body: noise {index}", data, frozenset({400}))


def documents() -> Iterator[Attack]:
    """Bodies that are JSON, but no run request."""
    wrong: dict[str, Any] = {
        "null": None,
        "true": True,
        "zero": 0,
        "a fraction": 1.5,
        "a string": "runwayml/aleph-2",
        "an array": [],
        "an array of it": [json.loads(run())],
        "an empty object": {},
        "no model": {"input": VALID},
        "no input": {"model": "runwayml/aleph-2"},
        "the binding's body": {"inputs": VALID, "options": {}},
    }
    odd: tuple[Any, ...] = (None, True, 1, 1.5, [], {}, ["runwayml/aleph-2"])
    for value in odd:
        wrong[f"a model that is {json.dumps(value)}"] = {"model": value, "input": VALID}
    odd = (None, False, 0, "", "x", [], [VALID])
    for value in odd:
        wrong[f"an input that is {json.dumps(value)[:20]}"] = {
            "model": "runwayml/aleph-2",
            "input": value,
        }
    for model in ("", " ", "runwayml/aleph-2 ", "RunwayML/Aleph-2", "\0", "../../x", "x" * 20_000,
                  "{model}", "%s%n", "{0.__class__}", "\u202e", "\U0001f3ac"):  # fmt: skip
        wrong[f"the model {model[:12]!r}"] = {"model": model, "input": VALID}
    for name, value in wrong.items():
        data = request(json.dumps(value).encode())
        yield Attack(f"document: {name}", data, frozenset({400, 404}))


def inputs() -> Iterator[Attack]:
    """Inputs whose fields hold what nobody expects there; a few of them are valid."""
    odd: list[Any] = [None, True, -1, 1.5, 10**30, "", "\0", "x" * 30_000, [], [[]] * 500, {}]
    fields = ("prompt", "video_uri", "duration", "seed", "keyframes", "prompt_images",
              "content_moderation", "__proto__")  # fmt: skip
    for field in fields:
        for value in odd:
            name = f"input: {field} is {json.dumps(value)[:12]}"
            data = request(run({**VALID, field: value}))
            yield Attack(name, data, frozenset({200, 400}))
    twice = (
        b'{"model":"x","model":"runwayml/aleph-2","input":{},"input":' + json.dumps(VALID).encode()
    )
    yield Attack("input: keys twice", request(twice + b"}"), frozenset({200}))
    many = {**VALID, **{f"field{index}": index for index in range(2000)}}
    yield Attack("input: 2000 unknown fields", request(run(many)), frozenset({400}))


def headers() -> Iterator[Attack]:
    """Headers that are missing, wrong or absurd."""
    good = run()
    types = (b"", b"text/plain", b"application/jsonp", b"application/json-patch+json", b"json",
             b"application/x-www-form-urlencoded", b"application/json; charset=utf-16",
             b"application/json, text/plain", b"multipart/form-data; boundary=x",
             b"application/" + b"x" * 5000, b"\xff", b";")  # fmt: skip
    for kind in types:
        data = request(good, kind=b"Content-Type: " + kind)
        yield Attack(f"type: {kind[:30]!r}", data, frozenset({415}))
    yield Attack("type: none", request(good, kind=None), frozenset({415}))
    for encoding in (b"gzip", b"br", b"deflate", b"zstd", b"gzip, gzip", b"x", b"identity, gzip"):
        data = request(gzip.compress(good), more=(b"Content-Encoding: " + encoding,))
        yield Attack(f"encoding: {encoding.decode()}", data, frozenset({415}))
    tokens = {
        "none": None,
        "empty": b"Authorization:",
        "the word alone": b"Authorization: Bearer",
        "the word and spaces": b"Authorization: Bearer    ",
        "basic": b"Authorization: Basic dTpw",
        "the token alone": b"Authorization: t",
        "two words": b"Authorization: Bearer a b",
        "an unknown fault": b"Authorization: Bearer fault-nonsense",
        "an empty fault": b"Authorization: Bearer fault-",
        "a comma": b"Authorization: Bearer a, Bearer b",
    }
    for name, token in tokens.items():
        data = request(good, token=token)
        yield Attack(f"token: {name}", data, frozenset({400, 401}))
    bad_lines = {
        "no colon": b"Nonsense",
        "a space before the colon": b"X-A : b",
        "no name": b": b",
        "a folded line": b"X-A: b\r\n c",
        "a NUL": b"X-A: \0",
        "a bare CR": b"X-A: a\rb",
        "a control character in a name": b"X\x01A: b",
        "a non-ASCII name": b"X-\xc3\xa9: b",
        "a bracket in a name": b"X(A): b",
    }
    statuses = {200, 400}
    for name, line in bad_lines.items():
        yield Attack(f"header: {name}", request(good, more=(line,)), frozenset(statuses))
    yield Attack("header: 10,000 of them", request(good, more=(b"X-A: b",) * 10_000),
                 frozenset({200, 400, 431}))  # fmt: skip
    yield Attack("header: 1 MB of value", request(good, more=(b"X-A: " + b"b" * 1_000_000,)),
                 frozenset({400, 431}))  # fmt: skip
    yield Attack("header: 1 MB of name", request(good, more=(b"X" * 1_000_000 + b": b",)),
                 frozenset({400, 431}))  # fmt: skip
    for host in (None, b"Host:", b"Host: a b", b"Host: user@evil", b"Host: [::1", b"Host: \xff",
                 b"Host: a\r\nHost: b", b"Host: " + b"h" * 5000, b"Host: ../..",
                 b"Host: x/y?z#<script>"):  # fmt: skip
        data = request(good, host=host)
        yield Attack(f"host: {(host or b'none')[:24]!r}", data, frozenset(statuses))
    for line in (b"Expect: 200-ok", b"Connection: \x00", b"Upgrade: websocket", b"Upgrade: h2c",
                 b"Connection: upgrade\r\nUpgrade: websocket", b"HTTP2-Settings: AAAA",
                 b"cf-aig-metadata: {", b"cf-aig-max-attempts: 99999999999999999999",
                 b"cf-aig-backoff: never", b"cf-aig-request-timeout: -1", b"Range: bytes=0-1",
                 b"X-HTTP-Method-Override: DELETE", b"Cookie: " + b"a=b;" * 5000):  # fmt: skip
        yield Attack(f"header: {line[:30]!r}", request(good, more=(line,)), frozenset(statuses))


def framings() -> Iterator[Attack]:
    """Bodies whose length is told wrongly (RFC 9112, section 6)."""
    good = run()
    for length in (b"-1", b"+5", b"0x10", b"1e3", b"five", b"5 5", b"5, 5", b"", b"9" * 40,
                   b"18446744073709551617", b"\xb2", b"1.0", b"5;"):  # fmt: skip
        data = request(good, length=b"Content-Length: " + length)
        yield Attack(f"length: {length[:24]!r}", data, frozenset({400, 413}), ends=True)
    for second in (b"Content-Length: 1", b"Content-Length: %d" % len(good)):
        data = request(good, more=(second,))
        yield Attack(f"length: and {second.decode()}", data, frozenset({200, 400}), ends=True)
    yield Attack("length: none", request(good, length=b""), frozenset({400, 415}))
    yield Attack("length: too long", request(good, length=b"Content-Length: 9999"),
                 frozenset({0, 400}), ends=True)  # fmt: skip
    yield Attack("length: too short", request(good, length=b"Content-Length: 10"),
                 frozenset({400}))  # fmt: skip
    chunks = {
        "no size": b"\r\nabc\r\n0\r\n\r\n",
        "a size of no hexadecimal": b"g\r\nabc\r\n0\r\n\r\n",
        "a negative size": b"-3\r\nabc\r\n0\r\n\r\n",
        "a size with 0x": b"0x3\r\nabc\r\n0\r\n\r\n",
        "a size beyond 64 bits": b"f" * 20 + b"\r\nabc\r\n0\r\n\r\n",
        "no line end after data": b"3\r\nabc0\r\n\r\n",
        "data longer than its size": b"2\r\nabc\r\n0\r\n\r\n",
        "bare line feeds": b"3\nabc\n0\n\n",
        "a size of a megabyte of zeros": b"0" * 1_000_000 + b"3\r\nabc\r\n0\r\n\r\n",
        "an endless extension": b"3;" + b"a" * 1_000_000 + b"\r\nabc\r\n0\r\n\r\n",
        "a NUL": b"\0\r\n",
        "nothing": b"",
        "no last chunk": b"3\r\nabc\r\n",
        "trailers without end": b"3\r\nabc\r\n0\r\nX-A: b\r\n" * 3,
        "a trailer that is none": b"3\r\nabc\r\n0\r\nnonsense\r\n\r\n",
    }
    for name, chunked in chunks.items():
        data = request(length=b"Transfer-Encoding: chunked") + chunked
        yield Attack(f"chunks: {name}", data, frozenset({0, 400}), ends=True)
    codings = (b"identity", b"gzip", b"gzip, chunked", b"chunked, gzip", b"chunked, chunked",
               b"xchunked", b"\x0bchunked", b"chunked\r\nTransfer-Encoding: identity")  # fmt: skip
    for coding in codings:
        data = request(length=b"Transfer-Encoding: " + coding) + b"3\r\nabc\r\n0\r\n\r\n"
        yield Attack(f"coding: {coding!r}", data, frozenset({0, 400, 415, 501}), ends=True)
    both = request(length=b"Content-Length: 3", more=(b"Transfer-Encoding: chunked",))
    yield Attack(
        "coding: and a length", both + b"3\r\nabc\r\n0\r\n\r\n", frozenset({400}), ends=True
    )


def request_lines() -> Iterator[Attack]:
    """First lines that are none, and other protocols."""
    path = b"/client/v4/accounts/" + ACCOUNT + b"/ai/run"
    lines = {
        "version 9.9": b"POST " + path + b" HTTP/9.9",
        "version 2.0": b"POST " + path + b" HTTP/2.0",
        "version x": b"POST " + path + b" HTTP/x",
        "no version": b"POST " + path,
        "another protocol": b"POST " + path + b" ICY/1.0",
        "lower-case method": b"post " + path + b" HTTP/1.1",
        "no method": path + b" HTTP/1.1",
        "no path": b"POST HTTP/1.1",
        "tabs": b"POST\t" + path + b"\tHTTP/1.1",
        "two spaces": b"POST  " + path + b"  HTTP/1.1",
        "a space in the path": b"POST " + path + b" x HTTP/1.1",
        "a NUL in the path": b"POST " + path + b"\0 HTTP/1.1",
        "a non-ASCII path": b"POST " + path + b"\xc3\xa9 HTTP/1.1",
        "a relative path": b"POST client/v4 HTTP/1.1",
        "a path of 200 kB": b"POST /" + b"a" * 200_000 + b" HTTP/1.1",
        "an asterisk": b"OPTIONS * HTTP/1.1",
        "an authority": b"CONNECT evil.example:443 HTTP/1.1",
        "nothing": b"",
        "a method of 100 kB": b"A" * 100_000 + b" / HTTP/1.1",
    }
    statuses = {0, 400, 404, 405, 431, 501, 505}
    for name, line in lines.items():
        data = request(run(), line=line)
        lenient = {200} if name == "two spaces" else set()  # RFC 9112, section 3, allows it
        yield Attack(f"line: {name}", data, frozenset(statuses | lenient), ends=True)
    protocols = {
        "the HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "a TLS hello": bytes.fromhex("16030100c8010000c40303") + b"\x11" * 193,
        "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
        "SMTP": b"EHLO example\r\n",
        "Redis": b"*1\r\n$4\r\nPING\r\n",
        "SOCKS": b"\x05\x01\x00",
        "NULs": b"\0" * 1000,
        "line feeds": b"\r\n" * 1000 + b"x",
        "noise": _noise(1, 4000),
        "nothing at all": b"",
        "half a line": b"POST /client",
        "half a head": b"POST / HTTP/1.1\r\nHost: a\r\n",
        "a stray second request": request(run()) + b"nonsense\r\n\r\n",
    }
    for name, data in protocols.items():
        yield Attack(f"protocol: {name}", data, frozenset(statuses | {200}), ends=True)


def routes() -> Iterator[Attack]:
    """Paths that are nearly the route, and methods that it does not take."""
    good = run()
    paths = (b"/client/v4/accounts//ai/run", b"/client/v4/accounts/x/ai/run",
             b"/client/v4/accounts/" + b"A" * 32 + b"/ai/run",
             b"/client/v4/accounts/" + b"a" * 31 + b"/ai/run",
             b"/client/v4/accounts/" + b"a" * 33 + b"/ai/run",
             b"/client/v4/accounts/" + b"g" * 32 + b"/ai/run",
             b"/client/v4/accounts/%61" + b"a" * 31 + b"/ai/run/",
             b"/client/v4/accounts/" + b"%D9%A3" * 32 + b"/ai/run",
             b"/client/v4/accounts/../../etc/passwd", b"/client/v4/accounts/%2e%2e/ai/run",
             b"/client/v4/accounts/' OR 1=1--/ai/run".replace(b" ", b"%20"),
             b"/client/v4/accounts/" + ACCOUNT + b"/ai/run/",
             b"/client/v4/accounts/" + ACCOUNT + b"//ai/run",
             b"/client/v4/accounts/" + ACCOUNT + b"/AI/RUN",
             b"/client/v4/accounts/" + ACCOUNT + b"/ai/run%00",
             b"/client/v4/accounts/" + ACCOUNT + b"/ai/run;x",
             b"/client/v4/accounts/" + ACCOUNT + b"/ai/run/runwayml/aleph-2",
             b"/client/v4/accounts/" + ACCOUNT, b"/client/v4/accounts", b"/client/v4", b"/x",
             b"/client/v4//accounts/" + ACCOUNT + b"/ai/run", b"//", b"/%", b"/%zz", b"/\\",
             b"/%c3%28", b"/elsewhere", b"/elsewhere/x/y",
             b"/elsewhere//" + b"a" * 5000)  # fmt: skip
    for path in paths:
        data = request(good, line=b"POST " + path + b" HTTP/1.1")
        statuses = frozenset({400, 401, 404})
        yield Attack(f"route: {path[:60].decode()}", data, statuses)
    for method in (b"GET", b"HEAD", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE"):
        line = method + b" /client/v4/accounts/" + ACCOUNT + b"/ai/run HTTP/1.1"
        data = request(good, line=line)
        yield Attack(f"method: {method.decode()}", data, frozenset({405}))


def bindings() -> Iterator[Attack]:
    """The Workers binding surface, abused alike."""
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
        yield from _all(f"binding {line[5:10].decode()}", statuses, cases)


def oversize() -> Iterator[Attack]:
    """Bodies larger than the server reads."""
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
    yield from _all("oversize", {413}, sent, ends=True)
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
