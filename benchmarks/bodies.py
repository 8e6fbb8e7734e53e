"""The kinds of requests that `throughput.py` sends: valid and refused, small and large."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contenders import PATH

#: Its token is as long as one of the service, which the fake hides in what it records.
_AUTHORIZATION = "Bearer benchmark-token-of-forty-characters-0123"

_WORDS = ["river", "neon", "grain", "slow", "crane", "fog", "amber", "street", "rain"]


@dataclass(frozen=True)
class Body:
    """One kind.

    Args:
        name: Its name.
        bar: The most CPU time of ours, as a multiple of the bare server's.
        status: The status that a server which validates answers.
        make: An input, from a generator of random numbers and the number of the request.
        weight: One in so many requests is sent.
    """

    name: str
    bar: float
    status: bytes
    make: Callable[[random.Random, int], dict[str, Any]]
    weight: int = 1


def requests(kind: Body, count: int) -> list[bytes]:
    """`count` run requests of one kind, all different."""
    generator = random.Random(20260615)  # noqa: S311 - not for secrets
    return [_request(kind.make(generator, number)) for number in range(count)]


def _request(value: dict[str, Any]) -> bytes:
    raw = json.dumps({"model": "runwayml/aleph-2", "input": value}, ensure_ascii=False).encode()
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:8787\r\nAuthorization: {_AUTHORIZATION}\r\n"
        f"Content-Type: application/json\r\nAccept: */*\r\nUser-Agent: benchmark/1\r\n"
        f"Content-Length: {len(raw)}\r\n\r\n"
    ).encode() + raw


def _plain(generator: random.Random, number: int) -> dict[str, Any]:
    """A long prompt, a long URL, and some of the members."""
    prompt = f"{number} " + " ".join(generator.choices(_WORDS, k=100))
    value: dict[str, Any] = {"prompt": prompt[:900], "video_uri": _url(generator, 600)}
    if number % 2:
        value["seed"] = generator.randrange(2**32)
    if number % 4 == 0:
        value["keyframes"] = [{"uri": _url(generator, 30), "seconds": number % 30}]
    if number % 8 == 0:
        value["duration"] = 5.5
    return value


def _filled(generator: random.Random, number: int, step: float = 1) -> dict[str, Any]:
    """Every member, the arrays full, each branch of each union; numbers are multiples of `step`."""
    position: list[Any] = [
        "first",
        {"type": "timestamp", "timestampSeconds": number % 30 * step},
        {"type": "position", "positionPercentage": number % 2 * step},
    ]
    moments = [{"seconds": number % 30 * step}, {"at": number % 2 * step}]
    return {
        **_plain(generator, number),
        "seed": generator.randrange(2**32),
        "duration": 1 + number % 20 * step,
        "content_moderation": {"public_figure_threshold": "low"},
        "keyframes": [{"uri": _url(generator, 30), **moments[i % 2]} for i in range(5)],
        "prompt_images": [
            {"uri": _url(generator, 30), "position": position[i % 3]} for i in range(5)
        ],
    }


def _fractions(generator: random.Random, number: int) -> dict[str, Any]:
    return _filled(generator, number, 0.375)


def _whole_floats(generator: random.Random, number: int) -> dict[str, Any]:
    """As Python writes whole numbers that it computed as floats, such as `5.0`."""
    return _filled(generator, number, 1.0)


def _refused(generator: random.Random, number: int) -> dict[str, Any]:
    return {**_plain(generator, number), "seed": -1 - number}


def _refused_filled(generator: random.Random, number: int) -> dict[str, Any]:
    value = _filled(generator, number)
    value["prompt_images"][4]["position"] = {"type": "position", "positionPercentage": 2 + number}
    return value


def _data_uri(generator: random.Random, number: int) -> dict[str, Any]:
    content = generator.randbytes(16).hex() * (5_000_000 // 32)
    return {**_plain(generator, number), "video_uri": f"data:video/mp4;base64,{content}"}


def _url(generator: random.Random, length: int) -> str:
    return "https://example.com/" + generator.randbytes(length // 2).hex()


_VALID, _INVALID = (1.6, b"200"), (3.0, b"400")

BODIES = {
    kind.name: kind
    for kind in (
        Body("plain", *_VALID, _plain),
        Body("filled", *_VALID, _filled),
        Body("filled, fractions", *_VALID, _fractions),
        Body("filled, whole floats", *_VALID, _whole_floats),
        Body("refused", *_INVALID, _refused),
        Body("refused, filled", *_INVALID, _refused_filled),
        Body("data URI of 5 MB", *_VALID, _data_uri, weight=400),
    )
}
