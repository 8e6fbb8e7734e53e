"""Read logs of Cloudflare's AI Gateway: from its API, and from a bucket of JSON lines.

The API returns log entries (`GET …/gateways/{gateway}/logs`), and the two bodies of an entry apart
(`…/logs/{id}/request`, `…/logs/{id}/response`). These forms are read, each as one document or as
JSON lines:

- an answer of the API: `{"result": [entry, …], …}` or `{"result": entry, …}`,
- an array of entries, or one entry,
- `{"log": entry, "request": body, "response": body}`: an entry with its bodies,
- a record of Logpush (`ai_gateway_events`), whose bodies are encrypted unless they were decrypted.

No form holds the URL, the headers or the token of a request. Bodies are parsed JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import INPUT_KEY, RUN_PATH
from aleph_contract.recordings.json_stream import JSONStream
from aleph_contract.recordings.members import NO_ANSWER, checked, json_bytes, unix_time
from aleph_contract.recordings.recorded_call import (
    BadEntry,
    Entry,
    ForeignCall,
    Headers,
    RecordedCall,
)
from aleph_contract.recordings.source import open_text, read_lines
from aleph_contract.rules.parsed_exchange import JSON_TYPE

NO_REQUEST = "a gateway log holds neither the URL nor the headers of a request"
NO_ENVELOPE = "this gateway log holds the input without the body around it"
NO_LABEL = "the gateway log does not hold the content type of the reply"

#: Rules about the parts of a request that no gateway log holds.
_UNSEEN = (
    "request.route", "request.auth", "request.content-type", "security.token-host",
    "security.token-leak", "server.route", "server.auth",
)  # fmt: skip

#: The account in the URL of a run: the log does not hold it.
_ACCOUNT = "gateway-log"

#: Characters of the first line that are parsed to tell JSON lines from a document of several lines.
_FIRST_LINE = 16 * 1024 * 1024
_RUN = f"https://gateway-log.invalid/client/v4/accounts/{_ACCOUNT}{RUN_PATH}"

#: The names of a member in an entry of the API, and in a record of Logpush.
_NAMES = {
    "model": ("model", "RequestedModel", "Model"),
    "provider": ("provider", "Provider"),
    "status": ("status_code", "StatusCode"),
    "time": ("created_at", "Timestamp"),
    "request": ("request", "request_body", "RequestBody"),
    "response": ("response", "response_body", "ResponseBody"),
}


def read_gateway_log(path: Path, contracts: ContractSet) -> Iterator[Entry]:
    """The entries of a log, in its order; an entry of a model without a contract is foreign.

    Raises:
        JSONError, RecordingError: The file is no log, or ends early.
    """

    def call(entry: Mapping[str, Any], place: str) -> Entry:
        return _call(entry, place, contracts)

    for found in _documents(path):
        if isinstance(found, BadEntry):
            yield found
            continue
        for place, entry in _entries(*found):
            yield checked(place, "entry of a gateway log", call, entry)


def _documents(path: Path) -> Iterator[tuple[str, Any] | BadEntry]:
    """The JSON values of the file with their places: of lines, of an array, or of a document."""
    with open_text(path) as file:
        first = file.readline(_FIRST_LINE)
    if _json(first.encode("utf-8", "surrogatepass")) is not None and first[:1] == "{":
        yield from read_lines(path)
        return
    with open_text(path) as file:
        stream = JSONStream(file)
        values = stream.elements(()) if first.lstrip()[:1] == "[" else stream.values("result")
        yield from ((f"entry {number}", value) for number, value in enumerate(values, 1))


def _entries(place: str, document: Any) -> Iterator[tuple[str, Any]]:
    """The log entries of a document: those in the `result` of an answer of the API, or itself."""
    found = document.get("result") if isinstance(document, Mapping) else None
    if isinstance(found, list):
        yield from ((f"{place}, result {number}", each) for number, each in enumerate(found, 1))
    else:
        yield place, document if found is None else found


def _call(entry: Mapping[str, Any], place: str, contracts: ContractSet) -> Entry:
    log = entry["log"] if isinstance(entry.get("log"), Mapping) else entry
    model = _model(log, contracts)
    if model is None:
        return ForeignCall()
    given = _body(entry, log, "request")
    request, hidden = _request(given, model)
    status = int(_member(log, "status"))
    answer = _body(entry, log, "response")
    labels = _labels(log)
    if not labels:
        hidden |= {"server.content-type": NO_LABEL}
        labels = (("content-type", JSON_TYPE),)
    if status == 0:
        hidden |= {"server.no-5xx": NO_ANSWER}
    return RecordedCall(
        method="POST",
        url=f"{_RUN}/{model}" if model.startswith("@") else _RUN,
        request_headers=(("content-type", JSON_TYPE),),
        request_body=request,
        status=status or None,
        response_headers=labels,
        response_body=None if answer is None else json_bytes(answer),
        started=unix_time(_member(log, "time")) if _has(log, "time") else None,
        elapsed=_seconds(log),
        place=place,
        hidden=hidden | dict.fromkeys(_UNSEEN, NO_REQUEST),
        charged=_charged(log),
    )


def _has(log: Mapping[str, Any], what: str) -> bool:
    return any(log.get(name) is not None for name in _NAMES[what])


def _member(log: Mapping[str, Any], what: str) -> Any:
    for name in _NAMES[what]:
        if log.get(name) is not None:
            return log[name]
    raise KeyError(_NAMES[what][0])


def _model(log: Mapping[str, Any], contracts: ContractSet) -> str | None:
    """The id of the model of an entry, if there is a contract for it."""
    names = [log[name] for name in _NAMES["model"] if isinstance(log.get(name), str)]
    if not names:
        raise KeyError("model")
    provider = _member(log, "provider") if _has(log, "provider") else ""
    wanted = chain(names, (f"{provider}/{name}" for name in names))
    return next((name for name in wanted if contracts.find(name) is not None), None)


def _body(entry: Mapping[str, Any], log: Mapping[str, Any], which: str) -> Any:
    """A body: beside the entry, in it, or at its head if that is complete; `None` if absent."""
    for holder in (entry, log):
        for name in _NAMES[which]:
            if holder.get(name) is not None:
                return None if _is_encrypted(holder[name]) else holder[name]
    head = log.get(f"{which}_head")
    return head if head and log.get(f"{which}_head_complete") else None


def _is_encrypted(body: Any) -> bool:
    """Whether a body is that of Logpush: `{"type": "encrypted", "data": "…"}` (documented)."""
    return isinstance(body, Mapping) and body.get("type") == "encrypted" and "data" in body


def _request(given: Any, model: str) -> tuple[bytes | None, dict[str, str]]:
    """The body of a request on REST, and the rules that this log cannot show.

    A log may hold the input alone, because the model is a member of the entry.
    """
    if given is None:
        return None, {}
    raw = json_bytes(given)
    key = INPUT_KEY["rest"]
    value = _json(raw)
    if model.startswith("@") or (isinstance(value, Mapping) and key in value):
        return raw, {}
    whole = b'{"model":%b,"%b":%b}' % (json.dumps(model).encode(), key.encode(), raw)
    hidden = dict.fromkeys(("request.model", "request.envelope", "server.model"), NO_ENVELOPE)
    return whole, hidden


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _labels(log: Mapping[str, Any]) -> Headers:
    label = log.get("response_content_type")
    return (("content-type", label),) if label else ()


def _seconds(log: Mapping[str, Any]) -> float:
    """Seconds of the call: `duration` of the API and `durationMs` of Logpush are milliseconds."""
    metrics = log.get("Metrics")
    spent = metrics.get("durationMs") if isinstance(metrics, Mapping) else log.get("duration")
    return max(float(spent or 0), 0.0) / 1000


def _charged(log: Mapping[str, Any]) -> Decimal | None:
    """USD that the gateway says the call cost; `None` if it does not say."""
    metrics = log.get("Metrics")
    cost = metrics.get("cost") if isinstance(metrics, Mapping) else log.get("cost")
    return None if cost is None or log.get("custom_cost") else Decimal(str(cost))
