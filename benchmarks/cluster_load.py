"""The load of `cluster.py`: Locust users that make valid, refused and failing runs."""

from __future__ import annotations

import os
import random

from locust import FastHttpUser, constant, task

MODEL = "runwayml/aleph-2"
ACCOUNTS = [f"{number:032x}" for number in range(1, int(os.environ["ALEPH_LOAD_ACCOUNTS"]) + 1)]


class Caller(FastHttpUser):  # type: ignore[misc]
    """Calls one of the accounts without a pause; a tenth of the runs plays a fault."""

    wait_time = constant(0)

    @task(9)
    def run_edit(self) -> None:
        """Make a run that completes."""
        self._call("any-token", 200)

    @task(1)
    def meet_a_fault(self) -> None:
        """Make a run that the service answers with 429."""
        self._call("fault-rate-limited", 429)

    def _call(self, token: str, expected: int) -> None:
        number = random.randrange(10**9)  # noqa: S311 - not for secrets
        value = {
            "prompt": f"Edit {number}",
            "video_uri": "https://example.com/a.mp4",
            "duration": 5,
        }
        account = random.choice(ACCOUNTS)  # noqa: S311 - not for secrets
        with self.client.post(
            f"/client/v4/accounts/{account}/ai/run",
            json={"model": MODEL, "input": value},
            headers={"Authorization": f"Bearer {token}"},
            name="run",
            catch_response=True,
        ) as response:
            if response.status_code == expected:
                response.success()
            else:
                response.failure(f"status {response.status_code}, not {expected}")
