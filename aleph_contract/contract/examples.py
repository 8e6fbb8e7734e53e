"""The documented examples of an entry, and the parts of a reply that may be its result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aleph_contract.core.exchange import COMPLETED

#: Member that the gateway adds to a reply (documented).
GATEWAY_MEMBER = "gatewayMetadata"


@dataclass(frozen=True, slots=True)
class Example:
    """One documented example.

    Args:
        name: Its name.
        input: The input.
        output: The published summary of the result.
        reply: The reply body without the envelope of the API.
        result: The part of `reply` that the output schema describes.
    """

    name: str
    input: Any
    output: Any
    reply: Any
    result: Any


def readings(reply: Any) -> Iterator[Any]:
    """The parts of a reply that may be its result, the likeliest first.

    A run is `{"state": …, "result": …}`; other replies are the bare result, to which the gateway
    adds a member.
    """
    if isinstance(reply, Mapping) and "result" in reply:
        yield reply["result"]
    if isinstance(reply, Mapping) and GATEWAY_MEMBER in reply:
        yield {name: value for name, value in reply.items() if name != GATEWAY_MEMBER}
    yield reply


def trusted(examples: Iterable[Any]) -> Iterator[Example]:
    """Examples that are known to agree with the schemas, without a check."""
    for example in examples:
        reply = reply_of(example)
        yield example_of(example, reply, next(readings(reply)))


def example_of(example: Mapping[str, Any], reply: Any, result: Any) -> Example:
    """The record of a published example with this reply and result."""
    return Example(example["name"], example["input"], example.get("output", {}), reply, result)


def reply_of(example: Mapping[str, Any]) -> Any:
    """The reply body of an example; if it shows only the output, that of a completed run."""
    shown = example.get("raw_response")
    return {"state": COMPLETED, "result": example["output"]} if shown is None else shown
