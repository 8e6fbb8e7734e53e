"""Successful replies, and the video that an input gets."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from calling import CONTRACT, INPUT
from hypothesis import example, given
from hypothesis import strategies as st

from aleph_contract.contract import Contract
from aleph_contract.contract.examples import readings
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.jsonvalue import loads, same
from fake_server.media.files import media_file
from fake_server.replies.successes import Replies, digest
from fake_server.runs.json_body import parse

ORIGIN = b"http://127.0.0.1:8790/__aleph__/media/"


class TestReplies:
    """Successes: the documented ones, and those of the same shape."""

    def test_a_reply_keeps_the_documented_shape(self) -> None:
        reply = json.loads(Replies(CONTRACT).body(INPUT, ORIGIN))
        documented = CONTRACT.examples[0].reply
        assert list(reply) == list(documented)
        assert reply["state"] == "Completed"
        assert reply["gatewayMetadata"] == documented["gatewayMetadata"]
        assert reply["result"]["video"].startswith(ORIGIN.decode())

    def test_the_video_is_the_same_in_every_process(self) -> None:
        reply = json.loads(Replies(CONTRACT).body({"prompt": "p", "video_uri": "v"}, b""))
        assert reply["result"]["video"] == "9fb33d1a-4c24-8389-ae20-8b2a73e93f98.mp4"

    def test_another_contract_needs_no_code(self) -> None:
        contract = Contract.from_entry(
            {
                "model_id": "acme/sing",
                "schema_version": "1",
                "schema": {
                    "input": {"type": "object"},
                    "output": {
                        "type": "object",
                        "properties": {"audio": {"type": "string"}, "note": {"type": "string"}},
                        "required": ["audio"],
                    },
                },
            }
        )
        reply = json.loads(Replies(contract).body({}, ORIGIN))
        assert set(reply["result"]) == {"audio"}
        assert reply["result"]["audio"].startswith(ORIGIN.decode())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def digest_of(text: str) -> bytes:
    """The digest of a JSON text, read as the fake reads a request body."""
    value, plain = parse(text.encode())
    return digest(value, plain=plain)


class TestDigest:
    """The same input gives the same video, any other input another video."""

    @given(JSON, JSON)
    def test_only_equal_values_have_equal_digests(self, left: Any, right: Any) -> None:
        assert (digest(left) == digest(right)) == same(left, right)

    def test_large_texts_have_equal_digests_only_if_they_are_equal(self) -> None:
        texts = ["a" * 70_000, "a" * 69_999 + "b", "a" * 70_001, "\ud800" * 70_000]
        texts += ["a" * 200_000, "a" * 100_000 + "b" + "a" * 99_999]
        values = [[{"b": text, "a": 1}] for text in texts]
        assert len({digest(value) for value in values}) == len(texts)
        assert digest([{"a": 1, "b": texts[0]}]) == digest(values[0])

    @given(JSON)
    @example({"": [], "0": -(2**63) - 1})
    def test_the_order_of_keys_does_not_matter(self, value: Any) -> None:
        for text in (json.dumps(value), json.dumps(value, indent=1, ensure_ascii=False)):
            read, plain = parse(text.encode("utf-8", "surrogatepass"))
            assert digest(read, plain=plain) == digest(loads(text)) == digest(value)

    @pytest.mark.parametrize(
        ("one", "other"),
        [("2", "2.0"), ("2", "2e0"), ("0", "-0.0"), ("1e2", "100"), ("1e23", "1" + "0" * 23)],
    )
    def test_forms_of_one_number_have_equal_digests(self, one: str, other: str) -> None:
        digests = {digest_of(f'{{"n":{text}}}') for text in (one, other)}
        equal = same(loads(one), loads(other))
        assert len(digests) == (1 if equal else 2)

    def test_large_integers_have_different_digests(self) -> None:
        texts = [str(2**64), str(2**64 + 1), str(10**30), str(10**30 + 1)]
        assert len(set(map(digest_of, texts))) == len(texts)


FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "contracts").glob("*.json"))


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
@pytest.mark.parametrize("value", [{}, {"prompt": "p"}, {"output_format": "webp"}])
def test_each_reply_satisfies_the_output_schema(file: Path, value: Any) -> None:
    contract = Contract.load(file)
    reply = json.loads(Replies(contract).body(value, ORIGIN))
    assert any(map(validator_for(contract.output_schema).is_valid, readings(reply)))


def made(output: Any, input: Any = True, **entry: Any) -> Replies:  # noqa: A002 - the contract's word
    schemas = {"input": {"type": "object"} if input is True else input, "output": output}
    named = {"name": "@cf/acme/x", "properties": []} if entry.pop("own", False) else {}
    return Replies(
        Contract.from_entry({"schema": schemas} | entry | (named or {"model_id": "acme/x"}))
    )


def member(name: str, **rules: Any) -> Any:
    return {"type": "object", "properties": {name: {"type": "string", **rules}}, "required": [name]}


FORMATS = {"type": "object", "properties": {"output_format": {"type": "string"}}}


@pytest.mark.parametrize(
    ("output", "value", "extension"),
    [
        (member("image", format="uri"), {}, "png"),
        (member("audio"), {}, "mp3"),
        (member("image", format="uri"), {"output_format": "jpeg"}, "jpg"),
        (member("audio"), {"output_format": "wav_24000"}, "wav"),
        (member("video"), {"output_format": "webm"}, "webm"),
        (member("video"), {"output_format": "png"}, "mp4"),
        (member("mesh_url", format="uri"), {}, "glb"),
    ],
)
def test_the_extension_of_a_url_is_that_of_the_kind(
    output: Any, value: Any, extension: str
) -> None:
    reply = json.loads(made(output, FORMATS).body(value, ORIGIN))
    (url,) = reply["result"].values()
    assert url.startswith(ORIGIN.decode())
    assert url.endswith(f".{extension}")


def test_a_text_differs_from_input_to_input() -> None:
    replies = made(member("text"))
    texts = {json.loads(replies.body({"a": i}, ORIGIN))["result"]["text"] for i in range(3)}
    assert len(texts) == 3


def test_an_image_of_the_providers_own_model_is_base64() -> None:
    reply = json.loads(made(member("image"), own=True).body({}, ORIGIN))
    assert base64.b64decode(reply["image"], validate=True).startswith(b"\xff\xd8\xff")


def test_a_binary_result_is_bytes() -> None:
    binary = {"type": "string", "format": "binary", "contentType": "audio/mpeg"}
    assert made(binary, own=True).raw({}) == ("audio/mpeg", media_file("mp3").body)
    assert made(member("audio")).raw({}) is None


def test_a_chat_streams_if_its_input_says_so() -> None:
    stream = {"type": "string", "format": "binary", "contentType": "text/event-stream"}
    replies = made({"oneOf": [member("response"), stream]}, own=True)
    kind, body = replies.raw({"stream": True}) or ("", b"")
    assert kind == "text/event-stream"
    assert body.endswith(b"data: [DONE]\n\n")
    assert replies.raw({"stream": False}) is None
    assert "response" in json.loads(replies.body({}, ORIGIN))


def test_a_documented_stream_is_sent_as_its_events() -> None:
    events = [{"type": "message_start"}, {"type": "message_stop"}]
    given = {"type": "object", "properties": {"stream": {"type": "boolean"}}}
    examples = [{"name": "s", "input": {"stream": True}, "raw_response": events}]
    replies = made({"type": "object"}, given, task="Text Generation", examples=examples)
    first = b'event: message_start\ndata: {"type":"message_start"}\n\n'
    last = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    assert replies.raw({"stream": True}) == ("text/event-stream", first + last)
