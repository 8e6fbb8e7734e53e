"""The fastest adapter: a Python callable in this process, sync or async."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import json
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from aleph_contract.drivers import Call, Driver, Renew, reported, unchanged
from aleph_contract.drivers.threads import in_threads
from aleph_contract.errors import ArgumentError, CouldNotRun
from aleph_contract.exchange import Outcome
from aleph_contract.results import Client


class PythonDriver(Driver):
    """Calls `target(input, base_url=…, account_id=…, api_token=…)`."""

    def __init__(self, target: str | Callable[..., Any], *, jobs: int | None = None) -> None:
        self._target = target
        self.window = jobs or 4
        self.client = Client(
            target if isinstance(target, str) else target.__name__,
            "",
            f"Python {platform.python_version()}",
        )

    def start(self) -> None:
        if not isinstance(self._target, str):
            self._call = self._target
            return
        module, _, name = self._target.rpartition(":")
        sys.path.insert(0, "")
        if module.endswith(".py"):
            spec = importlib.util.spec_from_file_location(Path(module).stem, module)
            loaded = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(loaded)
        else:
            loaded = importlib.import_module(module)
        self._call = getattr(loaded, name)

    def run(
        self, calls: Iterable[Call], renew: Renew = unchanged
    ) -> Iterator[tuple[Call, Outcome]]:
        return in_threads(self._one, calls, self.window, _stuck)

    def close(self) -> None:
        pass

    def _one(self, call: Call) -> Outcome:
        began = time.monotonic()
        try:
            value = self._call(
                json.loads(call.json),
                base_url=call.base_url,
                account_id=call.account_id,
                api_token=call.api_token,
            )
            if inspect.isawaitable(value):

                async def wait():
                    return await value

                value = asyncio.run(wait())
        except Exception as error:
            return Outcome(
                "error", error=reported.raised_error(error), elapsed=time.monotonic() - began
            )
        return Outcome(
            "result", video=reported.video(reported.plain(value)), elapsed=time.monotonic() - began
        )


def _stuck(call: Call) -> Outcome:
    return Outcome(
        "stuck", reason=f"did not return within {call.timeout:g} s", elapsed=call.timeout
    )
