"""Successful replies: the documented ones, and for any other input one of the same shape."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from typing import Any

import orjson

from aleph_contract.contract import Contract
from fake_server.replies.failures import compact


class Replies:
    """The successful replies of one contract.

    The documented inputs get the documented replies. Any other input gets a reply of the same
    shape, in which every URL is replaced by one that is made of the input alone: same input,
    same URL; any difference, another URL.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._documented = {
            digest(dict(example.input)): compact(example.reply) for example in contract.examples
        }
        self._parts = compact(self.bare(_URL)).split(_URL.encode())

    def bare(self, url: str) -> dict[str, Any]:
        """A reply around a URL, as the documentation page shows it."""
        if self.contract.examples:
            reply: dict[str, Any] = _fill(self.contract.examples[0].reply, url)
            return reply
        result = _sample(self.contract.output_schema, url)
        return {
            "state": "Completed",
            "result": result,
            "gatewayMetadata": {"keySource": "Unified"},
        }

    def body(self, value: Any, origin: bytes, floats: bool | None = None) -> bytes:
        """The bare reply to an input.

        Args:
            value: The input.
            origin: What comes before the name of a video in its URL.
            floats: Whether numbers in the input may be no `int`; `None` if nobody looked.
        """
        key = digest(value, floats)
        documented = self._documented.get(key)
        if documented is not None:
            return documented
        return (origin + _NAME % _GROUPS(key)).join(self._parts)


def enveloped(bare: bytes) -> bytes:
    """A bare reply in the envelope of the API, as live REST replies have it (observed)."""
    return b'{"result":' + bare + b',"success":true,"errors":[],"messages":[]}'


# A UUID of version 8, which is made the maker's own way (RFC 9562), out of a hexadecimal digest.
_GROUPS = struct.Struct("8s4sx3sx3s12s32x").unpack
_NAME = b"%b-%b-8%b-a%b-%b.mp4"

# Stands for the URL while a reply is cut into the parts around it; no character needs an escape.
_URL = "url://0a7d5e5c"


def _fill(value: Any, url: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _fill(child, url) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_fill(child, url) for child in value]
    return url if isinstance(value, str) and "://" in value else value


def _sample(schema: Any, url: str) -> Any:
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    names = schema.get("required", properties) if properties else ()
    if not names:
        return url
    return {name: _sample(properties.get(name, {}), url) for name in names}


def digest(value: Any, floats: bool | None = None) -> bytes:
    """One hexadecimal digest for all spellings of the same JSON value.

    Args:
        value: The value.
        floats: Whether numbers in it may be no `int`: `2.0` and `2` are the same number.
    """
    if floats is not False:
        value = _normal(value)
    try:
        text = orjson.dumps(value, None, orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer beyond 64 bits
        text = json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest().encode()


def _normal(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(value)
    if isinstance(value, dict):
        return {key: _normal(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_normal(child) for child in value]
    return value
