"""The environment variables of a client under test, and the interceptor that some of them name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aleph_contract.core.results import CaseResult
from aleph_contract.drivers.clock_watch import ClockWatch
from aleph_contract.drivers.faster_clock import FasterClock
from aleph_contract.drivers.processes import without_proxy
from aleph_contract.errors import CouldNotRun
from aleph_contract.verify.fakes import Fake
from fake_server.server import Server

if TYPE_CHECKING:
    from fake_server.intercept.tally import Tally

_NO_CALL = (
    "the command made no call to the fake; does it read CLOUDFLARE_BASE_URL? To test a command "
    "with https://api.cloudflare.com written into it, add --intercept"
)


@dataclass(frozen=True, slots=True)
class ClientEnvironment:
    """What leads a client to the fake.

    Args:
        variables: Environment variables to add, without those of an account.
        tally: The connections that an interceptor saw; `None` without interception.
        clock_note: What a reader must know about a faster clock.
        watch: Looks at the processes that call the fake; `None` on the clock of the machine.
    """

    variables: Mapping[str, str]
    tally: Tally | None = None
    clock_note: str = ""
    watch: ClockWatch | None = None

    @property
    def no_call(self) -> str:
        """Why a command made no call."""
        return _NO_CALL if self.tally is None else self.tally.no_call()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader of a report must know about the clock and about other hosts."""
        others = () if self.tally is None else self.tally.notes()
        return (*filter(None, (self.clock_note,)), *others)

    def check_clock(self) -> None:
        """Check that the processes that called the fake run on the faster clock.

        Raises:
            CouldNotRun: One does not.
        """
        if self.watch is not None:
            self.watch.check()

    def check_reached(self, results: Iterable[CaseResult]) -> None:
        """Check that the client's calls reach the interceptor.

        Raises:
            CouldNotRun: No call did, although the client tried; where they went, this machine
                decided, so the client cannot be judged by them.
        """
        if self.tally is None or self.tally.used:
            return
        if self.tally.opened or self.tally.rejected or any(map(_called_elsewhere, results)):
            raise CouldNotRun(self.tally.no_call())


@contextmanager
def client_environment(
    server: Fake,
    faster: FasterClock,
    *,
    intercept: bool = False,
    allow_hosts: Iterable[str] = (),
) -> Iterator[ClientEnvironment]:
    """The environment of a client that calls `server`, within a `with` block.

    Args:
        server: The fake.
        faster: The clock of the client.
        intercept: Whether calls to https://api.cloudflare.com reach the fake.
        allow_hosts: Other hosts that an interceptor lets through.

    Raises:
        ArgumentError: See `intercepting`.
    """
    variables = {**without_proxy(server.host), **faster.environment}
    addresses = [server.binding_address]
    if not intercept or not isinstance(server, Server):
        with _watching(faster, addresses) as watch:
            yield ClientEnvironment(variables, None, faster.note, watch)
        return
    from fake_server.intercept import intercepting  # needs an optional package

    with intercepting(server, allow_hosts) as interception:
        variables |= interception.environment
        addresses.append(variables["HTTPS_PROXY"])
        with _watching(faster, addresses) as watch:
            yield ClientEnvironment(variables, interception.tally, faster.note, watch)


@contextmanager
def _watching(faster: FasterClock, addresses: Iterable[str]) -> Iterator[ClockWatch | None]:
    if not faster.clock.faster:
        yield None
        return
    watch = ClockWatch([_port(address) for address in addresses], faster.library)
    try:
        yield watch
    except CouldNotRun:
        watch.check()  # a process that is not on the clock is the cause
        raise
    finally:
        watch.close()


def _port(address: str) -> int:
    """The port at the end of an address or a URL without a path."""
    return int(address.rstrip("/").rpartition(":")[2])


def _called_elsewhere(result: CaseResult) -> bool:
    """Whether the client reports a call, or a failed one, that the fake has not seen."""
    outcome = result.outcome
    if result.exchanges or outcome is None:
        return False
    return outcome.kind == "result" or (
        outcome.error is not None and outcome.error.stage in ("api", "transport")
    )
