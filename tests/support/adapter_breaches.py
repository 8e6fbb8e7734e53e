"""Lines that break the adapter protocol, each with a part of the message it gets."""

from __future__ import annotations

import json
from typing import Any

WHO = '"client" is an object with a "name", and a "version" and "language" if known'


def hello(**changes: Any) -> str:
    message = {"type": "hello", "protocol": 1, "client": {"name": "x"}, "max_in_flight": 1}
    return json.dumps({k: v for k, v in (message | changes).items() if v is not ...})


ONE_OBJECT = "its standard output is one JSON object a line, all else goes to standard error"

HELLO_BREACHES = {
    "Listening …": ONE_OBJECT,
    '["hello"]': ONE_OBJECT,
    "{}": 'every message has a "type"',
    '{"type":"result","case":"c0","video":"v"}': 'its first line is {"type":"hello",…}',
    hello(protocol=2): '"protocol" is 1',
    hello(protocol=True): '"protocol" is 1',
    hello(protocol="1"): '"protocol" is 1',
    hello(client=...): WHO,
    hello(client={"name": None}): WHO,
    hello(max_in_flight=...): '"max_in_flight" is an integer from 1',
    hello(max_in_flight=0): '"max_in_flight" is an integer from 1',
    hello(max_in_flight=1.5): '"max_in_flight" is an integer from 1',
}

REPORT_BREACHES = {
    "result": ONE_OBJECT,
    '"result"': ONE_OBJECT,
    '{"case":"CASE"}': 'every message has a "type"',
    '{"type":"hello"}': '"type" is "result" or "skipped"',
    '{"type":"result"}': '"case" is the id it was given',
    '{"type":"result","case":1}': '"case" is the id it was given',
    '{"type":"result","case":"CASE","video":"v","error":{}}': (
        'a result has either "video" or "error"'
    ),
    '{"type":"result","case":"CASE","error":"no"}': '"error" is an object',
    '{"type":"result","case":"CASE","error":{"stage":"server"}}': (
        '"error.stage" is one of client, api, transport'
    ),
    '{"type":"result","case":"CASE","error":{"status":"400"}}': (
        '"error.status" is an HTTP status, an integer from 100 to 599'
    ),
    '{"type":"result","case":"CASE","error":{"code":[]}}': '"error.code" is an integer or a string',
    '{"type":"result","case":"CASE","error":{"message":1}}': '"error.message" is a string',
    '{"type":"skipped","case":"CASE"}': '"skipped" has a "reason"',
    '{"type":"skipped","case":"CASE","reason":" "}': '"skipped" has a "reason"',
}
