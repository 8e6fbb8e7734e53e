"""Successful replies, and the video that an input gets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from calling import CONTRACT, INPUT
from hypothesis import example, given
from hypothesis import strategies as st

from aleph_contract.contract import Contract
from aleph_contract.core.jsonvalue import loads, same
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


class TestDigest:
    """The same input gives the same video, any other input another video."""

    @given(JSON, JSON)
    def test_only_equal_values_have_equal_digests(self, left: Any, right: Any) -> None:
        assert (digest(left) == digest(right)) == same(left, right)

    @given(JSON)
    @example({"": [], "0": -(2**63) - 1})
    def test_the_order_of_keys_does_not_matter(self, value: Any) -> None:
        for text in (json.dumps(value), json.dumps(value, indent=1, ensure_ascii=False)):
            read, floats = parse(text.encode("utf-8", "surrogatepass"))
            assert digest(read, floats) == digest(loads(text)) == digest(value)

    @pytest.mark.parametrize(
        ("one", "other"),
        [("2", "2.0"), ("2", "2e0"), ("0", "-0.0"), ("1e2", "100"), ("1e23", "1" + "0" * 23)],
    )
    def test_forms_of_one_number_have_equal_digests(self, one: str, other: str) -> None:
        digests = {digest(*parse(f'{{"n":{text}}}'.encode())) for text in (one, other)}
        equal = same(loads(one), loads(other))
        assert len(digests) == (1 if equal else 2)

    def test_large_integers_have_different_digests(self) -> None:
        texts = [str(2**64), str(2**64 + 1), str(10**30), str(10**30 + 1)]
        assert len({digest(*parse(text.encode())) for text in texts}) == len(texts)
