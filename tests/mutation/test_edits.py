"""The edits of requests and replies: each changes one place, and no other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aleph_contract.mutation import edits
from aleph_contract.mutation.edits import FieldEdit, field_edits, input_of
from fake_server.media import EMPTY

ORIGIN = b"http://127.0.0.1:1/__aleph__/media/"
URL = "https://example.com/7449093b-e574-41a5-8308-05e4692fa652.mp4?signature=a%2Fb"
REPLY = json.dumps({"state": "Completed", "result": {"video": URL}}).encode()
GIVEN = {"prompt": "snow", "seed": 0, "keyframes": [{"uri": "a:b", "seconds": 2}, {"seconds": 2.5}]}


def body(given: Any, key: str = "input") -> bytes:
    return json.dumps({"model": "m", key: given}).encode()


@pytest.mark.parametrize(
    ("mutation", "path", "changed"),
    [
        ("member-dropped", ("seed",), {"prompt": "snow", "keyframes": GIVEN["keyframes"]}),
        ("text-cut", ("prompt",), {**GIVEN, "prompt": "sn"}),
        ("item-dropped", ("keyframes",), {**GIVEN, "keyframes": [{"uri": "a:b", "seconds": 2}]}),
        (
            "number-rounded",
            ("keyframes", None, "seconds"),
            {**GIVEN, "keyframes": [{"uri": "a:b", "seconds": 2}, {"seconds": 2}]},
        ),
        (
            "member-dropped",
            ("keyframes", None, "uri"),
            {**GIVEN, "keyframes": [{"seconds": 2}, {"seconds": 2.5}]},
        ),
    ],
)
@pytest.mark.parametrize("key", ["input", "inputs"])
def test_an_edit_changes_one_field(mutation: str, path: edits.Path, changed: Any, key: str) -> None:
    edit = FieldEdit(f"request/{mutation}", path)
    assert edit in set(field_edits(GIVEN))
    edited = edit(body(GIVEN, key))
    assert edited is not None
    assert json.loads(edited) == {"model": "m", key: changed}


def test_an_edit_of_an_absent_field_changes_nothing() -> None:
    assert FieldEdit("request/member-dropped", ("seed",))(body({"prompt": "snow"})) is None


def test_the_input_may_be_the_whole_body() -> None:
    edited = FieldEdit("request/text-cut", ("prompt",))(b'{"prompt": "snow"}')
    assert input_of(edited or b"") == {"prompt": "sn"}


def test_no_edit_leaves_the_input_equal() -> None:
    for edit in field_edits(GIVEN):
        assert edit(body(GIVEN)) not in (None, body(GIVEN)), edit


@pytest.mark.parametrize(
    ("edit", "url"),
    [
        (edits.dead_link, ORIGIN.decode() + "expired.mp4"),
        (edits.empty_file, f"{ORIGIN.decode()}{EMPTY}.mp4"),
        (edits.query_cut, URL.partition("?")[0]),
    ],
)
def test_an_edit_of_the_reply_changes_its_url(edit: Any, url: str) -> None:
    changed = json.loads(edit(REPLY, ORIGIN, None))
    assert changed == {"state": "Completed", "result": {"video": url}}


def test_another_run_has_another_url_of_the_same_kind() -> None:
    [url] = edits.urls(edits.another_run(REPLY, ORIGIN, None))
    assert url != URL
    assert url.startswith("https://example.com/")
    assert url.endswith(".mp4")


def test_a_stale_reply_is_the_one_before() -> None:
    assert edits.stale(REPLY, ORIGIN, b"before") == b"before"
    assert edits.stale(REPLY, ORIGIN, None) == REPLY
