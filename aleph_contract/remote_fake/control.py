"""A small client of the control API that works beside the libraries that tests load.

It uses the standard library alone, and binds what it needs when it is imported, before the first
test: libraries that block sockets, or record or fake HTTP, replace the attributes of the modules.
"""

from __future__ import annotations

import _socket
import json
import os
import socket
import ssl
import threading
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import SplitResult, urlsplit

from aleph_contract.core.clock import of_this_process
from aleph_contract.errors import AlephContractError, ArgumentError, CouldNotRun

_Socket = socket.socket
_CONNECT = _socket.socket.connect
_ADDRESSES = socket.getaddrinfo
_CONTEXT = ssl.create_default_context
_OS_PID = os.getpid

#: Seconds of the machine that a call may take.
TIMEOUT = 30.0


class ControlError(AlephContractError):
    """The control API did not answer, or refused a call."""


class NotFoundError(ControlError):
    """The fake has no such account, test or model."""


class NoAnswerError(ControlError):
    """The control API did not answer, so there is nothing to check with."""

    exit_code = CouldNotRun.exit_code


class _Connection(HTTPConnection):
    """A connection with a socket of the original class, also while a test replaces that class."""

    def connect(self) -> None:
        """Open the socket."""
        self.sock = connect(self.host, self.port, self.timeout)


class _SecureConnection(_Connection):
    """The same, with TLS."""

    def connect(self) -> None:
        """Open the socket."""
        super().connect()
        context = _CONTEXT()
        self.sock = context.wrap_socket(self.sock, server_hostname=self.host)


#: The error for a status that refuses a call; `ControlError` for another.
_REFUSALS: dict[int, type[AlephContractError]] = {404: NotFoundError, 422: ArgumentError}

#: The default port of each scheme.
_PORTS = {"http": 80, "https": 443}

_STREAM = socket.SOCK_STREAM


def connect(host: str, port: int, timeout: float | None = None) -> socket.socket:
    """A connected socket of the original class.

    Raises:
        OSError: Nothing listens there.
    """
    family, kind, protocol, _, address = _ADDRESSES(host, port, 0, _STREAM)[0]
    opened = _Socket(family, kind, protocol)
    try:
        opened.settimeout(timeout)
        _CONNECT(opened, address)
    except OSError:
        opened.close()
        raise
    return opened


class Control:
    """The control API of a running fake.

    Args:
        url: Its URL, such as `http://127.0.0.1:8787/__aleph__/`.
        token: The admin token; `None` for a fake that demands none.

    Raises:
        ArgumentError: It is not an `http` or `https` URL.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        parts = _parts(url)
        self._path = parts.path.rstrip("/")
        self._address = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        self._secure = parts.scheme == "https"
        self._headers = {} if token is None else {"authorization": f"Bearer {token}"}
        self._lock = threading.Lock()
        self._connection: tuple[int, _Connection] | None = None

    def call(self, method: str, path: str, document: Any = None) -> Any:
        """Make one call; return the JSON of the answer, or `None` if it has no body.

        Raises:
            ArgumentError: An argument is invalid; the message is that of the fake.
            NotFoundError: The fake has no such account, test or model.
            NoAnswerError: The fake does not answer.
            ControlError: It refuses the call for another reason.
        """
        body = None if document is None else json.dumps(document, default=str)
        with self._lock:
            try:
                status, content = self._exchange(method, path, body)
            except (OSError, HTTPException) as error:
                self.close()
                reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
                host, port = self._address
                raise NoAnswerError(
                    f"the fake at {host} port {port} does not answer: {reason}"
                ) from None
        answer = json.loads(content) if content else None
        if status >= 400:  # noqa: PLR2004 - RFC 9110
            detail = answer.get("detail") if isinstance(answer, dict) else content.decode()
            raise _REFUSALS.get(status, ControlError)(str(detail))
        return answer

    def close(self) -> None:
        """Close the connection; the next call opens another one."""
        if self._connection is not None:
            self._connection[1].close()
            self._connection = None

    def _exchange(self, method: str, path: str, body: str | None) -> tuple[int, bytes]:
        process = _OS_PID()
        kept = self._connection
        if kept is not None and kept[0] == process:
            try:
                return self._roundtrip(kept[1], method, self._path + path, body)
            except (OSError, HTTPException):
                kept[1].close()  # the fake closes idle connections
        kind = _SecureConnection if self._secure else _Connection
        opened = kind(*self._address, timeout=of_this_process(TIMEOUT))
        self._connection = process, opened
        return self._roundtrip(opened, method, self._path + path, body)

    def _roundtrip(
        self, connection: HTTPConnection, method: str, path: str, body: str | None
    ) -> tuple[int, bytes]:
        headers = {} if body is None else {"content-type": "application/json"}
        connection.request(method, path, body, headers | self._headers)
        response = connection.getresponse()
        return response.status, response.read()


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        usable = False
    if not usable:
        given = url.partition("/__aleph__")[0]
        raise ArgumentError(f"the URL of a fake is such as http://127.0.0.1:8790, not {given!r}")
    return parts
