"""Successful replies: the documented ones, and a reply of the same shape for any other input."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from typing import Any

import orjson

from aleph_contract.contract import Contract
from fake_server.media.presigned import Presigner
from fake_server.replies.failures import compact


class Replies:
    """The successful replies of one contract.

    A documented input gets its documented reply. Any other input gets a reply of the same shape, in
    which every URL is derived from a hash of the input: the same input gives the same URL, any
    other input another URL.
    """

    def __init__(self, contract: Contract, presigner: Presigner | None = None) -> None:
        self.contract = contract
        self._presigner = presigner
        self._documented = {
            digest(dict(example.input)): compact(example.reply) for example in contract.examples
        }
        self._parts = compact(self.bare(_URL)).split(_URL.encode())

    def bare(self, url: str) -> dict[str, Any]:
        """A reply that holds a URL, in the shape of the documentation page."""
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
            origin: The URL of a video up to its file name.
            floats: Whether some number in the input may be a float; `None` if that is unknown.
        """
        key = digest(value, floats)
        documented = self._documented.get(key)
        if documented is not None:
            return documented
        name = _NAME % _GROUPS(key)
        query = b"" if self._presigner is None else self._presigner.query(name)
        return (origin + name + query).join(self._parts)


def enveloped(bare: bytes) -> bytes:
    """Wrap a bare reply in the envelope of the API, as live REST replies are (observed)."""
    return b'{"result":' + bare + b',"success":true,"errors":[],"messages":[]}'


# A UUID of version 8 (RFC 9562, 5.8: the content is up to the implementation) from a hex digest.
_GROUPS = struct.Struct("8s4sx3sx3s12s32x").unpack
_NAME = b"%b-%b-8%b-a%b-%b.mp4"

# Placeholder at which a reply is split into the parts around the URL; needs no JSON escape.
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
    """Hash a JSON value; equal values have equal hashes, however they are written.

    Args:
        value: The value.
        floats: Whether some number in it may be a float; then `2.0` and `2` are made equal first.
            `None` if that is unknown.
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
