"""Streams of events that stop before their end; other models get them as malformed replies."""

from __future__ import annotations

from aleph_contract.contract.result_shape import EVENT_STREAM
from fake_server.replies.fault import MALFORMED, Fault
from fake_server.replies.streams import half_event, without_end

STREAM_FAULTS: tuple[Fault, ...] = (
    Fault(
        "stream-without-end",
        "a stream of events that ends without its last event, such as `[DONE]`",
        "assumed",
        MALFORMED,
        billed_maybe=True,
        content_type=EVENT_STREAM,
        restream=without_end,
    ),
    Fault(
        "stream-half-event",
        "a stream of events that ends in the middle of an event",
        "assumed",
        MALFORMED,
        billed_maybe=True,
        content_type=EVENT_STREAM,
        restream=half_event,
    ),
    Fault(
        "stream-cut",
        "half of a stream of events, then the connection closes",
        "assumed",
        MALFORMED,
        billed_maybe=True,
        content_type=EVENT_STREAM,
        delivery="truncated",
        restream=bytes,
    ),
)
