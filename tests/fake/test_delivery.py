"""Deliveries without a server: the messages sent, the record, and their order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fake_server.http.delivery import MAX_DRIPS, Connection, deliver
from fake_server.replies.faults import Delivery
from fake_server.runs.decision import UNNAMED, Answer, Run

ANSWER = Answer.of(
    200, ((b"content-type", b"application/json"),), b'{"state":"Completed"}', "completed"
)


def delivered(
    delivery: Delivery, answer: Answer = ANSWER, *, seconds: float = 0.0, leaves: bool = False
) -> list[Any]:
    """Messages and records, in order."""
    happened: list[Any] = []

    async def receive() -> dict[str, str]:
        if not leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        happened.append(message)

    run = Run(answer, UNNAMED, delivery, seconds, lambda *sent: happened.append(sent))
    asyncio.run(deliver(Connection(receive, send), run))
    return happened


def test_an_answer_is_recorded_before_it_is_sent() -> None:
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


@pytest.mark.parametrize("length", [0, 1, MAX_DRIPS, MAX_DRIPS + 1, 10 * MAX_DRIPS + 7])
def test_a_drip_sends_the_whole_body_in_few_pieces(length: int) -> None:
    happened = delivered("drip", Answer.of(200, (), b"x" * length, "completed"))
    pieces = [m["body"] for m in happened if isinstance(m, dict) and "body" in m]
    assert b"".join(pieces) == b"x" * length
    assert len(pieces) <= MAX_DRIPS


@pytest.mark.parametrize(
    ("delivery", "status"), [("slow", None), ("hang", None), ("drip", 200), ("whole", None)]
)
def test_when_the_client_disconnects_the_record_holds_the_part_sent(
    delivery: Delivery, status: int | None
) -> None:
    happened = delivered(delivery, seconds=60, leaves=True)
    got, _, body, outcome = happened[-1]
    assert (got, outcome) == (status, "cut")
    assert ANSWER.body.startswith(body)


@pytest.mark.parametrize("delivery", ["reset", "reset-early", "drop", "truncated"])
def test_without_a_transport_a_fault_that_closes_the_connection_raises(delivery: Delivery) -> None:
    with pytest.raises(ConnectionResetError):
        delivered(delivery)
