"""What an interceptor did with the connections of a command, and the sentences about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from aleph_contract.core.escaping import join_first, one_line, pluralise
from fake_server.intercept.targets import HOST
from fake_server.intercept.variables import names

#: Different hosts that are counted by name.
MAX_HOSTS = 200

#: Hosts that a sentence names.
_NAMED = 10

_OTHERS = "other hosts"


@dataclass(slots=True)
class Tally:
    """Counts of connections.

    Args:
        opened: TLS connections to the fake.
        unused: Those of them that the client closed before it sent a request.
        rejected: TLS handshakes that the client broke off.
        reason: The reason that it gave for the last of them, such as a TLS alert.
        refused: Connections to other hosts that were refused, by host.
        passed_on: Connections to allowed hosts, by host.
    """

    opened: int = 0
    unused: int = 0
    rejected: int = 0
    reason: str = ""
    refused: Counter[str] = field(default_factory=Counter)
    passed_on: Counter[str] = field(default_factory=Counter)

    @property
    def used(self) -> int:
        """TLS connections on which the client sent a request, or may still send one."""
        return self.opened - self.unused

    def reject(self, reason: str) -> None:
        """Count a TLS handshake that the client broke off."""
        self.rejected += 1
        self.reason = reason

    def refuse(self, target: str) -> None:
        """Count a refused connection."""
        _count(self.refused, target)

    def pass_on(self, target: str) -> None:
        """Count a connection to an allowed host."""
        _count(self.passed_on, target)

    def notes(self) -> Iterator[str]:
        """What the reader of a report must know."""
        if self.refused:
            yield (
                f"refused connections to other hosts: {_named(self.refused)}; --allow-host HOST "
                "lets one through"
            )
        if self.passed_on:
            yield f"connections to allowed hosts, passed on unread: {_named(self.passed_on)}"
        if self.rejected:
            yield f"{self._rejected()}; {_HELP}"

    def no_call(self) -> str:
        """Why no call reached the fake."""
        if self.rejected:
            return f"no call reached the fake: {self._rejected()}; {_HELP}"
        if self.unused:
            closed = pluralise(self.unused, "TLS connection")
            return (
                f"no call reached the fake: the client closed {closed} to {HOST} before it sent a "
                f"request, as clients do that do not trust the certificate; {_HELP}"
            )
        return (
            f"no connection to {HOST} reached the interceptor: the command made no call, or its "
            f"HTTP client reads none of the variables that name the proxy: {names('proxy')}"
        )

    def _rejected(self) -> str:
        times = pluralise(self.rejected, "TLS handshake")
        return f"the client refused the certificate for {HOST} in {times} ({self.reason})"


_HELP = (
    "it pins certificates, or reads none of the variables that name the CA of this run: "
    f"{names('CA')}"
)


def _count(counter: Counter[str], name: str) -> None:
    counter[name if name in counter or len(counter) < MAX_HOSTS else _OTHERS] += 1


def _named(counter: Counter[str]) -> str:
    return join_first((f"{one_line(host)} ({n})" for host, n in counter.most_common()), _NAMED)
