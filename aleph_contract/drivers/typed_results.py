"""Convert a callable's return value to JSON data: plain values, records, models, HTTP responses."""

from __future__ import annotations

import dataclasses
import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from os import PathLike
from typing import Any

#: How deep records are converted.
_MAX_DEPTH = 64

#: What an adapter may return, for messages.
HINT = (
    "return the result's URL, or the parsed reply: a string, bytes, a dict, a dataclass, a "
    "pydantic or attrs model, an object with the result as an attribute, or the HTTP response"
)


class UnreadableResultError(ValueError):
    """A returned object that holds no JSON data."""


def to_json(value: Any) -> Any:
    """The JSON data that a returned value holds.

    Raises:
        UnreadableResultError: It holds none, such as a file or a coroutine; the message says what
            to return.
    """
    try:
        text = json.dumps(_convert(value, _MAX_DEPTH), ensure_ascii=False)
    except UnreadableResultError:
        raise
    except (TypeError, ValueError, RecursionError) as error:
        raise _unreadable(value, str(error)) from None
    return json.loads(text.encode("utf-8", "replace"), parse_constant=str)


def _convert(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value.value if isinstance(value, Enum) else value
    if depth == 0:
        raise _unreadable(value, "it is nested too deep")
    if isinstance(value, type):
        raise _unreadable(value)
    for applies, read in _READERS:
        if applies(value):
            return _convert(read(value), depth - 1)
    if isinstance(value, Mapping):
        return {str(key): _convert(part, depth - 1) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_convert(part, depth - 1) for part in value]
    members = _members(value)
    if not members:
        raise _unreadable(value)
    return {name: _convert(part, depth - 1) for name, part in members.items()}


def _members(value: Any) -> dict[str, Any]:
    """The public attributes of a plain object."""
    if callable(value) or isinstance(value, Iterable):  # a function, a generator, a file
        return {}
    names = [*getattr(value, "__dict__", ()), *getattr(type(value), "__slots__", ())]
    found = {name: getattr(value, name, None) for name in names if not name.startswith("_")}
    for name, attribute in vars(type(value)).items():
        if isinstance(attribute, property) and not name.startswith("_"):
            found[name] = getattr(value, name)
    return found


def _has(*names: str) -> Callable[[Any], bool]:
    return lambda value: all(hasattr(value, name) for name in names)


def _read_response(response: Any) -> Any:
    """The body of an HTTP response of httpx or requests: its JSON, its text or its bytes."""
    try:
        return response.json()
    except ValueError:
        content = getattr(response, "content", None)
        return _read_bytes(content) if isinstance(content, bytes) else response.text


def _read_bytes(value: bytes | bytearray | memoryview) -> str:
    """Text in UTF-8 as text; other bytes, such as an audio file, in base64 as `read_reply` does."""
    raw = bytes(value)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return b64encode(raw).decode()


def _read_attrs(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in value.__attrs_attrs__}


def _read_dataclass(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _is_url(value: Any) -> bool:
    return type(value).__name__ in ("URL", "AnyUrl", "HttpUrl", "UUID")


#: How each kind of object is recognised and read, in the order in which they are tried.
_READERS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Any]], ...] = (
    (lambda value: isinstance(value, Enum), lambda value: value.value),
    (_is_url, str),
    (lambda value: isinstance(value, PathLike), str),
    (lambda value: isinstance(value, (bytes, bytearray, memoryview)), _read_bytes),
    (dataclasses.is_dataclass, _read_dataclass),
    (_has("__attrs_attrs__"), _read_attrs),
    (_has("model_dump"), lambda value: value.model_dump(mode="json")),  # pydantic 2
    (_has("__fields__", "dict"), lambda value: value.dict()),  # pydantic 1
    (_has("status_code", "json"), _read_response),  # httpx, requests
    (_has("_asdict"), lambda value: value._asdict()),
)


def _unreadable(value: Any, detail: str = "") -> UnreadableResultError:
    kind = value.__name__ if isinstance(value, type) else type(value).__name__
    return UnreadableResultError(
        f"it returned {kind}, which holds no JSON data"
        + (f" ({detail})" if detail else "")
        + f"; {HINT}"
    )
