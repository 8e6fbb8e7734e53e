"""An error of the program or of its surrounding is no report of the client."""

from __future__ import annotations

import pytest
from driver_calls import calls, drive

from aleph_contract.drivers.python import PythonDriver
from aleph_contract.drivers.unrunnable import why_unrunnable


class AsyncLibraryNotFoundError(RuntimeError):
    """As sniffio names it."""


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (ModuleNotFoundError("No module named 'nosuch'"), "No module named 'nosuch'"),
        (NameError("name 'x' is not defined"), "name 'x' is not defined"),
        (RuntimeError("must be called from async context"), "trio.run"),
        (AsyncLibraryNotFoundError("unknown async library"), "asyncio"),
        (ValueError("signal only works in main thread of the main interpreter"), "--jobs 1"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_reason_names_the_error_and_the_fix(error: Exception, part: str) -> None:
    assert part in why_unrunnable(error)


@pytest.mark.parametrize("error", [ValueError("no video"), RuntimeError("402"), OSError("refused")])
def test_an_error_that_the_client_reports_is_none(error: Exception) -> None:
    assert why_unrunnable(error) == ""


def test_a_wrapped_error_is_found() -> None:
    wrapper = RuntimeError("request failed")
    wrapper.__cause__ = ImportError("no codec")
    assert "no codec" in why_unrunnable(wrapper)


def test_a_missing_module_is_not_a_refusal() -> None:
    def client(_: object, **__: str) -> None:
        import nosuch  # type: ignore[import-not-found] # noqa: F401

    [outcome] = drive(PythonDriver(client), calls({}))
    assert outcome.kind == "could-not-run"
    assert "nosuch" in outcome.reason
    assert "ModuleNotFoundError" in outcome.stderr
