"""Attacks by the body: malformed JSON, other documents, unexpected inputs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

from hostile_request import VALID, Attack, group, noise, request, run


def bodies() -> Iterator[Attack]:
    """Bodies that are not JSON."""
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
    yield from group("body", {400}, {name: request(body) for name, body in cases.items()})
    for index in range(10):
        data = request(noise(index, 200))
        yield Attack(f"body: noise {index}", data, frozenset({400}))


def documents() -> Iterator[Attack]:
    """JSON bodies that are not run requests."""
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
    """Inputs with unexpected values in one field; a few are valid."""
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
