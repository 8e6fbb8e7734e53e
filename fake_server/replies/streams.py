"""Streams of chat models: the events that a run with `stream: true` sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.contract.event_streams import completed, written
from aleph_contract.contract.result_shape import EVENT_STREAM, ResultShape

#: Events of a model without a documented stream: the words of its text, one per event.
_WORDS = ({"response": "Made-up"}, {"response": " text"})

#: Member of an input that asks for a stream.
STREAM_MEMBER = "stream"


def streams(contract: Contract) -> bool:
    """Whether a run of the contract streams if its input says `stream: true`."""
    if EVENT_STREAM in ResultShape.of(contract.output_schema).binary:
        return True
    schema = contract.input_schema
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    return contract.task == "Text Generation" and STREAM_MEMBER in properties


def events(contract: Contract) -> bytes:
    """The documented stream of the contract with its last event, or a made-up one."""
    shown = contract.entry.get("examples") or ()
    replies: Iterable[Any] = (
        example.get("raw_response") for example in shown if isinstance(example, Mapping)
    )
    documented = next((reply for reply in replies if isinstance(reply, list) and reply), _WORDS)
    return written(completed(documented))


def without_end(stream: bytes) -> bytes:
    """A stream without its last event."""
    return b"".join(event + b"\n\n" for event in stream.split(b"\n\n")[:-2])


def half_event(stream: bytes) -> bytes:
    """A stream that stops in the middle of the event before its last one."""
    whole = stream.split(b"\n\n")[:-2]
    before, last = whole[:-1], whole[-1]
    return b"".join(event + b"\n\n" for event in before) + last[: len(last) - len(last) // 4]
