"""Exceptions that say that a callable could not run here, which says nothing about the client."""

from __future__ import annotations

from typing import NamedTuple

#: Errors of the program itself: a missing module, a misspelled name.
_PROGRAM_ERRORS = (ImportError, NameError, SyntaxError)

_MAIN_THREAD = "--jobs 1 makes each call in the main thread"
_TRIO = (
    "an async callable runs under asyncio; for another async library, write a sync callable that "
    "starts it, such as `def run(input, **account): return trio.run(edit, input, account)`"
)


class _Sign(NamedTuple):
    """An exception that means a wrong surrounding: its class name, a part of its text, the fix."""

    name: str
    text: str
    fix: str


_SIGNS = (
    _Sign("ValueError", "signal only works in main thread", _MAIN_THREAD),
    _Sign("RuntimeError", "no current event loop in thread", _MAIN_THREAD),
    _Sign("ProgrammingError", "can only be used in that same thread", _MAIN_THREAD),
    _Sign("RuntimeError", "must be called from async context", _TRIO),  # trio
    _Sign("AsyncLibraryNotFoundError", "", _TRIO),  # sniffio
    _Sign("NoEventLoopError", "", _TRIO),  # anyio
    _Sign("NoCurrentAsyncBackend", "", _TRIO),  # anyio 4.12
)


def why_unrunnable(error: BaseException) -> str:
    """Why the callable could not run, and the fix; empty for an error that is the client's report.

    The whole chain of causes is searched: SDKs wrap the first exception in one of their own.
    """
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, _PROGRAM_ERRORS):
            return f"it raised {type(cause).__name__}: {cause}"
        for sign in _SIGNS:
            if type(cause).__name__ == sign.name and sign.text in str(cause):
                return f"it raised {type(cause).__name__}: {cause}; {sign.fix}"
        cause = cause.__cause__ or cause.__context__
    return ""
