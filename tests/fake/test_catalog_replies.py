"""The replies of the published models fit their output schemas, and their media decode."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from posixpath import splitext
from typing import Any

import pytest
from programs import needed

from aleph_contract.contract import Contract
from aleph_contract.contract.event_streams import defect
from aleph_contract.contract.examples import readings
from aleph_contract.contract.result_shape import EVENT_STREAM, shape_of
from aleph_contract.contract.validate import validator_for
from fake_server import media
from fake_server.media.files import KINDS, kind_of_type
from fake_server.replies.successes import Replies

CATALOG = sorted((Path(__file__).parents[2] / "fixtures/catalog").glob("*.json"))
ORIGIN = f"http://127.0.0.1:8790{media.MEDIA_PATH}".encode()

#: Members that choose the form of a result.
CHOICES = ("output_format", "format", "encoding", "container", "stream")

#: What a text in base64 can be, by its first bytes.
SIGNATURES = {b"\xff\xd8\xff": "jpg", b"\x89PNG": "png", b"RIFF": "wav", b"ID3": "mp3"}


@cache
def load(path: Path) -> Contract:
    return Contract.load(path)


def inputs(contract: Contract) -> Iterator[dict[str, Any]]:
    """Inputs that no example has, with each form of a result that the schema lists."""
    base = dict(contract.examples[0].input) if contract.examples else {}
    yield base | {"made-up": 1}
    schema = contract.input_schema
    for branch in (schema, *schema.get("oneOf", ())):
        for name, rules in branch.get("properties", {}).items():
            if name in CHOICES:
                for value in rules.get("enum", [True] if name == "stream" else []):
                    yield base | {name: value, "made-up": 1}


def bodies(contract: Contract) -> Iterator[tuple[str, bytes]]:
    """The content type and the body of the reply to each input."""
    replies = Replies(contract)
    for value in inputs(contract):
        raw = replies.raw(value) if replies.has_raw else None
        yield raw or ("application/json", replies.body(value, ORIGIN))


def result_of(contract: Contract, body: bytes) -> Any:
    """The part of a reply that fits the output schema."""
    is_valid = validator_for(contract.output_schema).is_valid
    return next(part for part in readings(json.loads(body)) if is_valid(part))


def files(contract: Contract) -> Iterator[tuple[str, bytes]]:
    """Kind and bytes of every medium that the replies hold or refer to."""
    for content_type, body in bodies(contract):
        if content_type == EVENT_STREAM:
            continue
        if content_type != "application/json":
            yield kind_of_type(content_type) or content_type, body
            continue
        for text in texts(result_of(contract, body)):
            yield from medium(text)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from texts(part)
    elif isinstance(value, str):
        yield value


def medium(text: str) -> Iterator[tuple[str, bytes]]:
    if text.startswith(ORIGIN.decode()):
        path = text.removeprefix("http://127.0.0.1:8790")
        reply = media.respond("GET", path, ())
        assert reply.status == 200
        yield splitext(path)[1][1:], reply.body
    elif len(text) > 200:
        raw = base64.b64decode(text, validate=True)
        yield next(kind for start, kind in SIGNATURES.items() if raw.startswith(start)), raw


@pytest.mark.parametrize("path", CATALOG, ids=lambda path: path.stem)
def test_each_reply_fits_the_output_schema_of_its_entry(path: Path) -> None:
    contract = load(path)
    kinds = set(shape_of(contract).binary)
    for content_type, body in bodies(contract):
        if content_type == EVENT_STREAM:
            assert defect(body.decode()) == ""
        elif content_type == "application/json":
            result_of(contract, body)
        else:
            families = {kind.partition("/")[0] for kind in kinds}
            assert content_type.partition("/")[0] in families
            assert body


def test_the_media_of_all_replies_are_files_of_their_kind_that_decode(tmp_path: Path) -> None:
    ffmpeg = needed("ffmpeg")
    found = {file for path in CATALOG for file in files(load(path))}
    kinds = {kind for kind, _ in found}
    assert {"mp4", "png", "jpg", "webp", "mp3", "wav", "flac"} <= kinds <= KINDS.keys()
    for number, (kind, body) in enumerate(found):
        file = tmp_path / f"{number}.{kind}"
        file.write_bytes(body)
        command = [ffmpeg, "-v", "error", "-xerror", "-i", str(file), "-f", "null", "-"]
        done = subprocess.run(command, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b""), kind
