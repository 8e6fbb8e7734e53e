"""Successful replies: the documented ones, and a reply of the same shape for any other input."""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Mapping
from typing import Any

import orjson

from aleph_contract.contract import Contract
from aleph_contract.contract.result_shape import EVENT_STREAM, ResultShape
from aleph_contract.core.body_start import LARGE_BODY
from fake_server.media.files import KINDS, family, kind_named, kind_of_type, media_file
from fake_server.media.presigned import Presigner
from fake_server.replies.failures import compact
from fake_server.replies.streams import events, streams
from fake_server.replies.templates import ID, URL, template


class Replies:
    """The successful replies of one contract.

    A documented input gets its documented reply. Any other input gets a reply of the same shape, in
    which URLs and texts are derived from a hash of the input: the same input gives the same URL,
    any other input another URL. Every reply satisfies the output schema.
    """

    def __init__(self, contract: Contract, presigner: Presigner | None = None) -> None:
        self.contract = contract
        self._presigner = presigner
        self._documented = {
            digest(dict(example.input)): compact(example.reply) for example in contract.examples
        }
        self._binary = ResultShape.of(contract.output_schema).binary
        self._events = self.events if streams(contract) else None
        #: Whether some results are not JSON.
        self.has_raw = bool(self._binary) or self._events is not None
        self._parts, self._gaps = _split(compact(template(contract)))
        self._formats = _formats(contract)
        kinds = set(self._gaps)
        #: The form of every gap if all are URLs of one kind that the input does not choose.
        self._name = None
        if len(kinds) == 1 and None not in kinds and not self._formats:
            self._name = _UUID + b"." + (kinds.pop() or "").encode()

    @property
    def events(self) -> bytes:
        """The events of a stream, made-up ones for a model that does not stream."""
        return events(self.contract)

    def body(
        self, value: Any, origin: bytes, *, plain: bool = False, key: bytes | None = None
    ) -> bytes:
        """The bare reply to an input.

        Args:
            value: The input.
            origin: The URL of a result up to its file name.
            plain: See `digest`.
            key: The digest of the input, if it is known.
        """
        key = key or digest(value, plain=plain)
        documented = self._documented.get(key)
        if documented is not None:
            return documented
        if self._name is not None:
            name = self._name % _GROUPS(key)
            query = b"" if self._presigner is None else self._presigner.query(name)
            return (origin + name + query).join(self._parts)
        return self._filled(value, origin, _UUID % _GROUPS(key))

    def at(self, origin: bytes, value: Any) -> bytes:
        """The bare reply to an input with its URLs at `origin`, also to a documented input."""
        return self._filled(value, origin, _UUID % _GROUPS(digest(value)))

    def raw(self, value: Any) -> tuple[str, bytes] | None:
        """Content type and bytes of a result that is not JSON; `None` if the result is JSON."""
        if self._events is not None and isinstance(value, dict) and value.get("stream") is True:
            return EVENT_STREAM, self._events
        kinds = [kind for kind in self._binary if kind != EVENT_STREAM]
        if not kinds:
            return None
        kind = self._chosen(value, kind_of_type(kinds[0]) or "mp3")
        return KINDS[kind][0], media_file(kind).body

    def parsed(self, value: Any) -> Any:
        """The JSON value of the bare reply to an input, such as for the tokens that it states.

        A stream and bytes have none: then it is `None`.
        """
        if self.has_raw and self.raw(value) is not None:
            return None
        return orjson.loads(self.body(value, b""))

    def _filled(self, value: Any, origin: bytes, uuid: bytes) -> bytes:
        pieces = [self._parts[0]]
        for kind, part in zip(self._gaps, self._parts[1:], strict=True):
            if kind is None:
                pieces += uuid, part
                continue
            name = b"%b.%b" % (uuid, self._chosen(value, kind).encode())
            query = b"" if self._presigner is None else self._presigner.query(name)
            pieces += origin, name, query, part
        return b"".join(pieces)

    def _chosen(self, value: Any, kind: str) -> str:
        """The kind that the input asks for, if it is of the same family; else `kind`."""
        for name in self._formats:
            given = value.get(name) if isinstance(value, dict) else None
            asked = kind_named(given) if isinstance(given, str) else None
            if asked is not None and family(asked) == family(kind):
                return asked
        return kind


def enveloped(bare: bytes) -> bytes:
    """Wrap a bare reply in the envelope of the API, as live REST replies are (observed)."""
    return b'{"result":' + bare + b',"success":true,"errors":[],"messages":[]}'


# A UUID of version 8 (RFC 9562, 5.8: the content is up to the implementation) from a hex digest.
_GROUPS = struct.Struct("8s4sx3sx3s12s32x").unpack
_UUID = b"%b-%b-8%b-a%b-%b"

# The placeholders of a template, and the extension of a URL.
_GAP = re.compile(rb"%b\.([a-z0-9]+)|%b" % (URL.encode(), ID.encode()))

# Characters of a large text that are read at once.
_PIECE = 64 * 1024

# Input members that choose the kind of file.
_FORMATS = ("output_format", "format", "encoding", "container")


def _split(text: bytes) -> tuple[list[bytes], tuple[str | None, ...]]:
    """The parts of a template around its gaps, and the kind of each gap; `None` for an id."""
    parts = _GAP.split(text)
    return parts[::2], tuple(kind.decode() if kind else None for kind in parts[1::2])


def _formats(contract: Contract) -> tuple[str, ...]:
    schema = contract.input_schema
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    return tuple(name for name in _FORMATS if name in properties)


def digest(value: Any, *, plain: bool = False) -> bytes:
    """Hash a JSON value; equal values have equal hashes, however they are written.

    Args:
        value: The value.
        plain: Whether no number in it is a whole float; else `2.0` and `2` are made equal first.
    """
    value = _condensed(value if plain else _normal(value))
    try:
        text = canonical(value)
    except TypeError:  # an integer beyond 64 bits
        text = json.dumps(value, sort_keys=True).encode()
    return digest_of_text(text)


def canonical(value: Any) -> bytes:
    """Write a plain JSON value with sorted keys.

    Raises:
        TypeError: It holds an integer beyond 64 bits, or has more than 254 levels.
    """
    return orjson.dumps(value, None, orjson.OPT_SORT_KEYS)


def digest_of_text(text: bytes) -> bytes:
    """The `digest` of a value without large texts, from its canonical text."""
    return hashlib.sha256(text).hexdigest().encode()


def _condensed(value: Any) -> Any:
    """The value with a hash in place of each large text: to write it as JSON takes longer."""
    if isinstance(value, str) and len(value) > LARGE_BODY:
        return _hash(value)
    if isinstance(value, dict):
        return {_condensed(key): _condensed(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_condensed(child) for child in value]
    return value


def _hash(text: str) -> str:
    hashed = hashlib.sha256()
    for start in range(0, len(text), _PIECE):  # to encode all at once takes pages of memory
        hashed.update(text[start : start + _PIECE].encode(errors="surrogatepass"))
    return hashed.hexdigest()


def _normal(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(value)
    if isinstance(value, dict):
        return {key: _normal(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_normal(child) for child in value]
    return value
