"""The report of a client for one case: the frozen record that the drivers and the judge share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

#: Stage at which a call failed, by the client's report: before sending, in the service's error
#: reply, in the connection.
Stage = Literal["client", "api", "transport"]


@dataclass(frozen=True, slots=True)
class ReportedError:
    """An error as the client reported it; an unknown part is `None`."""

    message: str
    stage: Stage | None = None
    status: int | None = None
    code: int | str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The report of a client for one case.

    Args:
        kind: `result` (it reported a result), `error` (it reported an error), `skipped` (it says
            it cannot do this case), `stuck` (no report before the deadline; killed), `crashed`
            (it ended without a report) or `could-not-run` (its program does not run here, or its
            report cannot be read; nothing is known about the client).
        result: The reported result, unchanged; only with the kind `result`. A driver sets it to the
            whole report; the session replaces that by the part that is the model's result.
        error: The reported error; only with `error`.
        reason: Why the client skipped the case, got stuck, crashed or could not run.
        stderr: Standard error of the client during the case; with several cases in flight it may
            belong to another one.
        elapsed: Seconds from the start of the case until the report.
        exposed: Places beside the report in which the driver saw the token, such as `the arguments
            of curl`.
    """

    kind: Literal["result", "error", "skipped", "stuck", "crashed", "could-not-run"]
    result: Any = None
    error: ReportedError | None = None
    reason: str = ""
    stderr: str = ""
    stdout: str = ""
    elapsed: float = field(default=0.0, compare=False)
    exposed: tuple[str, ...] = field(default=(), compare=False)
