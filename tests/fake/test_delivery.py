"""Deliveries without a server: what is sent, what is recorded, and in which order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fake_server.http.delivery import DRIPS, Connection, deliver
from fake_server.replies.faults import Delivery
from fake_server.runs.request import Answer

ANSWER = Answer.of(
    200, ((b"content-type", b"application/json"),), b'{"state":"Completed"}', "completed"
)


def delivered(
    delivery: Delivery, answer: Answer = ANSWER, *, seconds: float = 0.0, leaves: bool = False
) -> list[Any]:
    """What happens, in order: messages that were sent, and what was recorded."""
    happened: list[Any] = []

    async def receive() -> dict[str, str]:
        if not leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        happened.append(message)

    async def record(*what: Any) -> None:
        happened.append(what)

    asyncio.run(deliver(Connection(receive, send, record), answer, delivery, seconds))
    return happened


def test_an_answer_is_recorded_before_it_leaves() -> None:
    record, start, body = delivered("whole")
    assert record == (200, ANSWER.headers, ANSWER.body, "completed")
    assert start["status"] == 200
    assert (b"content-length", b"21") in start["headers"]
    assert body == {"type": "http.response.body", "body": ANSWER.body, "more_body": False}


def test_a_drip_is_recorded_before_its_last_piece() -> None:
    happened = delivered("drip")
    assert happened[-2] == (200, ANSWER.headers, ANSWER.body, "completed")
    pieces = [m["body"] for m in happened if isinstance(m, dict) and "body" in m]
    assert b"".join(pieces) == ANSWER.body
    assert all(len(piece) == 1 for piece in pieces)


@pytest.mark.parametrize("length", [0, 1, DRIPS, DRIPS + 1, 10 * DRIPS + 7])
def test_a_drip_of_any_length_comes_whole_in_few_pieces(length: int) -> None:
    happened = delivered("drip", Answer.of(200, (), b"x" * length, "completed"))
    pieces = [m["body"] for m in happened if isinstance(m, dict) and "body" in m]
    assert b"".join(pieces) == b"x" * length
    assert len(pieces) <= DRIPS


@pytest.mark.parametrize(
    ("delivery", "status"), [("slow", None), ("hang", None), ("drip", 200), ("whole", None)]
)
def test_a_client_that_leaves_is_recorded_with_what_it_got(
    delivery: Delivery, status: int | None
) -> None:
    happened = delivered(delivery, seconds=60, leaves=True)
    got, _, body, outcome = happened[-1]
    assert (got, outcome) == (status, "cut")
    assert ANSWER.body.startswith(body)


@pytest.mark.parametrize("delivery", ["reset", "reset-early", "drop", "truncated"])
def test_where_no_connection_can_be_cut_it_is_an_error(delivery: Delivery) -> None:
    with pytest.raises(ConnectionResetError):
        delivered(delivery)
