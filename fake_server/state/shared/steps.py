"""The steps of scenarios in PostgreSQL: a row for each, so that a long scenario costs no more."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from fake_server.replies.faults import FAULTS
from fake_server.replies.own_reply import own_reply
from fake_server.state.scenarios import ScenarioStep

_NEXT = """
SELECT s.* FROM unnest($1::text[], $2::bigint[]) AS u (account, n)
CROSS JOIN LATERAL (
    SELECT * FROM step WHERE account = u.account ORDER BY position LIMIT u.n
) s ORDER BY s.account, s.position"""

_DELETE = """
DELETE FROM step s USING unnest($1::text[], $2::integer[]) AS u (account, position)
WHERE s.account = u.account AND s.position = u.position"""

_COUNT_DOWN = """
UPDATE step s SET times = u.times
FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS u (account, position, times)
WHERE s.account = u.account AND s.position = u.position"""

_INSERT = """
INSERT INTO step (account, position, fault, times, retry_after, delay)
VALUES ($1, $2, $3, $4, $5, $6)"""


class NextSteps:
    """The next steps of locked accounts, enough for the runs of one transaction.

    Args:
        rows: The rows of `step`, in order.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._left: dict[str, deque[tuple[int, ScenarioStep]]] = {}
        for row in rows:
            self._left.setdefault(row["account"], deque()).append((row["position"], _step(row)))
        self._taken: list[tuple[str, int]] = []
        self._counted: dict[tuple[str, int], int] = {}

    def take(self, account: str) -> ScenarioStep | None:
        """Take the next step of an account; `None` if none is left."""
        left = self._left.get(account)
        if not left:
            return None
        position, step = left[0]
        if step.times is None:
            return step
        used = self._counted.get((account, position), 0) + 1
        self._counted[account, position] = used
        if used >= step.times:
            left.popleft()
            self._taken.append((account, position))
        return step

    async def write(self, connection: Any) -> None:
        """Write what was taken."""
        if self._taken:
            await connection.execute(_DELETE, *map(list, zip(*self._taken, strict=True)))
        left = [
            (account, steps[0][0], steps[0][1].times - self._counted[account, steps[0][0]])
            for account, steps in self._left.items()
            if steps and steps[0][1].times and (account, steps[0][0]) in self._counted
        ]
        if left:
            await connection.execute(_COUNT_DOWN, *map(list, zip(*left, strict=True)))


async def next_steps(connection: Any, accounts: Sequence[str]) -> NextSteps:
    """Read the next steps of locked accounts, as many as an account is named."""
    if not accounts:
        return NextSteps(())
    wanted = Counter(accounts)
    return NextSteps(await connection.fetch(_NEXT, list(wanted), list(wanted.values())))


async def all_steps(connection: Any, account: str) -> tuple[ScenarioStep, ...]:
    """The steps that are left of an account."""
    sql = "SELECT * FROM step WHERE account = $1 ORDER BY position"
    return tuple(map(_step, await connection.fetch(sql, account)))


async def set_steps(connection: Any, account: str, steps: Sequence[ScenarioStep]) -> None:
    """Replace the steps of an account."""
    rows = [
        (
            account,
            position,
            _fault_text(step),
            step.times,
            step.retry_after,
            step.delay,
        )
        for position, step in enumerate(steps)
    ]
    async with connection.transaction():
        await connection.execute("SELECT 1 FROM account WHERE id = $1 FOR UPDATE", account)
        await connection.execute("DELETE FROM step WHERE account = $1", account)
        await connection.executemany(_INSERT, rows)


def _fault_text(step: ScenarioStep) -> str | None:
    """The column `fault` of a step: the name of its fault, or its own reply as a JSON object."""
    if step.reply is not None:
        return orjson.dumps(step.reply.document()).decode()
    return None if step.fault is None else step.fault.name


def _step(row: Mapping[str, Any]) -> ScenarioStep:
    """The step of a row; a fault that this version does not know is a normal response."""
    text = row["fault"] or ""
    if text.startswith("{"):
        reply = own_reply(orjson.loads(text), "a stored step")
        return ScenarioStep(reply.fault(), row["times"], row["retry_after"], row["delay"], reply)
    return ScenarioStep(FAULTS.get(text), row["times"], row["retry_after"], row["delay"])
