"""Sockets to listen on, with an error that says what to change."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

from aleph_contract.errors import ArgumentError
from fake_server.port import MAX_PORT

#: Addresses that stand for every address of this machine.
WILDCARDS = frozenset({"0.0.0.0", "::"})


def reachable_host(host: str) -> str:
    """The host to tell clients of a server that listens on `host`.

    No client can connect to a wildcard address from another machine or container: they are told
    an address of this machine, if its name resolves to one.
    """
    if host not in WILDCARDS:
        return host
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return "127.0.0.1"


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address of this machine.

    Raises:
        ArgumentError: The port is taken or out of range, or the host cannot be resolved or bound.
    """
    if not 0 <= port <= MAX_PORT:
        raise ArgumentError(f"port is a number from 0 to {MAX_PORT}, not {port}")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except socket.gaierror as error:
        raise ArgumentError(f"host {host} cannot be resolved: {error.strerror}") from None
    except UnicodeError:  # a label over 63 characters, or a byte that is not UTF-8
        raise ArgumentError(f"host {host!r} is no host name") from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        free = "; port 0 picks a free port" if port else ""
        raise ArgumentError(f"cannot listen on {host} port {port}: {reason}{free}") from None


def listen_unix(path: str) -> socket.socket:
    """Listen on a Unix domain socket that only this user can connect to.

    The file of a server that was killed is replaced; the file of a running one is not.
    """
    if not path:  # Linux would choose a name without a file
        raise ArgumentError("the path of the socket is empty")
    listening = socket.socket(socket.AF_UNIX)
    umask = os.umask(0o177)
    try:
        _remove_stale(path)
        listening.bind(path)
        listening.listen(2048)
    except OSError as error:
        listening.close()
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ArgumentError(f"cannot listen on the socket {path}: {reason}") from None
    finally:
        os.umask(umask)
    return listening


def _remove_stale(path: str) -> None:
    """Remove the socket of a server that was killed."""
    try:
        stale = stat.S_ISSOCK(Path(path).stat().st_mode) and not _accepts(path)
    except FileNotFoundError:
        return
    if stale:
        Path(path).unlink()


def _accepts(path: str) -> bool:
    """Whether a server listens on a Unix domain socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0
