"""Drivers: one interface to call a client, be it a callable, a command or a process."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from aleph_contract.core.jsonvalue import dumps
from aleph_contract.core.outcome import Outcome
from aleph_contract.core.results import Client

if TYPE_CHECKING:
    from typing_extensions import Self  # in `typing` from 3.11 on

#: Replaces the API token in messages that quote a client's output.
REDACTED = "<token>"

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One case as the client gets it: the input, the URL and the credentials.

    The case id is opaque and the expected outcome is left out, so that a client cannot recognise
    the test and give the expected answer without doing the work.

    Args:
        case: Opaque id, unique in a run.
        input: The input, a JSON value.
        text: The exact JSON text of the input if the case tests its spelling (`1e0`), else `None`.
        base_url: Root of the API, including `/client/v4`.
        account_id: Account of the call; no other case uses it.
        api_token: Token of that account. Never shown.
        timeout: Seconds until the case counts as stuck.
        speed: Seconds of the client's clock per second of the machine, for what the client is told.
    """

    case: str
    input: Any
    text: str | None
    base_url: str
    account_id: str
    api_token: str = field(repr=False)
    timeout: float
    speed: float = 1.0

    @property
    def json(self) -> str:
        """The input as JSON text; lone surrogates are escaped, so that it encodes to UTF-8."""
        text = dumps(self.input) if self.text is None else self.text
        return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


#: Returns the same call with an unused account, for a retry. When one case crashes the client, the
#: other cases in flight may already have sent their request, so they cannot reuse their account.
Renew = Callable[[Call], Call]


def unchanged(call: Call) -> Call:
    """Return the call itself; for tests that do not look at accounts."""
    return call


class Driver(Protocol):
    """Makes calls through one client and collects its reports.

    `argv` is the client's command, empty for a callable in this process. `client` is complete after
    `start`. `window` is the maximum number of calls in flight.
    """

    argv: Sequence[str] = ()
    client: Client
    window: int

    def start(self) -> None:
        """Start the client.

        Raises:
            CouldNotRun: The client does not start, or breaks the adapter protocol.
            ArgumentError: The argument does not name a client.
        """

    def run(
        self, calls: Iterable[Call], renew: Renew = unchanged
    ) -> Iterator[tuple[Call, Outcome]]:
        """Make `calls`, read one by one as the window has room, and yield each when it ends.

        Every call that was read is yielded exactly once, in any order: as it was given, or as
        `renew` returned it. A call that gets stuck or crashes the client is yielded with that
        outcome, and the run continues. Closing the iterator early kills the calls in flight.

        Raises:
            CouldNotRun: The client broke the adapter protocol, or does not start again.
        """

    def close(self) -> None:
        """End the client and every process it started; a second call does nothing.

        Raises:
            CouldNotRun: The client broke the protocol after its last report. It is ended anyway.
        """

    def __enter__(self) -> Self:
        """Start the client; if that fails, end the processes it left behind."""
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
