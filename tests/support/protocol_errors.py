"""Lines that break the adapter protocol, each with its error message."""

from __future__ import annotations

import json
from typing import Any

WHO = '"client" must be an object with "name", and with "version" and "language" if known'


def hello(**changes: Any) -> str:
    message = {"type": "hello", "protocol": 1, "client": {"name": "x"}, "max_in_flight": 1}
    return json.dumps({k: v for k, v in (message | changes).items() if v is not ...})


ONE_OBJECT = (
    "standard output must hold one JSON object per line; write everything else to standard error"
)

INVALID_HELLOS = {
    "Listening …": ONE_OBJECT,
    '["hello"]': ONE_OBJECT,
    "{}": 'every message must have a "type"',
    '{"type":"result","case":"c0","result":"v"}': 'the first line must be {"type":"hello",…}',
    hello(protocol=2): '"protocol" must be 1',
    hello(protocol=True): '"protocol" must be 1',
    hello(protocol="1"): '"protocol" must be 1',
    hello(client=...): WHO,
    hello(client={"name": None}): WHO,
    hello(max_in_flight=...): '"max_in_flight" must be an integer of at least 1',
    hello(max_in_flight=0): '"max_in_flight" must be an integer of at least 1',
    hello(max_in_flight=1.5): '"max_in_flight" must be an integer of at least 1',
}

INVALID_REPORTS = {
    "result": ONE_OBJECT,
    '"result"': ONE_OBJECT,
    '{"case":"CASE"}': 'every message must have a "type"',
    '{"type":"hello"}': '"type" must be "result" or "skipped"',
    '{"type":"result"}': '"case" must be the id from the "run" message',
    '{"type":"result","case":1}': '"case" must be the id from the "run" message',
    '{"type":"result","case":"CASE","result":"v","error":{}}': (
        'a result must not have both "result" and "error"'
    ),
    '{"type":"result","case":"CASE","error":"no"}': '"error" must be an object',
    '{"type":"result","case":"CASE","error":{"stage":"server"}}': (
        '"error.stage" must be one of client, api, transport'
    ),
    '{"type":"result","case":"CASE","error":{"status":"400"}}': (
        '"error.status" must be an HTTP status, an integer from 100 to 599'
    ),
    '{"type":"result","case":"CASE","error":{"code":[]}}': (
        '"error.code" must be an integer or a string'
    ),
    '{"type":"result","case":"CASE","error":{"message":1}}': '"error.message" must be a string',
    '{"type":"skipped","case":"CASE"}': '"skipped" must have a "reason"',
    '{"type":"skipped","case":"CASE","reason":" "}': '"skipped" must have a "reason"',
}
