"""Streams of events (`text/event-stream`): their text, and whether they ended."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

#: Data of the last event of a stream whose events have no type (documented for the provider's own
#: models).
DONE = "[DONE]"

#: The last event of a stream whose events have types like `message_start`.
MESSAGE_STOP: Mapping[str, str] = {"type": "message_stop"}

#: Members of the events of a stream that `DONE` ends.
_UNTYPED = frozenset({"response", "choices"})


def written(events: Iterable[Any]) -> bytes:
    """The events as a stream, each named by its type if it has one; a text is written as it is."""
    return b"".join(map(_event, events))


def completed(events: Iterable[Any]) -> list[Any]:
    """The events, and the one that ends such a stream if it is missing."""
    given = list(events)
    end = _end(given[0]) if given else None
    return given if end is None or end in given else [*given, end]


def defect(text: str) -> str:
    """Why a stream is incomplete; empty if it is complete, or if its last event is not known."""
    if text and not text.endswith(("\n\n", "\r\n\r\n", "\r\r")):
        return "the stream of events stops inside an event"
    events = list(_parsed(text))
    end = _end(events[0]) if events else None
    if not events:
        return "the stream has no events"
    return "" if end is None or end in events else f"the stream of events has no {_name(end)}"


def _event(event: Any) -> bytes:
    if isinstance(event, str):
        return f"data: {event}\n\n".encode()
    data = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    named = isinstance(event, Mapping) and isinstance(event.get("type"), str)
    return (f"event: {event['type']}\n" if named else "").encode() + f"data: {data}\n\n".encode()


def _end(first: Any) -> Any:
    """The event that ends a stream which begins with `first`; `None` if that is not known."""
    if not isinstance(first, Mapping):
        return None
    if str(first.get("type", "")).startswith("message"):
        return dict(MESSAGE_STOP)
    return None if _UNTYPED.isdisjoint(first) else DONE


def _name(end: Any) -> str:
    return end if isinstance(end, str) else str(end["type"])


def _parsed(text: str) -> Iterator[Any]:
    """The data of each event: its JSON value, or else its text (WHATWG HTML, 9.2.6)."""
    for block in text.replace("\r\n", "\n").replace("\r", "\n").split("\n\n"):
        lines = [line.partition(":")[2] for line in block.split("\n") if line.startswith("data:")]
        data = "\n".join(line.removeprefix(" ") for line in lines)
        if data:
            value: Any = data
            with suppress(ValueError):
                value = json.loads(data)
            yield value
