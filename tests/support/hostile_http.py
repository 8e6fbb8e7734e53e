"""Attacks by HTTP: headers, framing, request lines, routes."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from hostile_request import ACCOUNT, Attack, noise, request, run


def headers() -> Iterator[Attack]:
    """Missing, wrong and oversize headers."""
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
    """Bodies with a wrong length or wrong chunks (RFC 9112, section 6)."""
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
        "noise": noise(1, 4000),
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
