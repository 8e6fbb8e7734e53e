"""The target of a CONNECT request, and the hosts that the user allows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from aleph_contract.errors import ArgumentError
from fake_server.port import MAX_PORT

#: The host whose connections are opened and answered by the fake, and its port.
HOST = "api.cloudflare.com"
PORT = 443

_CONNECT = re.compile(rb"CONNECT (?:\[([0-9a-fA-F:.]+)\]|([^\s:/\[\]]{1,255})):([0-9]{1,5}) ")
_TARGET = re.compile(rb"[A-Za-z]+ (\S+)")
_PATTERN = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^\s:/\[\]]+))(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Target:
    """Host, in lower case and without a final dot, and port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def intercepted(self) -> bool:
        """Whether the fake answers in place of this host."""
        return self == Target(HOST, PORT)


def read_target(head: bytes) -> Target | None:
    """The target of a CONNECT request; `None` for another method or a malformed request line."""
    found = _CONNECT.match(head)
    if found is None:
        return None
    host = (found[1] or found[2]).decode("ascii", "backslashreplace")
    return Target(host.lower().rstrip("."), int(found[3]))


def describe(head: bytes) -> str:
    """The URL, without path and query, that a request other than CONNECT asks the proxy for."""
    found = _TARGET.match(head)
    url = found[1].decode("ascii", "backslashreplace") if found else ""
    try:
        scheme, host = urlsplit(url).scheme, urlsplit(url).hostname
    except ValueError:  # such as http://[
        return "no host"
    return f"{scheme}://{host}" if scheme and host else "no host"


class AllowedHosts:
    """The hosts of `--allow-host`: `HOST` for port 443 or `HOST:PORT`, each host with * and ?.

    Raises:
        ArgumentError: A name is not of that form, or is the host that the fake answers for.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._patterns = tuple(map(_pattern, names))

    def __contains__(self, target: Target) -> bool:
        if target.host == HOST:
            return False
        return any(
            target.port == port and fnmatchcase(target.host, pattern)
            for pattern, port in self._patterns
        )


def _pattern(name: str) -> tuple[str, int]:
    found = _PATTERN.fullmatch(name)
    if found is None or not 0 < int(found[3] or PORT) <= MAX_PORT:
        raise ArgumentError(f"--allow-host takes HOST or HOST:PORT, not {name!r}")
    host = (found[1] or found[2]).lower().rstrip(".")
    if host == HOST:
        raise ArgumentError(
            f"--allow-host {name}: the fake answers for {HOST}; without --intercept, clients reach"
            " the real service"
        )
    return host, int(found[3] or PORT)
