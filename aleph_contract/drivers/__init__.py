"""What gets a client to make one call: one interface over callables, commands and processes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from aleph_contract.core.exchange import Outcome
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.core.results import Client

if TYPE_CHECKING:
    from typing_extensions import Self  # in `typing` from 3.11 on

#: What stands in messages where a client printed its token.
REDACTED = "<token>"

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One case as it is handed to a client: an input, and where and as whom to send it.

    The case id is opaque and the expected outcome is not in here, so that no client can answer to
    the test instead of doing its work.

    Args:
        case: Opaque id, unique in a run.
        input: The input, a JSON value.
        text: The exact JSON text of the input where its spelling is the point, else `None`.
        base_url: Root of the API, including `/client/v4`.
        account_id: Account to send it for; no other case uses it.
        api_token: That account's token. Never shown.
        timeout: Seconds until the case counts as stuck.
    """

    case: str
    input: Any
    text: str | None
    base_url: str
    account_id: str
    api_token: str = field(repr=False)
    timeout: float

    @property
    def json(self) -> str:
        """The input as one JSON text that UTF-8 can carry: lone surrogates are escaped."""
        text = dumps(self.input) if self.text is None else self.text
        return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


#: Asks for a call again: same input, an unused account. What was in flight beside a case that
#: took the client down may have been sent already, so it cannot be repeated on its old account.
Renew = Callable[[Call], Call]


def unchanged(call: Call) -> Call:
    """The call itself, for callers that do not look at accounts."""
    return call


class Driver(Protocol):
    """Gets one client to make calls, and collects what it reports.

    `client` is known once `start` returned. `window` is how many calls may be in flight.
    """

    client: Client
    window: int

    def start(self) -> None:
        """Get the client ready.

        Raises:
            CouldNotRun: It will not start, or breaks the adapter protocol.
            ArgumentError: What was named cannot be a client.
        """

    def run(
        self, calls: Iterable[Call], renew: Renew = unchanged
    ) -> Iterator[tuple[Call, Outcome]]:
        """Hand over `calls`, drawn one by one as there is room, and yield each as it ends.

        Every call drawn is yielded exactly once, in any order: as it was given, or as `renew`
        returned it. A call that gets stuck or takes the client down is yielded as such and the
        rest goes on. Leaving the iteration early kills what is in flight.

        Raises:
            CouldNotRun: The client broke the adapter protocol, or will not start again.
        """

    def close(self) -> None:
        """End the client and everything it started; harmless when done twice.

        Raises:
            CouldNotRun: It broke the protocol after its last report. It is ended all the same.
        """

    def __enter__(self) -> Self:
        """Start, and end again what a failing start left behind."""
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
