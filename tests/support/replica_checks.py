"""Check what replicas have recorded: every answered run once, no account overdrawn, one verdict."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import cycle, islice
from typing import Any

from calling import HTTP
from replica_load import Answers, Replica

#: Credits of some accounts: fewer than their runs cost.
CREDITS = Decimal("50.4")

FAULTS = ("rate-limited", "bad-gateway", "internal-error-html", "result-null")


def control(replica: Replica, method: str, path: str, **options: Any) -> Any:
    """The document of a call of the control API."""
    answer = HTTP.request(method, f"{replica.origin}/__aleph__/{path}", **options)
    assert answer.status_code < 300, answer.text
    return answer.json()


def create_accounts(replica: Replica, count: int, faults: int = 12) -> list[tuple[str, str]]:
    """Accounts with faults for a tenth of their first runs; every second one has few credits."""
    found = []
    for number in range(count):
        options = {"credits": str(CREDITS)} if number % 2 else {}
        account = control(replica, "POST", "accounts", json=options)
        steps = [
            step
            for fault in islice(cycle(FAULTS), faults)
            for step in ({"fault": fault}, {"fault": None, "times": 9})
        ]
        control(replica, "PUT", f"accounts/{account['id']}/scenario", json=steps)
        found.append((account["id"], account["token"]))
    return found


def check(
    every: Sequence[Replica],
    accounts: Sequence[tuple[str, str]],
    answers: Answers,
    *,
    judged: int = 1,
) -> None:
    """Check that each answered run is in the journal once, and that no account is overdrawn.

    Args:
        every: The replicas.
        accounts: The accounts.
        answers: The answers.
        judged: Of how many accounts the verdicts are compared; to judge takes long.
    """
    recorded: Counter[str] = Counter()
    statuses: dict[str, int | None] = {}
    for number, (account, _) in enumerate(accounts):
        document = control(every[0], "GET", f"accounts/{account}/exchanges")
        numbers = [exchange["number"] for exchange in document["exchanges"]]
        assert numbers == list(range(1, len(numbers) + 1))
        assert document["total"] == len(numbers)
        for exchange in document["exchanges"]:
            prompt = json.loads(exchange["request_body"]["text"])["input"]["prompt"]
            recorded[prompt] += 1
            statuses[prompt] = exchange["status"]
        bill = control(every[0], "GET", f"accounts/{account}/bill")
        cost = sum(
            Decimal(exchange["cost_usd"])
            for exchange in document["exchanges"]
            if exchange["outcome"] == "completed"
        )
        assert Decimal(bill["usd"]) == cost
        assert not number % 2 or cost <= CREDITS
        if number >= judged:
            continue
        verdicts = [control(one, "GET", f"accounts/{account}/verdict") for one in every]
        assert all(verdict == verdicts[0] for verdict in verdicts)
    answered = {p: status for p, status in answers.statuses.items() if status != 503}
    assert {prompt: statuses.get(prompt) for prompt in answered} == answered
    assert max(recorded.values()) == 1
