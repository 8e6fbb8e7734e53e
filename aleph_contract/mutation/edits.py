"""Edits of request bodies and replies: each makes the mutated bytes from the right ones."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from aleph_contract.core.exchange import INPUT_KEY
from fake_server.media import EMPTY

#: A location in an input: keys, and `None` for the items of an array.
Path = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class FieldEdit:
    """One edit of one field of the input.

    Args:
        mutation: Id of its row in the table.
        path: The field; `None` stands for each item of an array.
    """

    mutation: str
    path: Path

    @property
    def pointer(self) -> str:
        """The field as text, such as `/keyframes/*/seconds`."""
        return "".join(f"/{'*' if key is None else key}" for key in self.path)

    def __call__(self, body: bytes) -> bytes | None:
        """The request body after the edit; `None` if it has no such field."""
        document = json.loads(body)
        key = _input_key(document)
        given = document if key is None else document[key]
        edited = _edited(given, self.path, _EDITS[self.mutation])
        if edited == given:
            return None
        whole = edited if key is None else {**document, key: edited}
        return json.dumps(whole, ensure_ascii=False).encode("utf-8", "surrogatepass")


class _Dropped:
    """Marks a member that an edit drops."""


_DROPPED = _Dropped()


def _cut_text(value: Any) -> Any:
    return value[: len(value) // 2] if isinstance(value, str) and len(value) > 1 else value


def _drop_item(value: Any) -> Any:
    return value[:-1] if isinstance(value, list) and value else value


def _round(value: Any) -> Any:
    return round(value) if isinstance(value, float) and not value.is_integer() else value


#: The edit of a field, by the id of its mutation; it returns an equal value where it changes none.
_EDITS: dict[str, Callable[[Any], Any]] = {
    "request/member-dropped": lambda _: _DROPPED,
    "request/text-cut": _cut_text,
    "request/item-dropped": _drop_item,
    "request/number-rounded": _round,
}


def field_edits(given: Any) -> Iterator[FieldEdit]:
    """Every edit that changes some field of an input; an input may be invalid after it."""
    for path in dict.fromkeys(_fields(given, ())):
        for mutation, edit in _EDITS.items():
            dropped_item = mutation == "request/member-dropped" and path[-1] is None
            if not dropped_item and _edited(given, path, edit) != given:
                yield FieldEdit(mutation, path)


def input_of(body: bytes) -> Any:
    """The input in a request body that is JSON."""
    document = json.loads(body)
    key = _input_key(document)
    return document if key is None else document[key]


def _input_key(document: Any) -> str | None:
    """The member that holds the input; `None` if the body is the input."""
    keys = INPUT_KEY.values() if isinstance(document, dict) else ()
    return next((key for key in keys if key in document), None)


def _fields(value: Any, path: Path) -> Iterator[Path]:
    """The location of every value below `value`."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _fields(child, (*path, key))
    elif isinstance(value, list):
        for child in value:
            yield from _fields(child, (*path, None))


def _edited(value: Any, path: Path, edit: Callable[[Any], Any]) -> Any:
    """The value with the edit at `path`, which may be absent; of an array, at its first item."""
    if not path:
        return edit(value)
    key, rest = path[0], path[1:]
    if key is None and isinstance(value, list):
        edited = [_edited(child, rest, edit) for child in value]
        return next(
            (
                [*value[:index], child, *value[index + 1 :]]
                for index, child in enumerate(edited)
                if child != value[index]
            ),
            value,
        )
    if isinstance(key, str) and isinstance(value, dict) and key in value:
        child = _edited(value[key], rest, edit)
        if child is _DROPPED:
            return {name: kept for name, kept in value.items() if name != key}
        return {**value, key: child}
    return value


#: A URL in the JSON text of a reply.
_URL = re.compile(r'[a-z][a-z0-9+.-]*://[^"\\\s]+', re.IGNORECASE)


def urls(body: bytes) -> list[str]:
    """The URLs in a reply."""
    return _URL.findall(body.decode("utf-8", "replace"))


def another_run(body: bytes, origin: bytes, previous: bytes | None) -> bytes:  # noqa: ARG001 - one signature
    """The reply with the URL of another run in place of each URL."""
    return _with_urls(body, _other_name)


def dead_link(body: bytes, origin: bytes, previous: bytes | None) -> bytes:  # noqa: ARG001
    """The reply with a URL that answers 404 in place of each URL."""
    return _with_urls(body, lambda url: f"{origin.decode()}expired{_extension(url)}")


def empty_file(body: bytes, origin: bytes, previous: bytes | None) -> bytes:  # noqa: ARG001
    """The reply with the URL of an empty file in place of each URL."""
    return _with_urls(body, lambda url: f"{origin.decode()}{EMPTY}{_extension(url)}")


def query_cut(body: bytes, origin: bytes, previous: bytes | None) -> bytes:  # noqa: ARG001
    """The reply with each URL up to its query."""
    return _with_urls(body, lambda url: url.partition("?")[0])


def stale(body: bytes, origin: bytes, previous: bytes | None) -> bytes:  # noqa: ARG001
    """The reply of the completed run before."""
    return body if previous is None else previous


def _with_urls(body: bytes, edit: Callable[[str], str]) -> bytes:
    return _URL.sub(lambda match: edit(match[0]), body.decode()).encode()


def _other_name(url: str) -> str:
    """The URL of another file beside that of `url`."""
    stem, slash, _ = url.partition("?")[0].rpartition("/")
    digest = hashlib.sha256(url.encode()).digest()[:16]
    return f"{stem}{slash}{UUID(bytes=digest, version=4)}{_extension(url)}"


def _extension(url: str) -> str:
    return "." + urlsplit(url).path.rpartition(".")[2]
