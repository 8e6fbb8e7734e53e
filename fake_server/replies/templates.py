"""The template of a model's replies: a reply in which URLs and texts depend on the input.

The reply is that of the first documented example, or one built from the output schema. A change
that the output schema does not allow is left out, so that every reply satisfies the schema.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from posixpath import splitext
from typing import Any
from urllib.parse import urlsplit

from aleph_contract.contract import Contract
from aleph_contract.contract.examples import GATEWAY_MEMBER
from aleph_contract.contract.result_shape import ResultShape
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.exchange import COMPLETED
from fake_server.media.files import default_of, kind_named, media_file

#: Placeholder of a URL up to its extension, and of an id; they need no JSON escape.
URL = "url://0a7d5e5c"
ID = "id-0a7d5e5c"

#: Names of members that hold text a model wrote.
_TEXTS = frozenset(("content", "response", "text"))

#: Values that some output schemas ask for, tried in place of a member that is missing.
_KEY_SOURCE = {"keySource": "Unified"}

Place = tuple[str | int, ...]


def template(contract: Contract) -> Any:
    """A reply of the contract in which `URL` and `ID` stand for what depends on the input."""
    is_valid = validator_for(contract.output_schema).is_valid
    if contract.examples:
        example = contract.examples[0]
        result, wrap = example.result, _wrapper(example.reply, example.result)
    else:
        result, wrap = _built(contract), _plain if contract.in_path else _run
    for place, leaf in list(_leaves(result)):
        for value in _values(contract, place, leaf):
            changed = _replaced(result, place, value)
            if is_valid(_finished(changed)):
                result = changed
                break
    return wrap(result)


def _finished(value: Any) -> Any:
    """The value with a URL and an id in place of the placeholders, for the check."""
    if isinstance(value, Mapping):
        return {key: _finished(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finished(child) for child in value]
    if isinstance(value, str):
        return value.replace(URL, "http://127.0.0.1:65535/" + "0" * 56).replace(ID, "0" * 36)
    return value


def _wrapper(reply: Any, result: Any) -> Callable[[Any], Any]:
    """How a reply holds its result: under `result`, beside the gateway's member, or alone."""
    if reply is result:
        return _plain
    if isinstance(reply, Mapping) and "result" in reply and reply["result"] == result:
        return lambda new: {**reply, "result": new}
    return lambda new: {**new, GATEWAY_MEMBER: reply[GATEWAY_MEMBER]}


def _plain(result: Any) -> Any:
    return result


def _run(result: Any) -> Any:
    return {"state": COMPLETED, "result": result, GATEWAY_MEMBER: _KEY_SOURCE}


def _built(contract: Contract) -> Any:
    """A value of the output schema, with its optional members if that is possible."""
    from aleph_contract.schema.document import Document
    from aleph_contract.schema.generation.builder import Builder

    schema = _json_branch(contract.output_schema)
    document = Document(schema, source=contract.source, location="/schema/output")
    small = next(Builder(document, {}).values(), None)
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    if small or not properties:
        return small
    # A schema without required members allows `{}`; a result that holds something is realistic.
    return next(Builder(document, {}, "full").values(), small)


def _json_branch(schema: Any) -> Any:
    """The first branch of a union of JSON and bytes that is JSON; else the schema itself."""
    branches = schema.get("oneOf", ()) if isinstance(schema, Mapping) else ()
    if not ResultShape.of(schema).binary or "$defs" in schema:
        return schema
    return next((branch for branch in branches if not ResultShape.of(branch).binary), schema)


def _leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from _leaves(child, (*place, key))
    elif isinstance(value, (list, tuple)):
        for index, child in enumerate(value):
            yield from _leaves(child, (*place, index))
    elif isinstance(value, str):
        yield place, value


def _values(contract: Contract, place: Place, leaf: str) -> Iterator[str]:
    """What may stand at a place: a URL of the right kind, bytes in base64, or a text."""
    name = next((step for step in reversed(place) if isinstance(step, str)), "")
    # The URL of an example is real; a built one is of no particular kind.
    shown, named = kind_of_url(leaf), default_of(name)
    kind = shown or named if contract.examples else named or shown
    if "://" in leaf:
        yield f"{URL}.{kind or default_of(contract.task) or 'mp4'}"
    elif kind not in (None, "txt") and not contract.examples:
        if not contract.in_path or _is_uri(contract, place):
            yield f"{URL}.{kind}"
        yield base64.b64encode(media_file("jpg" if kind == "png" else str(kind)).body).decode()
    elif name in _TEXTS or not place:
        yield f"Made-up text {ID}"


def _is_uri(contract: Contract, place: Place) -> bool:
    member = contract.output_schema.get("properties", {}).get(place[0], {}) if place else {}
    return isinstance(member, Mapping) and member.get("format") == "uri"


def kind_of_url(text: str) -> str | None:
    """The kind that the extension of a URL names."""
    return kind_named(splitext(urlsplit(text).path)[1][1:]) if "://" in text else None


def _replaced(value: Any, place: Place, new: Any) -> Any:
    if not place:
        return new
    step = place[0]
    if isinstance(value, Mapping):
        return {**value, step: _replaced(value[step], place[1:], new)}
    return [
        _replaced(child, place[1:], new) if i == step else child for i, child in enumerate(value)
    ]
