"""Structural difference between the input that a client was given and the input it sent.

A finding shows the one key that was dropped, not two long documents. Values are compared with
`jsonvalue.same`: numbers exactly, strings by code point, keys in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import Object, dumps, loads, pointer, same
from aleph_contract.errors import JSONError
from aleph_contract.rules.diff_hints import explain, first_difference, name_character
from aleph_contract.rules.parsed_exchange import read_request
from aleph_contract.schema.validation.messages import folded

Path = tuple[str | int, ...]

#: Longest string, in code points, that `describe` shows whole.
MAX_SHOWN = 120

#: Longest array that is searched for reordered items (the search takes quadratic time).
_MAX_REORDERED = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Args:
        pointer: JSON Pointer of the value: in the intended input, or in the sent one if added.
        kind: `missing`, `added` or `changed`.
        intended: The intended value; `None` if added.
        sent: The sent value; `None` if missing.
        note: The likely cause, such as `differs only by normalisation (NFC)`; may be empty.
    """

    pointer: str
    kind: Literal["missing", "added", "changed"]
    intended: Any = None
    sent: Any = None
    note: str = ""


def diff(intended: Any, sent: Any) -> tuple[Change, ...]:
    """Every difference between two JSON values, in document order; empty if they are the same."""
    return tuple(_walk(intended, sent, ()))


def diff_exchange(intended: Any, exchange: Exchange) -> tuple[Change, ...]:
    """The difference between an intended input and the input in a request body.

    A body without a readable input gives one change of the whole input. An intended input given
    as JSON text (a lexical probe) is parsed first.
    """
    meant = _read_text(intended)
    request = read_request(exchange)
    if request.problem:
        text = exchange.request_body.decode("utf-8", "backslashreplace")
        return (Change("", "changed", meant, text, request.problem),)
    return diff(meant, request.input)


def describe(change: Change, *, long: int = MAX_SHOWN) -> tuple[str, ...]:
    """One change as lines of text; the first line has the kind and the pointer.

    Values are compact JSON. A string of more than `long` code points is shown by its beginning,
    its length and the first difference.
    """
    place = change.pointer or "the whole input"
    if change.kind == "missing":
        lines = [f"missing  {place}: {shown(change.intended, long=long)}"]
    elif change.kind == "added":
        lines = [f"added    {place}: {shown(change.sent, long=long)}"]
    else:
        lines = [f"changed  {place}", *_both(change.intended, change.sent, long)]
    return (*lines, f"  {change.note}") if change.note else tuple(lines)


def shown(value: Any, *, long: int = MAX_SHOWN) -> str:
    """A value as compact JSON; each string longer than `long` as its beginning and its length."""
    return dumps(_shortened(value, long))


def _shortened(value: Any, long: int) -> Any:
    if isinstance(value, str) and len(value) > long:
        return f"{value[: long // 2]}… ({len(value):,} characters)"
    if isinstance(value, dict):
        return {key: _shortened(child, long) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shortened(child, long) for child in value]
    return value


def _both(intended: Any, sent: Any, long: int) -> list[str]:
    lines = [f"  intended {shown(intended, long=long)}", f"  sent     {shown(sent, long=long)}"]
    if isinstance(intended, str) and isinstance(sent, str):
        lines.append(f"  {where(intended, sent)}")
    return lines


def where(intended: str, sent: str) -> str:
    """The first difference of two strings: index (from 0), intended character, sent character."""
    at = first_difference(intended, sent)
    became = f"{name_character(intended, at)} became {name_character(sent, at)}"
    return f"first difference at character {at:,}: {became}"


def _walk(intended: Any, sent: Any, path: Path) -> Iterator[Change]:
    if isinstance(intended, dict) and isinstance(sent, dict):
        yield from _objects(intended, sent, path)
    elif isinstance(intended, (list, tuple)) and isinstance(sent, (list, tuple)):
        yield from _arrays(intended, sent, path)
    elif not same(intended, sent):
        note = explain(intended, sent)
        yield Change(pointer(path), "changed", intended, sent, note)


def _objects(intended: dict[str, Any], sent: dict[str, Any], path: Path) -> Iterator[Change]:
    renamed = _renamed(intended, sent)
    for key, value in intended.items():
        if key in sent:
            yield from _walk(value, sent[key], (*path, key))
        elif key in renamed:
            note = f"renamed to {renamed[key]}"
            yield Change(pointer((*path, key)), "missing", value, note=note)
        else:
            yield _missing(value, (*path, key))
    earlier = {new: old for old, new in renamed.items()}
    for key, value in sent.items():
        if key in earlier:
            note = f"renamed from {earlier[key]}"
            yield Change(pointer((*path, key)), "added", sent=value, note=note)
        elif key not in intended:
            note = "null instead of an absent key" if value is None else ""
            yield Change(pointer((*path, key)), "added", sent=value, note=note)
    meant = intended.repeated if isinstance(intended, Object) else ()
    for key in sent.repeated if isinstance(sent, Object) else ():
        if key not in meant:
            note = "the key occurs more than once"
            yield Change(pointer((*path, key)), "added", sent=sent[key], note=note)


def _renamed(intended: dict[str, Any], sent: dict[str, Any]) -> dict[str, str]:
    """Names that were sent in another style with the same value: `video_uri` as `videoUri`."""
    added = {folded(key): key for key in sent if key not in intended}
    return {
        key: added[folded(key)]
        for key, value in intended.items()
        if key not in sent and folded(key) in added and same(value, sent[added[folded(key)]])
    }


def _missing(value: Any, path: Path) -> Change:
    note = ""
    if value is None:
        note = "dropped, perhaps because null is treated as absent"
    elif value in (0, "", [], {}):
        note = f"dropped, perhaps because {dumps(value)} is false in a condition"
    return Change(pointer(path), "missing", value, note=note)


def _arrays(intended: Any, sent: Any, path: Path) -> Iterator[Change]:
    """Compare arrays: after a dropped or inserted item, later items are still matched up.

    `[1, 2, 3, 4]` against `[1, 3, 4]` is one missing item, not three changed ones.
    """
    if len(intended) == len(sent) <= _MAX_REORDERED and _reordered(intended, sent):
        yield Change(pointer(path), "changed", intended, sent, "the same items in another order")
        return
    start = _common(intended, sent)
    if len(intended) == len(sent):
        start, tail = 0, 0
    else:
        rest = min(len(intended), len(sent)) - start
        tail = min(_common(intended[::-1], sent[::-1]), rest)
    meant, came = intended[start : len(intended) - tail], sent[start : len(sent) - tail]
    for index, (left, right) in enumerate(zip(meant, came, strict=False), start):
        yield from _walk(left, right, (*path, index))
    for index, value in enumerate(meant[len(came) :], start + len(came)):
        yield _missing(value, (*path, index))
    for index, value in enumerate(came[len(meant) :], start + len(meant)):
        yield Change(pointer((*path, index)), "added", sent=value)


def _common(left: Any, right: Any) -> int:
    """How many items are the same from the start."""
    for count, (one, other) in enumerate(zip(left, right, strict=False)):
        if not same(one, other):
            return count
    return min(len(left), len(right))


def _reordered(intended: Any, sent: Any) -> bool:
    rest = list(sent)
    for item in intended:
        found = next((i for i, other in enumerate(rest) if same(item, other)), None)
        if found is None:
            return False
        del rest[found]
    return not same(intended, sent)


def _read_text(intended: Any) -> Any:
    if not isinstance(intended, str):
        return intended
    try:
        return loads(intended)
    except JSONError:
        return intended
