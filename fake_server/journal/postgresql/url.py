"""The URL of a database: mistakes that the driver reports badly, and the URL for messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

from aleph_contract.errors import ArgumentError
from fake_server.port import MAX_PORT

#: Parameters that name a file.
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile")


def check_url(url: str) -> None:
    """Check the parts of a URL.

    Raises:
        ArgumentError: A part is wrong; the message gives the reason.
    """
    for problem in _problems(url):
        raise ArgumentError(f"the URL is wrong: {problem}")


def _problems(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        yield str(error)
        return
    if "//" not in url:
        yield "it begins with postgresql://"
    user, _, hosts = parts.netloc.rpartition("@")
    if "@" in user:
        yield "write an @ in the password as %40"
    query = parse_qs(parts.query)
    ports = [_port_of(host) for host in hosts.split(",")]
    ports += [port for given in query.get("port", ()) for port in given.split(",")]
    for port in ports:
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) <= MAX_PORT):
            yield f"a port is a number from 1 to {MAX_PORT}, not {port!r}"
    for name in _FILES:
        for file in query.get(name, ()):
            if not Path(file).is_file():
                yield f"{name} names the file {file}, which does not exist"


def _port_of(host: str) -> str:
    """The port in `HOST:PORT`, `[ADDRESS]:PORT` or `HOST`; empty if there is none."""
    return host.rpartition("]")[2].partition(":")[2]


def without_password(url: str) -> str:
    """A URL without its password, for messages."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "postgresql://…"
    user, at, host = parts.netloc.rpartition("@")
    query = "&".join(
        item for item in parts.query.split("&") if not item.lower().startswith("password=")
    )
    netloc = user.partition(":")[0] + at + host
    return urlunsplit((parts.scheme, netloc, parts.path, query, ""))
