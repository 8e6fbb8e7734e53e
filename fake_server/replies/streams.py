"""Streams of chat models: the events that a run with `stream: true` sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.contract.result_shape import EVENT_STREAM, ResultShape
from fake_server.replies.failures import compact

#: Events of a model without a documented stream: the words of its text, one per event.
_WORDS = ({"response": "Made-up"}, {"response": " text"})

#: Last event of a stream whose events have no type (documented for the provider's own models).
_DONE = b"data: [DONE]\n\n"


def streams(contract: Contract) -> bool:
    """Whether a run of the contract streams if its input says `stream: true`."""
    if EVENT_STREAM in ResultShape.of(contract.output_schema).binary:
        return True
    schema = contract.input_schema
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    return contract.task == "Text Generation" and "stream" in properties


def events(contract: Contract) -> bytes:
    """The documented stream of the contract, or a made-up one."""
    shown = contract.entry.get("examples") or ()
    replies: Iterable[Any] = (
        example.get("raw_response") for example in shown if isinstance(example, Mapping)
    )
    documented = next((reply for reply in replies if isinstance(reply, list) and reply), _WORDS)
    typed = all(isinstance(event, Mapping) and "type" in event for event in documented)
    return b"".join(_event(event, typed=typed) for event in documented) + (b"" if typed else _DONE)


def _event(event: Any, *, typed: bool) -> bytes:
    name = b"event: " + str(event["type"]).encode() + b"\n" if typed else b""
    return name + b"data: " + compact(event) + b"\n\n"
