"""The tool of `aleph-contract mcp` that verifies a client, in a process of its own.

In the server's process the output of a client would mix with the protocol on standard output.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from aleph_contract.core.escaping import truncate
from aleph_contract.core.private_folder import PrivateFolder
from aleph_contract.errors import ArgumentError, CouldNotRun

#: Causes in one answer; the counts tell of the others.
MAX_CAUSES = 6

#: Characters of one text of a cause.
MAX_TEXT = 300

#: Seconds that a verification may take, and that it has to end and write its report after SIGTERM.
MAX_SECONDS = 900
GRACE = 10


@dataclass(frozen=True, slots=True)
class VerifyTools:
    """The tool that runs a client.

    Args:
        contract_files: The values of `--contract` of the server.
    """

    contract_files: tuple[str, ...]

    @property
    def tools(self) -> tuple[Callable[..., Any], ...]:
        """The tools, in the order that an agent sees."""
        return (self.verify_client,)

    async def verify_client(  # noqa: PLR0917 - the library passes them by name
        self,
        command: list[str],
        adapter: Literal["per-case", "stdio", "python"] = "per-case",
        folder: str = ".",
        run: list[str] | None = None,
        model: str | None = None,
        max_examples: int = 50,
        max_seconds: int = 300,
    ) -> dict[str, Any]:
        """Run every certified case through a client, judge it, and return verdict and causes.

        Args:
            command: The client: a command with its arguments, or with adapter "python" one
                MODULE:CALLABLE.
            adapter: How the client takes cases: started once per case, one long-lived process
                that reads JSON lines ("stdio"), or a Python callable.
            folder: Folder to run it in.
            run: Only these cases or phases, as names or globs, such as "boundary/seed/*".
            model: Id of the model, if the server knows several.
            max_examples: Random inputs per property; 0 is fastest.
            max_seconds: Time limit; the cases judged until then are in the answer.
        """
        _check(folder, max_seconds)
        with PrivateFolder() as kept:
            report = f"{kept.path}/report.json"
            options = {"--run": run or (), "--contract": map(_absolute, self.contract_files)}
            words = [word for name, values in options.items() for v in values for word in (name, v)]
            words += ["--model", model] if model else []
            words += ["--max-examples", str(max_examples), "--report", f"json:{report}"]
            words += _adapter(adapter, command)
            errors = await _verified(words, folder, max_seconds)
            return _read(report, errors)


def _check(folder: str, max_seconds: int) -> None:
    if not 0 < max_seconds <= MAX_SECONDS:
        raise ArgumentError(f"max_seconds is a number from 1 to {MAX_SECONDS}, not {max_seconds}")
    if not Path(folder).is_dir():
        raise ArgumentError(f"there is no folder {folder!r}")


def _read(report: str, errors: str) -> dict[str, Any]:
    try:
        raw = Path(report).read_bytes()
    except FileNotFoundError:
        raise CouldNotRun(f"there is no verdict: {truncate(errors, MAX_TEXT)}") from None
    return summary(json.loads(raw))


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """The part of a JSON report that an agent needs: verdict, counts, causes with an example."""
    cases = {case["name"]: case for case in report["cases"]}
    causes = report["causes"]
    return {
        "verdict": report["verdict"]["word"],
        "sentence": truncate(report["verdict"]["sentence"], MAX_TEXT),
        "interrupted": report["interrupted"],
        "trouble": [truncate(text, MAX_TEXT) for text in report["trouble"][:MAX_CAUSES]],
        "cases": report["summary"],
        "causes": [_cause(cause, cases[cause["example"]]) for cause in causes[:MAX_CAUSES]],
        "more_causes": max(0, len(causes) - MAX_CAUSES),
    }


def _cause(cause: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    intended = json.dumps(example["intended"], ensure_ascii=False)
    return {
        "rule": cause["rule"],
        "level": cause["level"],
        "message": truncate(cause["message"], MAX_TEXT),
        "cases": len(cause["cases"]),
        "example": cause["example"],
        "intended": truncate(intended, MAX_TEXT),
        "again": truncate(example["reproduce"] or "", MAX_TEXT),
    }


def _adapter(adapter: str, command: list[str]) -> list[str]:
    if not command:
        raise ArgumentError("command is empty; it names the client")
    if adapter != "python":
        return [f"--{adapter}", "--", *command]
    if len(command) != 1:
        raise ArgumentError("with adapter python, command is one MODULE:CALLABLE")
    return ["--python", command[0]]


def _absolute(path: str) -> str:
    """A path that means the same in another folder."""
    return str(Path(path).absolute())


async def _verified(words: list[str], folder: str, max_seconds: int) -> str:
    """Run `aleph-contract verify client` and return its standard error, without its report."""
    process = subprocess.Popen(  # noqa: ASYNC220 - starting takes milliseconds
        [sys.executable, "-m", "aleph_contract", "verify", "client", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        return await asyncio.to_thread(_ended, process, max_seconds)
    except asyncio.CancelledError:
        process.terminate()  # the thread ends with it
        raise


def _ended(process: subprocess.Popen[bytes], max_seconds: float) -> str:
    """Wait until a process ends, or end it: a verification writes its report after SIGTERM."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return _errors(process, max_seconds)
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        return _errors(process, GRACE)
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):  # a busy machine, or a client that stays
        return _errors(process, GRACE)
    return ""


def _errors(process: subprocess.Popen[bytes], seconds: float) -> str:
    return process.communicate(timeout=seconds)[1].decode("utf-8", "replace").strip()
